import { type Clock, steadyClock } from '../../base/clock.js';
import { type LivePictureSize, PICTURE_SIZES } from '../protocol/frame-format.js';
import type { ClientMessage, RequestMessage, ServerMessage } from '../protocol/messages.js';
import { Allowance } from './allowance.js';
import type { PageSocket } from './page-socket.js';

/** Frames of a camera that may be on their way to a client: one that it draws, and the next. */
const MOST_UNDERWAY = 2;
/** Bytes that may wait for the network before a client counts as behind. */
const MOST_WAITING = 256 * 1024;
/** Messages and pings a second, and as many at once. Acknowledgements of frames that were sent do not count. */
const MOST_MESSAGES = 400;
/** Milliseconds for which a client that is being closed may take to answer. */
const CLOSE_TIMEOUT = 1000;

/** WebSocket close code: a message that is not understood, or too many of them. */
const POLICY_VIOLATION = 1008;

/** Callbacks for a client's messages and for its end. */
export interface ClientHandlers {
  /** It watches other cameras than before. */
  watch(client: PageClient): void;
  request(client: PageClient, request: RequestMessage): void;
  closed(client: PageClient): void;
}

/** What a client watches. */
interface Watched {
  readonly size: LivePictureSize;
  /** Sequence numbers of the frames that are on their way to it, or being made for it. */
  readonly underway: number[];
}

/** A page that is connected. A frame for which it is not ready is not sent to it: it gets a later one. */
export class PageClient {
  readonly #watched = new Map<number, Watched>();
  /** Whether it has given the token. */
  authorized = false;
  /** Wrong tokens that it gave. */
  failures = 0;
  /** Frames that it did not get because it was behind. */
  behind = 0;
  /** Whether it did not get the state because it was behind; the state is sent again once the client reads. */
  uninformed = false;
  /** Whether it answered since the last checkAlive(). */
  #alive = true;
  readonly #allowance: Allowance;
  #ended = false;

  constructor(
    private readonly socket: PageSocket,
    private readonly cameraCount: number,
    private readonly handlers: ClientHandlers,
    clock: Clock = steadyClock,
    private readonly closeTimeout = CLOSE_TIMEOUT,
  ) {
    this.#allowance = new Allowance(MOST_MESSAGES, clock);
    socket.on('message', (text) => this.#receive(text));
    socket.on('ping', (data) => this.#answer(data));
    socket.on('pong', () => (this.#alive = true));
    socket.on('close', () => handlers.closed(this));
  }

  /** The number by which frames are addressed to it. */
  get page(): number {
    return this.socket.page;
  }

  /** The size of the next picture of a camera; undefined if the client does not watch the camera, or is behind. */
  ready(camera: number): LivePictureSize | undefined {
    const watched = this.#watched.get(camera);
    if (!watched) return undefined;
    settle(watched.underway, this.socket.state.acknowledged(camera));
    if (watched.underway.length >= MOST_UNDERWAY || this.socket.bufferedAmount > MOST_WAITING) {
      this.behind++;
      return undefined;
    }
    return watched.size;
  }

  watches(camera: number): boolean {
    return this.#watched.has(camera);
  }

  /** A frame is being made for it. */
  expect(camera: number, sequence: number): void {
    this.#watched.get(camera)?.underway.push(sequence);
  }

  /** There will be no such frame. */
  forget(camera: number, sequence: number): void {
    const underway = this.#watched.get(camera)?.underway;
    const index = underway?.indexOf(sequence) ?? -1;
    if (index >= 0) underway!.splice(index, 1);
  }

  /** @returns false if it was not sent, because too much waits for a client that does not read */
  send(message: ServerMessage): boolean {
    if (this.socket.bufferedAmount > MOST_WAITING) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  /** Closes the connection; later messages of the client are ignored. */
  close(code: number, reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.socket.close(code, reason);
    // Do not wait for a client that does not answer.
    setTimeout(() => this.socket.terminate(), this.closeTimeout).unref();
  }

  /** To be called every few seconds: ends a connection that has not answered since the last call. */
  checkAlive(): void {
    if (!this.#alive) {
      this.socket.terminate();
      return;
    }
    this.#alive = false;
    this.socket.ping();
  }

  /** Whether a message or ping is taken; a client that sends too many is disconnected. */
  #allowed(): boolean {
    if (this.#ended) return false;
    const allowed = this.#allowance.take();
    if (!allowed) this.close(POLICY_VIOLATION, 'too many messages');
    return allowed;
  }

  /** Answers a ping, from here, so that the answer tells that all messages before it were taken. */
  #answer(data: Uint8Array): void {
    // One that does not read its answers must not pile them up; RFC 6455 (5.5.3) asks only for that to the newest ping.
    if (this.#allowed() && this.socket.bufferedAmount <= MOST_WAITING) this.socket.pong(data);
  }

  #receive(text: string | undefined): void {
    if (!this.#allowed()) return;
    const message = text === undefined ? undefined : parseClientMessage(text, this.cameraCount);
    if (!message) return this.close(POLICY_VIOLATION, 'a message that is not understood');
    switch (message.type) {
      case 'ack':
        // One that the thread of pages does not know (page-connection.ts).
        return settle(this.#watched.get(message.camera)?.underway ?? [], message.sequence);
      case 'watch': {
        for (const camera of this.#watched.keys())
          if (!Object.hasOwn(message.cameras, camera)) {
            this.#watched.delete(camera);
            this.socket.state.watch(camera, false);
          }
        for (const [name, size] of Object.entries(message.cameras)) {
          const camera = Number(name);
          const underway = this.#watched.get(camera)?.underway ?? [];
          this.#watched.set(camera, { size, underway });
          this.socket.state.watch(camera, true);
        }
        return this.handlers.watch(this);
      }
      default:
        return this.handlers.request(this, message);
    }
  }
}

/** Removes frames up to one that was acknowledged. */
function settle(underway: number[], sequence: number): void {
  while (underway.length > 0 && underway[0]! <= sequence) underway.shift();
}

/** @returns undefined if the text is not a valid client message */
function parseClientMessage(text: string, cameraCount: number): ClientMessage | undefined {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(message)) return undefined;
  const { type } = message;
  const isCamera = (value: unknown): value is number =>
    Number.isInteger(value) && (value as number) >= 0 && (value as number) < cameraCount;
  if (type === 'ack') {
    const { camera, sequence } = message;
    return isCamera(camera) && Number.isInteger(sequence)
      ? { type, camera, sequence: sequence as number }
      : undefined;
  }
  if (type === 'watch') {
    const { cameras } = message;
    if (!isRecord(cameras)) return undefined;
    const entries = Object.entries(cameras);
    const known = entries.every(
      ([name, size]) =>
        /^\d{1,5}$/.test(name) && isCamera(Number(name)) && PICTURE_SIZES.includes(size as LivePictureSize),
    );
    return known ? { type, cameras: cameras as Record<string, LivePictureSize> } : undefined;
  }
  const { id } = message;
  if (!Number.isInteger(id)) return undefined;
  const request = { id: id as number };
  switch (type) {
    case 'authorize':
      return typeof message['token'] === 'string' ? { type, ...request, token: message['token'] } : undefined;
    case 'set':
      return typeof message['name'] === 'string'
        ? { type, ...request, name: message['name'], value: message['value'] }
        : undefined;
    case 'load_model':
      return typeof message['model'] === 'string' ? { type, ...request, model: message['model'] } : undefined;
    case 'record':
      return isCamera(message['camera']) && typeof message['seconds'] === 'number'
        ? { type, ...request, camera: message['camera'], seconds: message['seconds'] }
        : undefined;
    default:
      return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
