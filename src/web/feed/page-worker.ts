import { closeSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { errorOf, ExpectationError, messageOf } from '../../base/expect.js';
import { duplicateDescriptor } from '../../native/duplicate-descriptor.js';
import type { ColorRange } from '../../vision/picture/color-range.js';
import type { Nv12Frame } from '../../vision/picture/nv12-frame.js';
import type { LivePictureSize } from '../protocol/frame-format.js';
import { FrameMemories, type FrameRequest } from './frame-memories.js';
import { PageSocket } from './page-socket.js';
import { FrameCounts } from './shared-state.js';
import type {
  FailedEvent,
  FileEvent,
  MessageStart,
  ThreadData,
  ThreadEvent,
  ThreadOrder,
} from './thread-protocol.js';

/** The thread's program. */
const THREAD = new URL('./page-thread.js', import.meta.url);

/** Told what became of a file: either of the two. Not called before the request has returned. */
export type FileDone = (error: Error | undefined, file: Buffer | undefined) => void;

/** A file alone. */
export const NO_START: MessageStart = { frame: new Uint8Array(0), masks: undefined, tolerance: 0 };

export interface PageWorkerOptions {
  /** Of JPEG, 1 to 100. */
  readonly quality: number;
  readonly cameras?: number;
  /** The thread's program; tests and benchmarks pass their own. */
  readonly thread?: URL;
  /** Told that pages do not get a frame, because it could not be made. Not called before the request has returned. */
  readonly failed?: (event: Omit<FailedEvent, 'kind'>) => void;
  /** Told that the thread has ended by itself, and why. Its pages have lost their connections; the next one starts another thread. */
  readonly ended?: (reason: string) => void;
}

/**
 * The thread that makes what pages and listeners are sent, and holds the connections of pages (thread-work.ts). It begins with the first
 * page or file. The calling thread copies a frame's pixels, in the size of its picture, and does nothing else with them.
 *
 *     const worker = new PageWorker({ quality: 80 });
 *     const file = await worker.encode(frame, 'full', 'small');
 *     await worker.close();
 */
export class PageWorker {
  readonly #memories: FrameMemories;
  /** Of the thread that runs, or will run: one that is ending may still count for a moment. */
  #counts: FrameCounts;
  /** Frames, and their bytes, that former threads sent to pages, of each camera. */
  readonly #formerly: { frames: number; bytes: number }[];
  readonly #waiting = new Map<number, FileDone>();
  /** By their numbers, with the descriptor that is theirs once the thread has claimed it. */
  readonly #sockets = new Map<number, { readonly socket: PageSocket; readonly descriptor: number }>();
  #worker: Worker | undefined;
  #next = 0;
  #resting = false;
  #closed = false;
  #ending: Promise<unknown> | undefined;
  #idle: (() => void) | undefined;

  constructor(private readonly options: PageWorkerOptions) {
    this.#memories = new FrameMemories(options.quality, (order) => this.#begin().postMessage(order));
    const { cameras = 1 } = options;
    this.#counts = FrameCounts.of(cameras);
    this.#formerly = Array.from({ length: cameras }, () => ({ frames: 0, bytes: 0 }));
  }

  /** Frames of a camera that are being made. */
  making(camera: number): number {
    return this.#counts.making(camera);
  }

  /** Frames of a camera that were sent to pages, each counted once for each page, and their bytes. */
  sent(camera: number): { readonly frames: number; readonly bytes: number } {
    const { frames, bytes } = this.#formerly[camera]!;
    return { frames: frames + this.#counts.frames(camera), bytes: bytes + this.#counts.bytes(camera) };
  }

  /** The sequence number of the newest frame of a camera that the thread has sent to a page; 0: none. */
  newest(camera: number): number {
    return this.#counts.newest(camera);
  }

  /** Whether there is a thread. */
  get running(): boolean {
    return this.#worker !== undefined;
  }

  /**
   * A JPEG file of the whole picture in the given size, never enlarged.
   *
   * @param frame may be reused when this returns
   * @param range of the frame
   *
   * Rejects with an ExpectationError; the next call may succeed, unless the worker is closed
   */
  encode(frame: Nv12Frame, range: ColorRange, size: LivePictureSize): Promise<Buffer> {
    const request = { camera: 0, pixels: frame, range, size, sequence: 0, start: NO_START, pages: [] };
    return new Promise((resolve, reject) =>
      this.make(request, (error, file) => {
        if (file) resolve(file);
        else reject(error!);
      }),
    );
  }

  /**
   * Makes the message of a frame and sends it to pages. Nothing is told of it but that it failed, by `failed`.
   *
   * @param request its bytes may be reused when this returns
   * @param done asks for the file, and is told of an ExpectationError, or the file
   */
  make(request: FrameRequest, done?: FileDone): void {
    const { camera, sequence, pages } = request;
    this.#counts.begin(camera);
    try {
      const worker = this.#begin();
      const id = this.#newNumber();
      const { number } = this.#memories.fill(request, id, done !== undefined);
      worker.postMessage(number satisfies ThreadOrder);
      if (done) this.#waiting.set(id, done);
    } catch (error) {
      this.#counts.end(camera);
      queueMicrotask(() => {
        done?.(errorOf(error), undefined);
        const failure = messageOf(error);
        if (pages.length > 0) this.options.failed?.({ camera, sequence, pages, failure });
      });
    }
  }

  /**
   * Takes a connection over from the HTTP server, which must not touch it afterwards.
   *
   * @param request for a WebSocket, which is accepted
   * @param head what the client has sent after it
   * @returns its WebSocket, of which `open` or `close` is heard
   * @throws an error if the connection is closed already, no descriptor is left, or no thread can begin
   */
  connect(request: IncomingMessage, network: Socket, head: Buffer): PageSocket {
    const { url, headers } = request;
    // First: no thread need begin for a client that has gone meanwhile, or without a descriptor to be had.
    const descriptor = duplicateDescriptor(descriptorOf(network));
    try {
      const { page, socket, worker } = this.#newSocket();
      // Closes its own descriptor only: the connection stays.
      network.destroy();
      const order = {
        kind: 'open',
        ...{ page, descriptor, url, headers, state: socket.state.memory },
        // A copy, because a part of a larger buffer is sent with all of the buffer.
        head: new Uint8Array(head),
      } as const;
      worker.postMessage(order satisfies ThreadOrder);
      this.#sockets.set(page, { socket, descriptor });
      return socket;
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  }

  /** Ends the thread once it has answered all requests and no page is connected; the next call starts another. */
  rest(): void {
    this.#resting = true;
    this.#endIfIdle();
  }

  /** Resolves when all requests are answered and the thread has ended. Pages must have been closed. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#waiting.size > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    this.#end();
    await this.#ending;
  }

  #newSocket(): { page: number; socket: PageSocket; worker: Worker } {
    const worker = this.#begin();
    const page = this.#newNumber();
    const post = (order: ThreadOrder): void => {
      // Another one does not know the page.
      if (this.#worker === worker) worker.postMessage(order);
    };
    return { page, socket: new PageSocket(page, this.#formerly.length, post), worker };
  }

  /** Of 32 bits, as FrameMemory holds it. */
  #newNumber(): number {
    return (this.#next = (this.#next + 1) >>> 0);
  }

  #begin(): Worker {
    if (this.#closed) throw new ExpectationError('a page worker that is open', 'a closed one');
    this.#resting = false;
    return (this.#worker ??= this.#start());
  }

  #start(): Worker {
    const { thread = THREAD } = this.options;
    // sharp must be loaded on the main thread first, so that its libraries stay loaded when the worker ends.
    if (thread === THREAD) createRequire(import.meta.url)('sharp');
    const workerData: ThreadData = { counts: this.#counts.memory };
    // Options of the main script, such as --input-type, may not fit a worker.
    const worker = new Worker(thread, { execArgv: [], name: 'pages', workerData });
    worker.on('message', (event: ThreadEvent) => this.#take(event));
    const ended = (reason: string): void => {
      if (this.#worker !== worker) return;
      this.#forget();
      this.options.ended?.(reason);
      for (const id of [...this.#waiting.keys()])
        this.#answer({ kind: 'file', id, file: undefined, failure: reason });
    };
    worker.on('error', (error) => ended(messageOf(error)));
    worker.on('exit', () => ended('its thread has ended'));
    return worker;
  }

  #take(event: ThreadEvent): void {
    if (event.kind === 'file') this.#answer(event);
    else if (event.kind === 'failed') this.options.failed?.(event);
    else {
      const { page } = event;
      const socket = this.#sockets.get(page)?.socket;
      if (event.kind === 'closed') this.#sockets.delete(page);
      socket?.take(event);
      if (event.kind === 'closed') this.#endIfIdle();
    }
  }

  #answer({ id, file, failure }: FileEvent): void {
    const done = this.#waiting.get(id);
    if (!done) return;
    this.#waiting.delete(id);
    if (file) done(undefined, Buffer.from(file.buffer));
    else done(new ExpectationError('a picture that can be compressed', failure), undefined);
    this.#endIfIdle();
    if (this.#waiting.size === 0) this.#idle?.();
  }

  #endIfIdle(): void {
    if (this.#resting && this.#waiting.size === 0 && this.#sockets.size === 0) this.#end();
  }

  #end(): void {
    if (!this.#worker) return;
    this.#ending = this.#worker.terminate();
    this.#forget();
  }

  /** The thread has ended, or will. Its connections end with it, and so do pictures that it was making. */
  #forget(): void {
    this.#worker = undefined;
    this.#memories.clear();
    for (const camera of this.#formerly.keys()) this.#formerly[camera] = this.sent(camera);
    this.#counts = FrameCounts.of(this.#formerly.length);
    const sockets = [...this.#sockets.values()];
    this.#sockets.clear();
    for (const { socket, descriptor } of sockets) {
      if (socket.state.claim()) closeSync(descriptor);
      socket.end();
    }
  }
}

/** Node.js has had this property, which it does not document, since its beginning. -1: the connection is closed. */
function descriptorOf(network: Socket): number {
  return (network as unknown as { readonly _handle: { readonly fd: number } | null })._handle?.fd ?? -1;
}
