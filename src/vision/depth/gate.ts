/** Depths that the percentiles are taken of: a margin is left anyway. */
const SAMPLES = 256;

export interface GateOptions {
  /** Shares of depths that lie before and behind the gate's core, 0 to 0.5. */
  readonly tail: number;
  /** By how much the gate is wider than its core on either side, as a share of the core's length. */
  readonly margin: number;
  /** And as a share of the distance. */
  readonly slack: number;
}

/**
 * Depths of an object: from the 10th to the 90th percentile, and a margin. Nearer and farther pixels do not belong to the object: pixels at
 * its edge that mix near and far, as stereo and time-of-flight cameras give them, and the background behind holes.
 *
 * The margin is half the core's length, so that nothing is cut from a slanted plane: beyond either percentile, a rectangle has a quarter
 * of that, and a triangle as much. 2 % of the distance are added, for the noise of stereo.
 */
export const DEFAULT_GATE: GateOptions = { tail: 0.1, margin: 0.5, slack: 0.02 };

export class DepthGate {
  low = 0;
  high = 0;
  median = 0;
  /** Where the core begins. */
  near = 0;
  readonly #samples = new Float32Array(SAMPLES);

  /** Sets the gate for depths [from, to), at least one. */
  set(depths: Float32Array, from: number, to: number, { tail, margin, slack }: GateOptions): void {
    const step = Math.max(1, Math.ceil((to - from) / SAMPLES));
    const samples = this.#samples;
    let count = 0;
    for (let i = from; i < to; i += step) samples[count++] = depths[i]!;
    const sorted = samples.subarray(0, count).sort();
    const first = sorted[Math.floor(tail * (count - 1))]!;
    const last = sorted[Math.ceil((1 - tail) * (count - 1))]!;
    this.median = sorted[Math.floor((count - 1) / 2)]!;
    const room = margin * (last - first) + slack * this.median;
    this.near = first;
    this.low = first - room;
    this.high = last + room;
  }
}
