import { ExpectationError } from '../../base/expect.js';
import { COEFFICIENTS, DISTORTION_MODELS, distortionOf } from '../../vision/depth/distortion.js';
import { type Intrinsics, intrinsicsOf, type ReadOut, readOutOf } from '../../vision/depth/intrinsics.js';
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
  /** R, if it turns raw pictures to be rectified; undefined: they look the same way. */
  readonly turned?: readonly number[] | undefined;
}

/** Whether D of CameraInfo is applied: to pictures whose topic does not say that they are rectified, always, never. */
export const DISTORTION_MODES = ['auto', 'apply', 'ignore'] as const;
export type DistortionMode = (typeof DISTORTION_MODES)[number];

/** As image_proc names its topics; and hobot_stereonet's depth, which belongs to the rectified left picture. */
const RECTIFIED = /(^|[/_])(rect|rectified|rectify|stereonet)([/_]|$)/;

/**
 * The camera of the pictures on a topic: CameraInfo is the same for raw and for rectified ones.
 *
 * @throws ExpectationError for raw pictures whose distortion is not understood, and for those of a stereo camera that rectification turns:
 * tf tells where the rectified camera looks
 */
export function cameraOf(info: CameraInfo, topic: string, mode: DistortionMode): Intrinsics {
  if (mode === 'ignore' || (mode === 'auto' && RECTIFIED.test(topic))) return info.intrinsics;
  if (info.turned) {
    throw new ExpectationError(
      `R of the CameraInfo of ${topic} to be the identity, as it must be for raw pictures`,
      `R = [${info.turned.map((value) => Number(value.toPrecision(5))).join(', ')}]`,
      WAY_OUT,
    );
  }
  if (info.raw) return info.raw;
  throw new ExpectationError(
    `a distortion of the model ${DISTORTION_MODELS.join(' or ')}, at most ${COEFFICIENTS.length} numbers, in the CameraInfo of ${topic}`,
    info.distortion,
    WAY_OUT,
  );
}

const WAY_OUT =
  'Take a topic of rectified pictures (image_proc makes them); or, if these are, set depth_distortion to ignore.';

/** @throws ExpectationError for bytes that are no such message, for a camera that is not calibrated, and for a roi beyond its picture */
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
  const r = numbers(9, 'r');
  const p = numbers(12, 'p');
  const part = readOut(cursor, width, height);
  const full = intrinsicsOf({ width, height, k, p });
  if (!full) {
    throw new ExpectationError(
      'a CameraInfo of a calibrated camera: a focal length in K or P',
      `fx ${k[0]} and fy ${k[4]} in K`,
      'Calibrate the camera, or give its driver the calibration file.',
    );
  }
  const intrinsics = readOutOf(full, part);
  const distorted = d.some((value) => value !== 0);
  const distortion = `${model || 'no model'} with D = [${d.slice(0, SHOWN).join(', ')}${d.length > SHOWN ? ', ...' : ''}]`;
  const raw = distorted ? rawOf() : intrinsics;
  return { stamp, frameId, intrinsics, raw, distortion, ...(turns(r) && { turned: r }) };

  function rawOf(): Intrinsics | undefined {
    const found = distortionOf(model, d);
    const pinhole = intrinsicsOf({ width, height, k, p: [] });
    return found && pinhole && { ...readOutOf(pinhole, part), distortion: found };
  }
}

/** Of the entries of R: a pixel at a focal length of 1000. */
const SAME_WAY = 1e-3;

/** Whether R is a rotation that is worth the name. Some drivers leave it 0. */
function turns(r: readonly number[]): boolean {
  if (r.every((value) => value === 0)) return false;
  return !r.every((value, at) => Math.abs(value - (at % 4 === 0 ? 1 : 0)) <= SAME_WAY);
}

/** Reads binning and roi: 0 stands for no binning, and a roi of no size at 0, 0 for the full picture. */
function readOut(cursor: CdrCursor, width: number, height: number): ReadOut {
  const binningX = cursor.uint32('binning_x') || 1;
  const binningY = cursor.uint32('binning_y') || 1;
  const x = cursor.uint32('roi.x_offset');
  const y = cursor.uint32('roi.y_offset');
  const partHeight = cursor.uint32('roi.height') || height - y;
  const partWidth = cursor.uint32('roi.width') || width - x;
  // A camera whose size is not known has no part that could be wrong.
  const within = (offset: number, length: number, side: number, binning: number): boolean =>
    side === 0 || (length >= binning && offset + length <= side);
  if (!within(x, partWidth, width, binningX) || !within(y, partHeight, height, binningY)) {
    throw new ExpectationError(
      `roi and binning of a CameraInfo to leave a part of its ${width}x${height} pixels`,
      `roi ${partWidth}x${partHeight} at ${x}, ${y}, binning ${binningX}x${binningY}`,
      "Correct the driver's settings, or its calibration file.",
    );
  }
  return { x, y, width: partWidth, height: partHeight, binningX, binningY };
}
