import { allocateNv12 } from '../native/convert.js';
import type { Nv12Frame } from '../vision/picture/nv12-frame.js';

/** Frames a file source lends at once: enough for two in flight, one that is read, and a reader that lags behind. */
export const RING_FRAMES = 6;

/** RING_FRAMES packed NV12 frames that are filled in turn; allocated as they are first needed. */
export class FrameRing {
  readonly #frames: Nv12Frame[] = [];
  #next = 0;

  constructor(
    private readonly width: number,
    private readonly height: number,
  ) {}

  /** The frame whose turn it is; its old contents were lent RING_FRAMES calls ago. */
  next(): Nv12Frame {
    const frame = (this.#frames[this.#next] ??= allocateNv12(this.width, this.height));
    this.#next = (this.#next + 1) % RING_FRAMES;
    return frame;
  }
}
