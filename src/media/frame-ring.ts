import { allocateNv12 } from '../native/convert.js';
import type { Nv12Frame } from '../vision/picture/nv12-frame.js';

/** Frames that a file source lends at the same time: two in flight, one being read, and some for a slow consumer. */
export const RING_FRAMES = 6;

/** Packed NV12 frames that are filled in turn, allocated on first use. */
export class FrameRing {
  readonly #frames: Nv12Frame[] = [];
  #next = 0;

  /** @param count of frames */
  constructor(
    private readonly width: number,
    private readonly height: number,
    private readonly count = RING_FRAMES,
  ) {}

  /** The next frame to fill; its old contents were lent as many calls ago as there are frames. */
  next(): Nv12Frame {
    const frame = (this.#frames[this.#next] ??= allocateNv12(this.width, this.height));
    this.#next = (this.#next + 1) % this.count;
    return frame;
  }
}
