import type { Normalization } from '../../vision/picture/normalization.js';

/**
 * Normalizes a picture in place: (x - mean) / deviation for each channel.
 *
 * @param planes R, G, B from 0 to 1, one after the other
 */
export function normalizePlanes(planes: Float32Array, { mean, deviation }: Normalization): void {
  const size = planes.length / 3;
  for (const [channel, subtracted] of mean.entries()) {
    const factor = 1 / deviation[channel]!;
    const end = (channel + 1) * size;
    for (let i = channel * size; i < end; i++) planes[i] = (planes[i]! - subtracted) * factor;
  }
}
