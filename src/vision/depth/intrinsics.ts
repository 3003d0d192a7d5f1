import type { PictureSize } from '../picture/picture-size.js';
import type { Distortion } from './distortion.js';

/**
 * A pinhole camera, in pixels. As in ROS (REP 104, image_geometry), the center of the first pixel is (0, 0):
 * the pixel in column u and row v with depth Z shows the point ((u - cx) Z / fx, (v - cy) Z / fy, Z) of the optical frame, whose
 * x points right, y down, z forward (REP 103).
 */
export interface Intrinsics extends PictureSize {
  readonly fx: number;
  readonly fy: number;
  readonly cx: number;
  readonly cy: number;
  /** Of raw pictures. Undefined: none, as in rectified ones. */
  readonly distortion?: Distortion | undefined;
}

/** sensor_msgs/CameraInfo, as far as geometry needs it. */
export interface CameraModel extends PictureSize {
  /** 3 x 3, of the raw picture. */
  readonly k: ArrayLike<number>;
  /** 3 x 4, of the rectified picture; zeros if the camera is not calibrated. */
  readonly p: ArrayLike<number>;
}

/**
 * The intrinsics of a rectified picture: P's, else K's, as image_geometry has it (`fx()` is P's).
 *
 * @returns undefined if the camera is not calibrated: no focal length (REP 104 says K[0] is 0 then)
 */
export function intrinsicsOf({ width, height, k, p }: CameraModel): Intrinsics | undefined {
  const found =
    p[0]! > 0 && p[5]! > 0
      ? { fx: p[0]!, fy: p[5]!, cx: p[2]!, cy: p[6]! }
      : { fx: k[0]!, fy: k[4]!, cx: k[2]!, cy: k[5]! };
  const { fx, fy, cx, cy } = found;
  if (!(fx > 0 && fy > 0 && Number.isFinite(fx + fy + cx + cy))) return undefined;
  return { width, height, ...found };
}

/** A part of a camera's picture, as CameraInfo's roi and binning say which is published. */
export interface ReadOut {
  /** Of the full picture. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Columns and rows of it that one pixel is made of. */
  readonly binningX: number;
  readonly binningY: number;
}

/**
 * The intrinsics of that part, of the size in which it is published. As image_geometry has it, for raw and for rectified pictures; but for
 * pixel centers, which are whole numbers before and after: image_geometry is off by half a pixel less half a binned one.
 */
export function readOutOf(camera: Intrinsics, part: ReadOut): Intrinsics {
  const { x, y, width, height, binningX, binningY } = part;
  // Not even rounded.
  if (x + y === 0 && width === camera.width && height === camera.height && binningX * binningY === 1)
    return camera;
  return {
    ...camera,
    width: Math.floor(width / binningX),
    height: Math.floor(height / binningY),
    fx: camera.fx / binningX,
    fy: camera.fy / binningY,
    cx: (camera.cx - x + 0.5) / binningX - 0.5,
    cy: (camera.cy - y + 0.5) / binningY - 0.5,
  };
}

/** The same camera with pictures of another size: all of the scene, scaled. */
export function scaledTo(camera: Intrinsics, { width, height }: PictureSize): Intrinsics {
  if (camera.width === 0 || camera.height === 0) return { ...camera, width, height };
  if (camera.width === width && camera.height === height) return camera;
  const sx = width / camera.width;
  const sy = height / camera.height;
  // Pixel centers are whole numbers here: the picture's left edge is at -0.5.
  return {
    width,
    height,
    fx: camera.fx * sx,
    fy: camera.fy * sy,
    cx: (camera.cx + 0.5) * sx - 0.5,
    cy: (camera.cy + 0.5) * sy - 0.5,
    ...(camera.distortion && { distortion: camera.distortion }),
  };
}

/** Whether one picture is the other, scaled: sides in proportion, to a pixel of the smaller one. */
export function inProportion(a: PictureSize, b: PictureSize): boolean {
  const [small, large] = a.width <= b.width ? [a, b] : [b, a];
  return Math.abs(small.height - (large.height * small.width) / large.width) <= 1;
}
