import { ExpectationError } from '../../base/expect.js';
import type { Mask } from './segmentation.js';

/** Bytes that the bitmaps of one frame may take: a thousand large objects at 1080p. */
const MOST_BYTES = 1 << 30;

const NO_RUNS: Int32Array = new Int32Array(0);
const NO_BITMAP = new Uint8Array(0);

/** The masks of a frame: runs of cells, and bitmaps on request. Created once and reused for each frame. */
export class DecodedMasks {
  readonly #masks: DecodedMask[] = [];
  #bytes = new Uint8Array(0);

  /** @returns the mask of an index */
  at(index: number): DecodedMask {
    return (this.#masks[index] ??= new DecodedMask(() => this.#paint()));
  }

  /** Sets the number of masks of the frame. */
  end(count: number): void {
    for (let i = count; i < this.#masks.length; i++) this.#masks[i]!.clear();
  }

  /** All at once: a copy of the frame copies the buffer of the first bitmap, which must then contain all the others. */
  #paint(): void {
    const needed = this.#masks.reduce((sum, { mask: { width, height } }) => sum + width * height, 0);
    if (needed > MOST_BYTES) {
      throw new ExpectationError(
        `masks of one frame within ${MOST_BYTES >> 20} MiB`,
        `${needed >> 20} MiB`,
        'Lower the maximum of detections, raise the score threshold, or ask for masks at prototype resolution.',
      );
    }
    // The new bitmaps reuse the memory of earlier frames' bitmaps, as documented.
    if (this.#bytes.length < needed) this.#bytes = new Uint8Array(Math.min(MOST_BYTES, 2 * needed));
    const bytes = this.#bytes.fill(0, 0, needed);
    let used = 0;
    for (const mask of this.#masks) used = mask.paint(bytes, used);
  }
}

/** The mask of one instance. */
export class DecodedMask {
  readonly mask: Mask;
  #runs = NO_RUNS;
  #bitmap: Uint8Array | undefined;

  /** @param paintAll calls paint() of all masks of the frame */
  constructor(paintAll: () => void) {
    const mask = { x: 0, y: 0, width: 0, height: 0 };
    // An enumerable property, so that a copy of the mask ({ ...mask }, structuredClone) has the bitmap.
    const data = (): Uint8Array => {
      if (!this.#bitmap) paintAll();
      return this.#bitmap!;
    };
    Object.defineProperty(mask, 'data', { enumerable: true, get: data });
    // A copy has its own bitmap, which these runs do not describe.
    Object.defineProperty(mask, 'runs', { enumerable: false, get: () => this.#runs });
    this.mask = mask as Mask;
  }

  /** Makes it empty, at the picture's corner. */
  clear(): void {
    this.set(0, 0, 0, 0, NO_RUNS);
  }

  set(x: number, y: number, width: number, height: number, runs: Int32Array): void {
    const { mask } = this;
    mask.x = x;
    mask.y = y;
    mask.width = width;
    mask.height = height;
    this.#runs = runs;
    this.#bitmap = width === 0 ? NO_BITMAP : undefined;
  }

  /** @param bytes must be 0 from `from` on @returns one past the last byte */
  paint(bytes: Uint8Array, from: number): number {
    const { width, height } = this.mask;
    const end = from + width * height;
    const data = bytes.subarray(from, end);
    const runs = this.#runs;
    for (let i = 0; i < runs.length; i += 2) data.fill(1, runs[i], runs[i + 1]);
    this.#bitmap = data;
    return end;
  }
}
