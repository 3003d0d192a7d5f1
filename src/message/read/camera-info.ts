import { ExpectationError } from '../../base/expect.js';
import { COEFFICIENTS, DISTORTION_MODELS, distortionOf } from '../../vision/depth/distortion.js';
import { type Intrinsics, intrinsicsOf } from '../../vision/depth/intrinsics.js';
import type { FrameHeader } from '../../vision/picture/frame-source.js';
import { CdrCursor } from './cdr-cursor.js';

/** Most coefficients of a distortion model: rational_polynomial has 8, thin prism 14. */
const MOST_COEFFICIENTS = 64;
/** Of them in an error. */
const SHOWN = 14;

/** A sensor_msgs/CameraInfo. */
export interface CameraInfo extends FrameHeader {
  /** Of rectified pictures. */
  readonly intrinsics: Intrinsics;
  /** Of raw pictures; undefined: their distortion is not understood. Those of rectified ones, if there is no distortion. */
  readonly raw: Intrinsics | undefined;
  /** What `distortion` of the message says, for errors about it. */
  readonly distortion: string;
}

/** Whether D of CameraInfo is applied: to pictures whose topic does not say that they are rectified, always, never. */
export const DISTORTION_MODES = ['auto', 'apply', 'ignore'] as const;
export type DistortionMode = (typeof DISTORTION_MODES)[number];

/** As image_proc names its topics; and hobot_stereonet's depth, which belongs to the rectified left picture. */
const RECTIFIED = /(^|[/_])(rect|rectified|rectify|stereonet)([/_]|$)/;

/**
 * The camera of the pictures on a topic: CameraInfo is the same for raw and for rectified ones.
 *
 * @throws ExpectationError for raw pictures whose distortion is not understood
 */
export function cameraOf(info: CameraInfo, topic: string, mode: DistortionMode): Intrinsics {
  if (mode === 'ignore' || (mode === 'auto' && RECTIFIED.test(topic))) return info.intrinsics;
  if (info.raw) return info.raw;
  throw new ExpectationError(
    `a distortion of the model ${DISTORTION_MODELS.join(' or ')}, at most ${COEFFICIENTS.length} numbers, in the CameraInfo of ${topic}`,
    info.distortion,
    'Take a topic of rectified pictures (image_proc makes them); or, if these are, set depth_distortion to ignore.',
  );
}

/** @throws ExpectationError for bytes that are no such message, and for a camera that is not calibrated */
export function readCameraInfo(cdr: Uint8Array): CameraInfo {
  const cursor = new CdrCursor(cdr, 'sensor_msgs/msg/CameraInfo');
  const { stamp, frameId } = cursor.header();
  const height = cursor.uint32('height');
  const width = cursor.uint32('width');
  const model = cursor.string('distortion_model');
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
  const distorted = d.some((value) => value !== 0);
  const distortion = `${model || 'no model'} with D = [${d.slice(0, SHOWN).join(', ')}${d.length > SHOWN ? ', ...' : ''}]`;
  return { stamp, frameId, intrinsics, raw: distorted ? rawOf() : intrinsics, distortion };

  function rawOf(): Intrinsics | undefined {
    const found = distortionOf(model, d);
    const pinhole = intrinsicsOf({ width, height, k, p: [] });
    return found && pinhole && { ...pinhole, distortion: found };
  }
}
