import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { repository } from '../data.js';
import { RosProcess } from './processes.js';

/** A message as the peer tells it. */
export interface PeerMessage {
  /** Seconds since the epoch when it came. */
  readonly at: number;
  readonly stamp: readonly [sec: number, nanosec: number];
  readonly frame_id: string;
  readonly message: Record<string, unknown>;
}

/** Stamps of the images that were published. */
export interface Sent {
  readonly stamps: readonly (readonly [sec: number, nanosec: number])[];
}

interface Answer {
  readonly id: number;
  readonly error?: string;
  readonly [key: string]: unknown;
}

/** The rclpy node of peer.py. */
export class Peer {
  readonly process: RosProcess;
  readonly #answers = new Map<number, Answer>();
  readonly #messages = new Map<string, PeerMessage[]>();
  #next = 0;

  constructor(env: NodeJS.ProcessEnv) {
    this.process = new RosProcess(['/usr/bin/python3', join(repository, 'test/ros/peer.py')], env);
    createInterface(this.process.stdout).on('line', (line) => {
      const received = JSON.parse(line) as Answer | (PeerMessage & { readonly topic: string });
      if ('topic' in received)
        this.#messages.get(received.topic as string)!.push(received as unknown as PeerMessage);
      else this.#answers.set(received.id, received);
      this.process.notice();
    });
  }

  /** Rejects with what the peer says went wrong. */
  async request(op: string, request: Record<string, unknown> = {}): Promise<Answer> {
    const id = this.#next++;
    const line = JSON.stringify({ id, op, ...request });
    this.process.stdin.write(`${line}\n`);
    const answer = await this.process.until(`answer ${line}`, () => this.#answers.get(id));
    this.#answers.delete(id);
    if (answer.error !== undefined) throw new Error(`${op}: ${answer.error}`);
    return answer;
  }

  async subscribe(topic: string, type: string, options: Record<string, unknown> = {}): Promise<void> {
    this.#messages.set(topic, []);
    await this.request('subscribe', { topic, type, ...options });
  }

  /** The messages that have come, and those to come will be appended. */
  messages(topic: string): readonly PeerMessage[] {
    return this.#messages.get(topic)!;
  }

  /** Leaves out the messages that have come. */
  async forget(topic: string): Promise<void> {
    await this.request('sync');
    this.#messages.set(topic, []);
  }

  /** Waits until `count` messages have come. @returns all that have */
  received(topic: string, count: number): Promise<readonly PeerMessage[]> {
    return this.process.until(`receive ${count} messages on ${topic}`, () => {
      const messages = this.messages(topic);
      return messages.length >= count ? messages : undefined;
    });
  }

  /** Waits for a message, of those that have come and come, that is wanted. */
  find(topic: string, what: string, wanted: (message: PeerMessage) => boolean): Promise<PeerMessage> {
    return this.process.until(`receive ${what} on ${topic}`, () => this.messages(topic).find(wanted));
  }

  /** Waits for the `count`th message from now on. */
  async next(topic: string, count = 1): Promise<PeerMessage> {
    await this.forget(topic);
    return (await this.received(topic, count))[count - 1]!;
  }

  /** Ends publishing. */
  async stop(topic: string): Promise<Sent> {
    return (await this.request('stop', { topic })) as unknown as Sent;
  }

  /** Ends publishing at an image that all topics it is `paced` by have an answer to. */
  async finish(topic: string): Promise<Sent> {
    return (await this.request('finish', { topic })) as unknown as Sent;
  }

  async call(service: string, type: string, request: object = {}): Promise<Record<string, unknown>> {
    return (await this.request('call', { service, type, request }))['response'] as Record<string, unknown>;
  }

  /** Sets a parameter of a node. @param value as in rcl_interfaces/msg/ParameterValue */
  async set(node: string, name: string, value: object): Promise<{ successful: boolean; reason: string }> {
    const answer = await this.call(`${node}/set_parameters`, 'rcl_interfaces/srv/SetParameters', {
      parameters: [{ name, value }],
    });
    return (answer['results'] as { successful: boolean; reason: string }[])[0]!;
  }

  async end(signal: NodeJS.Signals = 'SIGINT'): Promise<void> {
    await this.process.stop(signal);
  }
}
