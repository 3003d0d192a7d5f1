import type { WebSocket } from 'ws';
import type { Clock } from '../../base/clock.js';
import { Allowance } from './allowance.js';

/** Bytes that may wait for the network before messages of data to a client are left out. */
const MOST_WAITING = 4 * 1024 * 1024;
/** Messages a second, and as many at once. Foxglove sends one for each topic that its panels show. */
const MOST_MESSAGES = 200;
/** Error texts for one message: the library sends one for each wrong entry, of which a message can have thousands. */
const MOST_COMPLAINTS = 16;

/** WebSocket close code: too many messages, or wrong ones. */
const POLICY_VIOLATION = 1008;

/**
 * The socket of a Foxglove client, with the interface that the library uses. Drops data while the client does not read, and closes the
 * connection of a client that sends too much.
 */
export class BoundedSocket {
  readonly #allowance: Allowance;
  /** Texts that may still be sent in answer to a message; others are not counted. */
  #complaints = Infinity;
  #ended = false;
  /** Whether the client answered since the last checkAlive(). */
  #alive = true;

  constructor(
    private readonly socket: WebSocket,
    clock: Clock,
  ) {
    this.#allowance = new Allowance(MOST_MESSAGES, clock);
    socket.on('ping', (data) => this.#answer(data));
    socket.on('pong', () => (this.#alive = true));
  }

  send(data: string | ArrayBufferView): void {
    if (this.#ended) return;
    const behind = this.socket.bufferedAmount > MOST_WAITING;
    if (typeof data !== 'string') {
      if (!behind) this.socket.send(data);
    } else if (behind || this.#complaints-- <= 0) this.#end();
    else this.socket.send(data);
  }

  /** To be called every few seconds: ends a connection that has not answered since the last call. */
  checkAlive(): void {
    if (!this.#alive) return this.socket.terminate();
    this.#alive = false;
    this.socket.ping();
  }

  set binaryType(type: 'arraybuffer') {
    this.socket.binaryType = type;
  }

  set onclose(listener: WebSocket['onclose']) {
    this.socket.onclose = listener;
  }

  set onmessage(listener: WebSocket['onmessage']) {
    this.socket.onmessage = (event) => {
      if (this.#ended) return;
      if (!this.#allowance.take()) return this.#end();
      this.#complaints = MOST_COMPLAINTS;
      listener?.(event);
      this.#complaints = Infinity;
    };
  }

  set onerror(listener: WebSocket['onerror']) {
    this.socket.onerror = listener;
  }

  /** Answers a ping, which counts as a message, unless the client does not read the answers. */
  #answer(data: Buffer): void {
    if (this.#ended) return;
    if (!this.#allowance.take()) this.#end();
    else if (this.socket.bufferedAmount <= MOST_WAITING) this.socket.pong(data);
  }

  #end(): void {
    this.#ended = true;
    this.socket.close(POLICY_VIOLATION, 'too many messages, or wrong ones');
    // Do not wait for a client that does not answer.
    setTimeout(() => this.socket.terminate(), 1000).unref();
  }
}
