import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { repository } from '../data.js';

/** A process of a ROS graph, with all that it wrote. */
export class RosProcess {
  output = '';
  readonly #child: ChildProcess;

  constructor(command: string, args: readonly string[], env: NodeJS.ProcessEnv) {
    this.#child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    }
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get exitCode(): number | null {
    return this.#child.exitCode;
  }

  get stdin(): NodeJS.WritableStream {
    return this.#child.stdin!;
  }

  get stdout(): NodeJS.ReadableStream {
    return this.#child.stdout!;
  }

  /** @throws when the text does not come in time, or the process ends without it */
  async said(pattern: RegExp, milliseconds = 60_000): Promise<void> {
    const deadline = Date.now() + milliseconds;
    while (!pattern.test(this.output)) {
      if (Date.now() > deadline || this.#child.exitCode !== null) {
        throw new Error(
          `Expected ${pattern} within ${milliseconds} ms but the process said:\n${this.output}`,
        );
      }
      await sleep(50);
    }
  }

  /** Sends a signal and waits for the end. @returns the exit code, or the signal that ended it */
  async stop(signal: NodeJS.Signals = 'SIGINT', milliseconds = 20_000): Promise<number | string> {
    if (this.#child.exitCode !== null) return this.#child.exitCode;
    if (this.#child.signalCode !== null) return this.#child.signalCode;
    process.kill(-this.pid, signal);
    return this.ended(milliseconds);
  }

  async ended(milliseconds = 20_000): Promise<number | string> {
    if (this.#child.exitCode !== null) return this.#child.exitCode;
    const ended = once(this.#child, 'exit') as Promise<[number | null, string | null]>;
    const timer = setTimeout(() => {
      process.kill(-this.pid, 'SIGKILL');
    }, milliseconds);
    const [code, killed] = await ended;
    clearTimeout(timer);
    return code ?? killed ?? 'unknown';
  }
}

/** A message as the peer tells it. */
export interface PeerMessage {
  /** Seconds since the epoch when it came. */
  readonly at: number;
  readonly stamp: readonly [sec: number, nanosec: number];
  readonly frame_id: string;
  readonly message: Record<string, unknown>;
}

interface Answer {
  readonly id: number;
  readonly error?: string;
  readonly [key: string]: unknown;
}

/** The rclpy node of peer.py. */
export class Peer {
  readonly #process: RosProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #next = 0;

  constructor(env: NodeJS.ProcessEnv) {
    const script = join(repository, 'test/ros/peer.py');
    this.#process = new RosProcess('/usr/bin/python3', [script], env);
    createInterface(this.#process.stdout).on('line', (line) => {
      const answer = JSON.parse(line) as Answer;
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
  }

  async request(op: string, request: Record<string, unknown> = {}, milliseconds = 60_000): Promise<Answer> {
    const id = this.#next++;
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    this.#process.stdin.write(`${JSON.stringify({ id, op, ...request })}\n`);
    const answer = await Promise.race([answered, sleep(milliseconds, undefined, { ref: false })]);
    if (!answer) throw new Error(`The peer did not answer ${op} in time:\n${this.#process.output}`);
    if (answer.error !== undefined) throw new Error(`${op}: ${answer.error}`);
    return answer;
  }

  async subscribe(topic: string, type: string, options: Record<string, unknown> = {}): Promise<void> {
    await this.request('subscribe', { topic, type, ...options });
  }

  async messages(topic: string, clear = false): Promise<PeerMessage[]> {
    return (await this.request('messages', { topic, clear }))['messages'] as PeerMessage[];
  }

  /** Waits until `count` messages have come. */
  async received(topic: string, count: number, milliseconds = 30_000): Promise<PeerMessage[]> {
    const deadline = Date.now() + milliseconds;
    for (;;) {
      const messages = await this.messages(topic);
      if (messages.length >= count) return messages;
      if (Date.now() > deadline) {
        throw new Error(`Expected ${count} messages on ${topic} but received ${messages.length}`);
      }
      await sleep(100);
    }
  }

  async call(service: string, type: string, request: object = {}): Promise<Record<string, unknown>> {
    return (await this.request('call', { service, type, request }))['response'] as Record<string, unknown>;
  }

  async end(): Promise<void> {
    await this.#process.stop('SIGKILL');
  }
}

/** Runs a command to its end. @returns its exit code and output */
export async function command(
  line: readonly string[],
  env: NodeJS.ProcessEnv,
  milliseconds = 60_000,
): Promise<{ code: number | string; output: string }> {
  const process = new RosProcess(line[0]!, line.slice(1), env);
  const code = await process.ended(milliseconds);
  return { code, output: process.output };
}

/** Waits until `condition` holds. */
export async function until(
  what: string,
  condition: () => Promise<boolean>,
  milliseconds = 30_000,
): Promise<void> {
  const deadline = Date.now() + milliseconds;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Expected ${what} within ${milliseconds} ms`);
    await sleep(200);
  }
}
