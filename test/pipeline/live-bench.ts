import assert from 'node:assert/strict';
import { setImmediate as settle } from 'node:timers/promises';
import type { Inference } from '../../src/engine/engine.js';
import { allocateNv12 } from '../../src/native/convert.js';
import type { Nv12Frame } from '../../src/vision/picture/nv12-frame.js';
import {
  type LiveFrame,
  type LiveHandlers,
  LiveSegmenter,
  type LiveTimings,
} from '../../src/pipeline/live-segmenter.js';
import type { Segmenter } from '../../src/pipeline/segmenter.js';

export const MISHAPS = ['none', 'prepare', 'decode', 'result'] as const;
export type Mishap = (typeof MISHAPS)[number];

/** Frames by their pixels, by which the engine and the decoder recognize them. */
const frameOf = new WeakMap<Nv12Frame, TestFrame>();

export class TestFrame implements LiveFrame {
  prepared = 0;
  #ready: (() => void) | undefined;

  /**
   * @param slow whether `prepare` takes until `ready` is called
   * @param mishap the simulated failure
   */
  constructor(
    readonly id: number,
    readonly slow = false,
    readonly mishap: Mishap = 'none',
  ) {}

  prepare(): Nv12Frame | Promise<Nv12Frame> {
    this.prepared++;
    if (!this.slow) return this.#pixels();
    return new Promise<void>((resolve) => {
      this.#ready = () => {
        this.#ready = undefined;
        resolve();
      };
    }).then(() => this.#pixels());
  }

  get preparing(): boolean {
    return this.#ready !== undefined;
  }

  ready(): void {
    this.#ready?.();
  }

  #pixels(): Nv12Frame {
    if (this.mishap === 'prepare') throw new Error(`prepare ${this.id}`);
    const pixels = allocateNv12(2, 2);
    frameOf.set(pixels, this);
    return pixels;
  }
}

interface Pending {
  readonly frame: TestFrame;
  finish(): void;
  fail(): void;
}

/** An engine and a decoder that only work when the test tells them to. */
export class TestSegmenter {
  /** In order of submission. */
  readonly pending: Pending[] = [];
  readonly submitted: number[] = [];
  /** Submitted and not released. */
  used = 0;
  /** One for all frames, as in the real decoder. */
  readonly #segmentation = { id: -1 };
  readonly engine;
  readonly decoder = {
    decode: (tensors: readonly unknown[]): { id: number } => {
      const { id, mishap } = tensors[0] as TestFrame;
      if (mishap === 'decode') throw new Error(`decode ${id}`);
      this.#segmentation.id = id;
      return this.#segmentation;
    },
  };

  constructor(slots: number, spare = 0) {
    const free = (): number => Math.min(slots - this.pending.length, slots + spare - this.used);
    this.engine = {
      slots,
      spare,
      get free(): number {
        return free();
      },
      submit: (pixels: Nv12Frame): Promise<Inference> => this.#submit(pixels),
    };
  }

  get segmenter(): Segmenter {
    return this as unknown as Segmenter;
  }

  #submit(pixels: Nv12Frame): Promise<Inference> {
    assert.ok(this.engine.free > 0, 'a frame too many');
    const frame = frameOf.get(pixels)!;
    this.submitted.push(frame.id);
    this.used++;
    return new Promise((resolve, reject) => {
      let lent = true;
      const release = (): void => {
        if (lent) this.used--;
        lent = false;
      };
      const done = (act: () => void) => (): void => {
        this.pending.splice(this.pending.indexOf(entry), 1);
        act();
      };
      const entry: Pending = {
        frame,
        finish: done(() =>
          resolve({
            tensors: [frame],
            letterbox: undefined,
            timings: { preprocess: 1, inference: 2 },
            release,
          } as unknown as Inference),
        ),
        fail: done(() => {
          release();
          reject(new Error(`engine ${frame.id}`));
        }),
      };
      this.pending.push(entry);
    });
  }
}

/** A LiveSegmenter with a record of the calls of its handlers: `3` for the result of frame 3, `!decode 3` for a failure. */
export class Bench {
  readonly outcomes: string[][];
  readonly timings: LiveTimings[] = [];
  readonly live: LiveSegmenter<TestFrame>;
  engines: TestSegmenter[];
  /** What its clock says, in ms. */
  time = 0;

  constructor(slots: number, { cameras = 1, spare = 0, queue = 1 } = {}) {
    this.engines = [new TestSegmenter(slots, spare)];
    this.outcomes = Array.from({ length: cameras }, () => []);
    const handlers: LiveHandlers<TestFrame> = {
      result: (camera, frame, pixels, segmentation, timings) => {
        assert.equal(frameOf.get(pixels!), frame);
        assert.equal((segmentation as unknown as { id: number }).id, frame.id, 'its own segmentation');
        if (frame.mishap === 'result') throw new Error(`result ${frame.id}`);
        this.outcomes[camera]!.push(String(frame.id));
        this.timings.push(timings);
      },
      failure: (camera, frame, error) => {
        assert.match(error.message, new RegExp(` ${frame.id}$`));
        this.outcomes[camera]!.push(`!${error.message}`);
      },
    };
    this.live = new LiveSegmenter(this.engine.segmenter, cameras, handlers, () => this.time, queue);
  }

  /** The one in use. */
  get engine(): TestSegmenter {
    return this.engines.at(-1)!;
  }

  offer(...ids: number[]): void {
    for (const id of ids) this.live.offer(0, new TestFrame(id));
  }

  async finish(): Promise<void> {
    this.engine.pending[0]!.finish();
    await settle();
  }
}
