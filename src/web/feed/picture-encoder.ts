import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { errorOf, ExpectationError, messageOf } from '../../base/expect.js';
import { expectNv12Frame, letterboxNv12 } from '../../native/convert.js';
import type { ColorRange } from '../../vision/picture/color-range.js';
import { Letterbox } from '../../vision/picture/letterbox.js';
import { nv12Frame, type Nv12Frame, nv12Size } from '../../vision/picture/nv12-frame.js';
import type { PictureSize } from '../../vision/picture/picture-size.js';
import type { LivePictureSize } from '../protocol/frame-format.js';
import type { MessageStart, PictureAnswer, PictureOrder, PictureRequest } from './picture-protocol.js';

/** Width of small pictures. */
const SMALL_WIDTH = 960;
/** Buffers kept for the next pictures. */
const MOST_FREE = 4;
/** The thread's program. */
const THREAD = new URL('./picture-thread.js', import.meta.url);

/** A message that ends with a JPEG file. */
export interface PackedPicture {
  /** A WebSocket frame, ready for the network (protocol/websocket-frame.ts). */
  readonly bytes: Buffer;
  /** Where the file begins in it. */
  readonly fileAt: number;
}

/** Told what became of a picture: either of the two. Not called before the request has returned. */
export type Packed = (error: Error | undefined, packed: PackedPicture | undefined) => void;

interface Waiting {
  readonly memory: SharedArrayBuffer | undefined;
  readonly done: Packed;
}

/** A file alone. */
export const NO_START: MessageStart = { frame: new Uint8Array(0), masks: undefined, tolerance: 0 };

/**
 * Makes JPEG files of cameras' frames, and messages of pages with them, on a thread of its own (picture-thread.ts), which begins with the
 * first one. The frame is copied
 * at once, because the camera reuses its bytes. The calling thread does nothing else with its pixels.
 *
 *     const encoder = new PictureEncoder(80);
 *     const file = await encoder.encode(frame, 'full', 'small');
 *     await encoder.close();
 */
export class PictureEncoder {
  #worker: Worker | undefined;
  readonly #waiting = new Map<number, Waiting>();
  readonly #free: SharedArrayBuffer[] = [];
  #next = 0;
  #resting = false;
  #closed = false;
  #ending: Promise<unknown> | undefined;
  #idle: (() => void) | undefined;

  /**
   * @param quality of JPEG, 1 to 100
   * @param thread the thread's program; tests and benchmarks pass their own
   */
  constructor(
    private readonly quality: number,
    private readonly thread = THREAD,
  ) {}

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
   * Rejects with an ExpectationError; the next call may succeed, unless the encoder is closed
   */
  encode(frame: Nv12Frame, range: ColorRange, size: LivePictureSize): Promise<Buffer> {
    return new Promise((resolve, reject) =>
      this.pack(frame, range, size, NO_START, (error, packed) => {
        if (packed) resolve(packed.bytes.subarray(packed.fileAt));
        else reject(error!);
      }),
    );
  }

  /**
   * The same file as the end of a message for pages. Tells by a callback, which costs less than promises do, 30 times a second.
   *
   * @param frame undefined: the message has no picture
   * @param start the beginning of the message; may be reused when this returns
   * @param done told of an ExpectationError, or the message
   */
  pack(
    frame: Nv12Frame | undefined,
    range: ColorRange,
    size: LivePictureSize,
    start: MessageStart,
    done: Packed,
  ): void {
    try {
      if (this.#closed) throw new ExpectationError('an encoder that is open', 'a closed one');
      this.#resting = false;
      const picture = frame && this.#copy(frame, range, size);
      this.#worker ??= this.#start();
      const id = this.#next++;
      this.#worker.postMessage({ id, start, picture } satisfies PictureRequest);
      this.#waiting.set(id, { memory: picture?.memory, done });
    } catch (error) {
      queueMicrotask(() => done(errorOf(error), undefined));
    }
  }

  #copy(frame: Nv12Frame, range: ColorRange, size: LivePictureSize): PictureOrder {
    expectNv12Frame('the frame', frame);
    const scaled = size === 'small' ? smallSize(frame) : undefined;
    // Scaling a large picture reads only a part of it, and writes less than a copy would.
    const here = scaled !== undefined && frame.height > 2 * scaled.height;
    const { width, height } = here ? scaled : frame;
    const memory = this.#take(nv12Size(width, height));
    try {
      // Of the same size, it is copied: V8 copies to shared memory in steps of eight bytes only.
      const letterbox = new Letterbox(frame.width, frame.height, width, height, 'stretch');
      letterboxNv12(frame, letterbox, nv12Frame(new Uint8Array(memory), { width, height }));
    } catch (error) {
      this.#giveBack(memory);
      throw error;
    }
    // Properties one by one: objects spread into others are slow to make.
    return {
      memory,
      width,
      height,
      range,
      quality: this.quality,
      scaled: here ? undefined : scaled,
      part: scaled ? undefined : frame.picture,
    };
  }

  /** Ends the thread once it has answered all requests; the next call starts another. */
  rest(): void {
    this.#resting = true;
    if (this.#waiting.size === 0) this.#end();
  }

  /** Resolves when all requests are answered and the thread has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#waiting.size > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    this.#end();
    await this.#ending;
  }

  #take(bytes: number): SharedArrayBuffer {
    const index = this.#free.findIndex(({ byteLength }) => byteLength === bytes);
    return index < 0 ? new SharedArrayBuffer(bytes) : this.#free.splice(index, 1)[0]!;
  }

  /** Drops the oldest beyond the limit: it may have the size of a camera that is no longer watched. */
  #giveBack(memory: SharedArrayBuffer): void {
    this.#free.push(memory);
    if (this.#free.length > MOST_FREE) this.#free.shift();
  }

  #start(): Worker {
    // sharp must be loaded on the main thread first, so that its libraries stay loaded when the worker ends.
    if (this.thread === THREAD) createRequire(import.meta.url)('sharp');
    // Options of the main script, such as --input-type, may not fit a worker.
    const worker = new Worker(this.thread, { execArgv: [], name: 'pictures' });
    worker.on('message', (answer: PictureAnswer) => this.#answer(answer));
    const ended = (reason: string): void => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      for (const id of [...this.#waiting.keys()])
        this.#answer({ id, bytes: undefined, fileAt: 0, failure: reason });
    };
    worker.on('error', (error) => ended(messageOf(error)));
    worker.on('exit', () => ended('its thread has ended'));
    return worker;
  }

  #answer({ id, bytes, fileAt, failure }: PictureAnswer): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    if (waiting.memory) this.#giveBack(waiting.memory);
    if (bytes) waiting.done(undefined, { bytes: Buffer.from(bytes.buffer), fileAt });
    else waiting.done(new ExpectationError('a picture that can be compressed', failure), undefined);
    if (this.#waiting.size > 0) return;
    if (this.#resting) this.#end();
    this.#idle?.();
  }

  #end(): void {
    if (!this.#worker) return;
    this.#ending = this.#worker.terminate();
    this.#worker = undefined;
    this.#free.length = 0;
  }
}

/** The size of a frame's small picture; undefined if it is not larger than that anyway. */
function smallSize({ width, height }: PictureSize): PictureSize | undefined {
  if (width <= SMALL_WIDTH) return undefined;
  return { width: SMALL_WIDTH, height: Math.max(2, 2 * Math.round((height * SMALL_WIDTH) / width / 2)) };
}
