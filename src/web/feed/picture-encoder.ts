import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { ExpectationError, messageOf } from '../../base/expect.js';
import { packNv12 } from '../../message/write/image.js';
import { expectNv12Frame, letterboxNv12 } from '../../native/convert.js';
import type { ColorRange } from '../../vision/picture/color-range.js';
import { Letterbox } from '../../vision/picture/letterbox.js';
import { nv12Frame, type Nv12Frame, nv12Size } from '../../vision/picture/nv12-frame.js';
import type { PictureSize } from '../../vision/picture/picture-size.js';
import type { LivePictureSize } from '../protocol/frame-format.js';
import type { PictureAnswer, PictureRequest } from './picture-protocol.js';

/** Width of small pictures. */
export const SMALL_WIDTH = 960;
/** Buffers kept for the next pictures. */
const MOST_FREE = 4;
/** The thread's program. */
const THREAD = new URL('./picture-thread.js', import.meta.url);

interface Waiting {
  readonly memory: SharedArrayBuffer;
  readonly resolve: (file: Buffer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Makes JPEG files of cameras' frames on a thread of its own (picture-thread.ts), which begins with the first one. The frame is copied
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
  async encode(frame: Nv12Frame, range: ColorRange, size: LivePictureSize): Promise<Buffer> {
    if (this.#closed) throw new ExpectationError('an encoder that is open', 'a closed one');
    this.#resting = false;
    expectNv12Frame('the frame', frame);
    const scaled = size === 'small' ? smallSize(frame) : undefined;
    // Scaling a large picture reads only a part of it, and writes less than a copy would.
    const here = scaled !== undefined && frame.height > 2 * scaled.height;
    const { width, height } = here ? scaled : frame;
    const memory = this.#take(nv12Size(width, height));
    const bytes = new Uint8Array(memory);
    try {
      if (here) {
        const letterbox = new Letterbox(frame.width, frame.height, width, height, 'stretch');
        letterboxNv12(frame, letterbox, nv12Frame(bytes, scaled));
      } else packNv12(frame, bytes);
    } catch (error) {
      this.#giveBack(memory);
      throw error;
    }
    this.#worker ??= this.#start();
    const id = this.#next++;
    this.#worker.postMessage({
      ...{ id, memory, width, height, range, quality: this.quality },
      scaled: here ? undefined : scaled,
      picture: scaled ? undefined : frame.picture,
    } satisfies PictureRequest);
    return new Promise((resolve, reject) => this.#waiting.set(id, { memory, resolve, reject }));
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
      for (const id of [...this.#waiting.keys()]) this.#answer({ id, file: undefined, failure: reason });
    };
    worker.on('error', (error) => ended(messageOf(error)));
    worker.on('exit', () => ended('its thread has ended'));
    return worker;
  }

  #answer({ id, file, failure }: PictureAnswer): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    this.#giveBack(waiting.memory);
    if (file) waiting.resolve(Buffer.from(file.buffer));
    else waiting.reject(new ExpectationError('a picture that can be compressed', failure));
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
