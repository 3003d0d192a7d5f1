import { ExpectationError } from '../../base/expect.js';
import { type Intrinsics, intrinsicsOf } from '../../vision/depth/intrinsics.js';
import type { FrameHeader } from '../../vision/picture/frame-source.js';
import { CdrCursor } from './cdr-cursor.js';

/** Most coefficients of a distortion model: rational_polynomial has 8, thin prism 14. */
const MOST_COEFFICIENTS = 64;

/** A sensor_msgs/CameraInfo. */
export interface CameraInfo extends FrameHeader {
  readonly intrinsics: Intrinsics;
  /** Whether the raw picture is distorted: P and K then speak of different pictures. */
  readonly distorted: boolean;
}

/** @throws ExpectationError for bytes that are no such message, and for a camera that is not calibrated */
export function readCameraInfo(cdr: Uint8Array): CameraInfo {
  const cursor = new CdrCursor(cdr, 'sensor_msgs/msg/CameraInfo');
  const { stamp, frameId } = cursor.header();
  const height = cursor.uint32('height');
  const width = cursor.uint32('width');
  cursor.string('distortion_model');
  const count = cursor.uint32('d');
  if (count > MOST_COEFFICIENTS) {
    throw new ExpectationError(
      `a CameraInfo with at most ${MOST_COEFFICIENTS} coefficients of distortion`,
      count,
    );
  }
  const numbers = (length: number, field: string): number[] =>
    Array.from({ length }, () => cursor.float64(field));
  const d = numbers(count, 'd');
  const k = numbers(9, 'k');
  numbers(9, 'r');
  const p = numbers(12, 'p');
  const intrinsics = intrinsicsOf({ width, height, k, p });
  if (!intrinsics) {
    throw new ExpectationError(
      'a CameraInfo of a calibrated camera: a focal length in K or P',
      `fx ${k[0]} and fy ${k[4]} in K`,
      'Calibrate the camera, or give its driver the calibration file.',
    );
  }
  return { stamp, frameId, intrinsics, distorted: d.some((value) => value !== 0) };
}
