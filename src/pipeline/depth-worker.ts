import { Worker } from 'node:worker_threads';
import { ExpectationError, messageOf } from '../base/expect.js';
import type { KeptSegmentation } from '../vision/depth/kept-segmentation.js';
import type { DepthPicture } from '../vision/depth/depth-picture.js';
import type { DepthFrame } from '../message/depth-content.js';
import type { DepthAnswer, DepthRequest } from './depth-protocol.js';
import { DepthMaker, type DepthNames, type DepthOrder, type DepthProducts } from './depth-work.js';

/** Makes the messages of depth; answers come in the order of the calls. */
export interface DepthWork {
  use(names: DepthNames): void;
  /**
   * @param frame and `segmentation` may be reused when this returns
   * Rejects with an ExpectationError; the next call may succeed
   */
  make(order: DepthOrder, segmentation: KeptSegmentation, frame: DepthFrame): Promise<DepthProducts>;
  /** Gives up what is only kept for the next call. */
  rest(): void;
  /** Resolves when all tasks are finished. */
  close(): Promise<void>;
}

/** On the calling thread: for tests, and where threads are not wanted. */
export class DepthHere implements DepthWork {
  readonly #maker = new DepthMaker();

  use(names: DepthNames): void {
    this.#maker.use(names);
  }

  make(order: DepthOrder, segmentation: KeptSegmentation, frame: DepthFrame): Promise<DepthProducts> {
    try {
      const messages: { topic: string; cdr: Uint8Array }[] = [];
      const distances = this.#maker.make({ ...order, segmentation, frame }, (topic, cdr) =>
        messages.push({ topic, cdr: cdr.slice() }),
      );
      return Promise.resolve({ messages, distances });
    } catch (error) {
      return Promise.reject(failure(messageOf(error)));
    }
  }

  rest(): void {
    // There is no thread.
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

interface Waiting {
  readonly resolve: (products: DepthProducts) => void;
  readonly reject: (error: Error) => void;
}

/**
 * On a thread of its own, which begins with the first frame. A depth picture is copied once, into memory that goes to the thread and
 * comes back; messages come as they are published. So the calling thread does not look at any pixel.
 */
export class DepthWorker implements DepthWork {
  #worker: Worker | undefined;
  #names: DepthNames | undefined;
  readonly #waiting: Waiting[] = [];
  readonly #memory: ArrayBuffer[] = [];
  #idle: (() => void) | undefined;
  #resting = false;
  #ending: Promise<unknown> | undefined;

  /** Whether there is a thread. */
  get running(): boolean {
    return this.#worker !== undefined;
  }

  use(names: DepthNames): void {
    this.#names = names;
    this.#worker?.postMessage({ names } satisfies DepthRequest);
  }

  make(order: DepthOrder, segmentation: KeptSegmentation, frame: DepthFrame): Promise<DepthProducts> {
    this.#resting = false;
    const { stamp, frameId, encoding, depth } = frame;
    const { width, height } = depth;
    const data = this.#copy(depth);
    const packed = segmentation.pack();
    const request: DepthRequest = {
      ...{ order, segmentation: packed, stamp: { sec: stamp.sec, nanosec: stamp.nanosec } },
      ...{ frameId, encoding, width, height, data },
    };
    this.#worker ??= this.#start();
    const { buffer } = data;
    const memory = [buffer, packed.numbers.buffer, packed.runs.buffer] as ArrayBuffer[];
    this.#worker.postMessage(request, memory);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  async close(): Promise<void> {
    if (this.#waiting.length > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    this.#end();
    await this.#ending;
  }

  /** Ends the thread as soon as it has nothing to do; the next call begins another. */
  rest(): void {
    this.#resting = true;
    if (this.#waiting.length === 0) this.#end();
  }

  #end(): void {
    if (!this.#worker) return;
    this.#ending = this.#worker.terminate();
    this.#worker = undefined;
    this.#memory.length = 0;
  }

  #start(): Worker {
    // Options of the main script, such as --input-type, may not fit a worker.
    const worker = new Worker(new URL('./depth-thread.js', import.meta.url), { execArgv: [], name: 'depth' });
    worker.on('message', (answer: DepthAnswer) => this.#answer(answer));
    worker.on('error', (error) => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      for (const { reject } of this.#waiting.splice(0)) reject(failure(messageOf(error)));
      this.#idle?.();
    });
    if (this.#names) worker.postMessage({ names: this.#names } satisfies DepthRequest);
    return worker;
  }

  #answer({ messages, distances, failure: reason, memory }: DepthAnswer): void {
    if (this.#memory.length < 2) this.#memory.push(memory);
    const { resolve, reject } = this.#waiting.shift()!;
    if (reason === undefined) resolve({ messages, distances });
    else reject(failure(reason));
    if (this.#waiting.length > 0) return;
    if (this.#resting) this.#end();
    this.#idle?.();
  }

  #copy({ data, width, height }: DepthPicture): Uint16Array | Float32Array {
    const length = width * height;
    const bytes = length * data.BYTES_PER_ELEMENT;
    let memory = this.#memory.pop();
    if (!memory || memory.byteLength !== bytes) memory = new ArrayBuffer(bytes);
    const copy = data instanceof Uint16Array ? new Uint16Array(memory) : new Float32Array(memory);
    copy.set(data.length === length ? data : data.subarray(0, length));
    return copy;
  }
}

function failure(text: string): ExpectationError {
  return new ExpectationError('messages of a depth picture', text);
}
