import type { PictureSize } from '../picture/picture-size.js';

/**
 * Distances from the camera's plane, row by row without gaps (REP 118): millimeters in 16 bits, or meters as floats.
 *
 * 0, 65535 of 16 bits, NaN, infinities, floats beyond 100 km and negative values: nothing was measured there.
 */
export interface DepthPicture extends PictureSize {
  readonly data: Uint16Array | Float32Array;
}

/** The largest 16-bit value that is a distance: hobot_stereonet marks pixels without one by 65535. */
const MOST_MILLIMETERS = 65534;

/** Floats beyond are no distances: some drivers write the largest float where nothing was measured, and its squares are infinite. */
const MOST_METERS = 100_000;

/** Meters of one unit of the picture's values. */
export function unitOf(data: DepthPicture['data']): number {
  return data instanceof Uint16Array ? 0.001 : 1;
}

/** The value of a pixel without a measurement: 0 in 16 bits, NaN in floats (REP 118). */
export function invalidOf(data: DepthPicture['data']): number {
  return data instanceof Uint16Array ? 0 : NaN;
}

/** The largest value that is a distance. */
export function mostOf(data: DepthPicture['data']): number {
  return data instanceof Uint16Array ? MOST_MILLIMETERS : MOST_METERS;
}
