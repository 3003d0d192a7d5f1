/** Weighted source positions of each target position along one axis. */
interface Taps {
  readonly count: number;
  /** `count` entries for each target position. */
  readonly index: Int32Array;
  readonly weight: Float32Array;
}

/**
 * Taps of a triangle filter. `sharp` uses the two nearest samples, like plain bilinear sampling at any scale; otherwise the
 * filter widens with the scale, so that shrinking averages.
 */
function triangle(source: number, target: number, sharp: boolean): Taps {
  const step = source / target;
  const reach = sharp ? 1 : Math.max(1, step);
  const count = Math.ceil(2 * reach) + 1;
  const index = new Int32Array(target * count);
  const weight = new Float32Array(target * count);
  for (let i = 0; i < target; i++) {
    const center = (i + 0.5) * step - 0.5;
    const first = Math.ceil(center - reach);
    let sum = 0;
    for (let tap = 0; tap < count; tap++) {
      const share = Math.max(0, 1 - Math.abs(first + tap - center) / reach);
      index[i * count + tap] = Math.max(0, Math.min(source - 1, first + tap));
      weight[i * count + tap] = share;
      sum += share;
    }
    for (let tap = 0; tap < count; tap++) weight[i * count + tap]! /= sum;
  }
  return { count, index, weight };
}

/** Scales one interleaved plane of bytes to another size. */
export class Resampler {
  readonly #columns: Taps;
  readonly #rows: Taps;
  readonly #narrow: Float32Array;

  constructor(
    readonly sourceWidth: number,
    readonly sourceHeight: number,
    readonly targetWidth: number,
    readonly targetHeight: number,
    /** Values per position: 1 for luma, 2 for interleaved chroma. */
    readonly channels: 1 | 2,
    sharp: boolean,
  ) {
    this.#columns = triangle(sourceWidth, targetWidth, sharp);
    this.#rows = triangle(sourceHeight, targetHeight, sharp);
    this.#narrow = new Float32Array(sourceHeight * targetWidth * channels);
  }

  /** From packed rows to rows that are `targetStride` bytes apart. */
  resample(source: Uint8Array, target: Uint8Array, targetOffset: number, targetStride: number): void {
    const { channels, targetWidth } = this;
    const narrow = this.#narrow;
    const columns = this.#columns;
    for (let y = 0; y < this.sourceHeight; y++) {
      const row = y * this.sourceWidth * channels;
      for (let i = 0; i < targetWidth * channels; i++) {
        const x = channels === 1 ? i : i >> 1;
        const channel = channels === 1 ? 0 : i & 1;
        let sum = 0;
        for (let tap = x * columns.count; tap < (x + 1) * columns.count; tap++) {
          sum += columns.weight[tap]! * source[row + columns.index[tap]! * channels + channel]!;
        }
        narrow[y * targetWidth * channels + i] = sum;
      }
    }
    const rows = this.#rows;
    for (let y = 0; y < this.targetHeight; y++) {
      for (let i = 0; i < targetWidth * channels; i++) {
        let sum = 0.5;
        for (let tap = y * rows.count; tap < (y + 1) * rows.count; tap++) {
          sum += rows.weight[tap]! * narrow[rows.index[tap]! * targetWidth * channels + i]!;
        }
        target[targetOffset + y * targetStride + i] = sum;
      }
    }
  }
}
