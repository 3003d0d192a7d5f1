import { allocateNv12 } from '../native/convert.js';
import type { Nv12Frame } from '../vision/picture/nv12-frame.js';

/** Frames that a file source lends at the same time: two in flight, one being read, and some for a slow consumer. */
export const RING_FRAMES = 6;

/** RING_FRAMES packed NV12 frames that are filled in turn, allocated on first use. */
export class FrameRing {
  readonly #frames: Nv12Frame[] = [];
  #next = 0;

  constructor(
    private readonly width: number,
    private readonly height: number,
  ) {}

  /** The next frame to fill; its old contents were lent RING_FRAMES calls ago. */
  next(): Nv12Frame {
    const frame = (this.#frames[this.#next] ??= allocateNv12(this.width, this.height));
    this.#next = (this.#next + 1) % RING_FRAMES;
    return frame;
  }
}
