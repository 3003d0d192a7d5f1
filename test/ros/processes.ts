import { type ChildProcess, spawn } from 'node:child_process';
import { basename } from 'node:path';
import { sharedMemoryOf } from './own-processes.js';

/** What is waited for now; told when a test hangs. */
const waits = new Set<{ readonly what: string; readonly process: RosProcess }>();

/** Every process that has not ended. */
const running = new Set<RosProcess>();

let watching = false;

/** Nothing outlives the tests, whatever ends them. Only from the first process on: imports change nothing. */
function watchTheEnd(): void {
  if (watching) return;
  watching = true;
  process.on('exit', () => {
    for (const { pid } of running) signalGroup(pid, 'SIGINT');
  });
  for (const [signal, code] of [
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.once(signal, () => process.exit(code));
  }
}

/** A process of a ROS graph, with all that it wrote. It leads a process group, as a command typed into a terminal does. */
export class RosProcess {
  readonly command: string;
  output = '';
  /** Files in shared memory that it had when it was last told to end. */
  sharedMemory: readonly string[] = [];
  readonly #child: ChildProcess;
  /** Called when there is something new. */
  readonly #listeners = new Set<() => void>();
  #end: number | string | undefined;

  constructor(line: readonly string[], env: NodeJS.ProcessEnv) {
    watchTheEnd();
    this.command = [basename(line[0]!), ...line.slice(1)].join(' ');
    this.#child = spawn(line[0]!, line.slice(1), { env, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => this.hear(text));
    }
    this.#child.stdin!.on('error', () => {}); // it has ended, which is told by who waits for it
    running.add(this);
    const ended = (end: number | string): void => {
      this.#end ??= end;
      running.delete(this);
      this.#notify();
    };
    this.#child.on('error', (error) => ended(error.message));
    // With its output complete.
    this.#child.on('close', (code, signal) => ended(code ?? signal ?? 'unknown'));
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Exit code, or the signal that ended it; undefined while it runs. */
  get end(): number | string | undefined {
    return this.#end;
  }

  get stdin(): NodeJS.WritableStream {
    return this.#child.stdin!;
  }

  get stdout(): NodeJS.ReadableStream {
    return this.#child.stdout!;
  }

  /** Waits for text. Rejects when the process ends without it. */
  async said(pattern: RegExp): Promise<void> {
    await this.until(`say ${pattern}`, () => pattern.test(this.output) || undefined);
  }

  /**
   * Waits until `found` returns something, which is asked when the process says something or `notice` is called. Rejects when
   * the process ends before.
   */
  async until<T>(what: string, found: () => T | undefined): Promise<T> {
    return this.#wait(`to ${what}`, () => {
      const value = found();
      if (value === undefined && this.#end !== undefined) {
        throw new Error(
          `Expected ${this.command} to ${what} but it ended with ${this.#end} and said:\n${this.output}`,
        );
      }
      return value;
    });
  }

  /** Waits for the end. @returns the exit code, or the signal that ended it */
  ended(): Promise<number | string> {
    return this.#wait('to end', () => this.#end);
  }

  /** Sends a signal to the process and those that it started, and waits for the end. */
  stop(signal: NodeJS.Signals = 'SIGINT'): Promise<number | string> {
    if (this.#end === undefined) {
      this.sharedMemory = sharedMemoryOf(this.pid);
      signalGroup(this.pid, signal);
    }
    return this.ended();
  }

  /** Lets those look who wait for this process. */
  notice(): void {
    this.#notify();
  }

  protected hear(text: string): void {
    this.output += text;
    this.#notify();
  }

  #notify(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  #wait<T>(what: string, found: () => T | undefined): Promise<T> {
    const wait = { what, process: this };
    waits.add(wait);
    return new Promise<T>((resolve, reject) => {
      const look = (): void => {
        try {
          const value = found();
          if (value === undefined) return;
          resolve(value);
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
        this.#listeners.delete(look);
        waits.delete(wait);
      };
      this.#listeners.add(look);
      look();
    });
  }
}

/** Characters of what a process said that are told when a test hangs. */
const TOLD = 5000;

/** What is waited for, with what those processes said last: for a test that hangs. Empty when nothing is. */
export function pendingWaits(): string {
  return [...waits]
    .map(
      ({ what, process }) =>
        `Waiting for ${process.command} ${what}. It said last:\n${process.output.slice(-TOLD)}`,
    )
    .join('\n');
}

/** Runs a command to its end. @returns its exit code and output */
export async function command(
  line: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ code: number | string; output: string }> {
  const process = new RosProcess(line, env);
  const code = await process.ended();
  return { code, output: process.output };
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended.
  }
}
