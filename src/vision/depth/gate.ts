/** Depths from which percentiles are taken: few are enough, because of the margin around them. */
const SAMPLES = 256;

export interface GateOptions {
  /** Shares of depths that lie before and behind the gate's core, 0 to 0.5. */
  readonly tail: number;
  /** How far the gate extends beyond its core on either side, as a share of the core's length. */
  readonly margin: number;
  /** The same as a share of the distance; both are added. */
  readonly slack: number;
}

/**
 * The range of an object's depths: from the 10th to the 90th percentile, with a margin. What lies in front of or behind it does not belong
 * to the object: pixels at its edge that mix near and far, as stereo and time-of-flight cameras give them, and what shows through holes.
 *
 * The margin is half the core's length, which is a quarter more than what a slanted plane has beyond either percentile, so that nothing
 * of such a plane is cut off; plus 2 % of the distance, for the noise of stereo.
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
