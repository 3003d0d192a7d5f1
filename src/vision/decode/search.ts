import type { TensorData } from '../tensor/tensor.js';

const NOTHING = new Int32Array(0);

/**
 * Searches stored class values for those above a limit: the inner loop of the scan.
 *
 * A value that it finds may not be above the limit (NaN, rounding), so the caller checks the cell again; values that it
 * skips are certainly below.
 */
export class Search {
  #mode: 'floats below zero' | 'integers' | 'each' | 'everything' = 'everything';
  #data: TensorData = NOTHING;
  #unsigned: Uint32Array = new Uint32Array(0);
  #limit = 0;
  #limits: Int32Array = NOTHING;
  readonly #bits = new WeakMap<Float32Array, { unsigned: Uint32Array; signed: Int32Array }>();

  /** Searches values of one scale; `limit` is in stored units. */
  above(data: TensorData, limit: number): void {
    if (data instanceof Float32Array) this.inFloats(data, limit);
    else this.inIntegers(data, limit);
  }

  /** Skips nothing. */
  all(): void {
    this.#mode = 'everything';
  }

  /**
   * Searches float32 values by their bits. As integers they compare in one instruction, without the conversion to double that
   * a loop over a Float32Array spends most of its time on.
   *
   * The bits of IEEE 754 numbers have the same order as the numbers if both are positive, and the reverse order if both are
   * negative; read as unsigned integers, all positive numbers are below all negative ones. So, unless x is NaN:
   *
   * - limit < 0: x > limit exactly when the unsigned bits of x are below those of the limit
   * - limit >= 0: x > limit exactly when the signed bits of x are above those of the limit
   */
  inFloats(data: Float32Array, limit: number): void {
    // Engines reuse the same arrays, so their views are made once.
    let views = this.#bits.get(data);
    if (views === undefined) {
      const { buffer, byteOffset, length } = data;
      const unsigned = new Uint32Array(buffer, byteOffset, length);
      views = { unsigned, signed: new Int32Array(buffer, byteOffset, length) };
      this.#bits.set(data, views);
    }
    this.#mode = limit < 0 ? 'floats below zero' : 'integers';
    this.#unsigned = views.unsigned;
    this.#data = views.signed;
    this.#limit = bitsAtOrBelow(limit);
  }

  /** Searches integers that share one scale; `limit` is in stored units. */
  inIntegers(data: TensorData, limit: number): void {
    const whole = Math.floor(limit);
    this.#mode = whole < -(2 ** 31) ? 'everything' : 'integers';
    this.#data = data;
    this.#limit = Math.min(2 ** 31 - 1, whole);
  }

  /** Searches integers with a scale for each channel, with contiguous channels; the limits are in stored units. */
  inChannels(data: TensorData, limits: Int32Array): void {
    this.#mode = 'each';
    this.#data = data;
    this.#limits = limits;
  }

  /** @returns the index of the first value in [from, to) that may be above its limit, or `to`; `from` is a cell's first channel */
  firstAbove(from: number, to: number): number {
    switch (this.#mode) {
      case 'floats below zero':
        return firstBelowUnsigned(this.#unsigned, this.#limit, from, to);
      case 'integers':
        return firstAboveSigned(this.#data, this.#limit, from, to);
      case 'each':
        return firstAboveEach(this.#data, this.#limits, from, to);
      default:
        return from;
    }
  }
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Bits of the largest float32 that is not above `value`, that of +0 for -0. */
function bitsAtOrBelow(value: number): number {
  float[0] = value;
  if (float[0] === 0) return value < 0 ? 0x80000001 : 0;
  if (float[0] <= value) return bits[0]!;
  return float[0] > 0 ? bits[0]! - 1 : bits[0]! + 1;
}

// Eight comparisons per iteration reduce the cost of the loop.

function firstBelowUnsigned(data: Uint32Array, limit: number, from: number, to: number): number {
  // Tells the compiler that both sides are unsigned 32-bit numbers: above 2^31 it would compare doubles.
  const below = limit >>> 0;
  let i = from;
  for (; i + 8 <= to; i += 8) {
    if (
      data[i]! < below ||
      data[i + 1]! < below ||
      data[i + 2]! < below ||
      data[i + 3]! < below ||
      data[i + 4]! < below ||
      data[i + 5]! < below ||
      data[i + 6]! < below ||
      data[i + 7]! < below
    )
      break;
  }
  for (; i < to; i++) if (data[i]! < below) return i;
  return to;
}

function firstAboveSigned(data: TensorData, limit: number, from: number, to: number): number {
  let i = from;
  for (; i + 8 <= to; i += 8) {
    if (
      data[i]! > limit ||
      data[i + 1]! > limit ||
      data[i + 2]! > limit ||
      data[i + 3]! > limit ||
      data[i + 4]! > limit ||
      data[i + 5]! > limit ||
      data[i + 6]! > limit ||
      data[i + 7]! > limit
    )
      break;
  }
  for (; i < to; i++) if (data[i]! > limit) return i;
  return to;
}

function firstAboveEach(data: TensorData, limits: Int32Array, from: number, to: number): number {
  const channels = limits.length;
  for (let start = from; start < to; start += channels) {
    let c = 0;
    for (; c + 4 <= channels; c += 4) {
      const i = start + c;
      if (
        data[i]! > limits[c]! ||
        data[i + 1]! > limits[c + 1]! ||
        data[i + 2]! > limits[c + 2]! ||
        data[i + 3]! > limits[c + 3]!
      )
        break;
    }
    for (; c < channels; c++) if (data[start + c]! > limits[c]!) return start + c;
  }
  return to;
}
