import type { Vector } from './upright.js';

/** One instance in space, in meters, in the optical frame of the depth camera: x right, y down, z forward. */
export interface ObjectInSpace {
  /** Index of the instance in its segmentation. */
  readonly instance: number;
  /** Where its points begin in the cloud, and how many there are; 0: too few of its pixels have a depth, and nothing else is known. */
  readonly firstPoint: number;
  readonly points: number;
  /** Mean of the points: of the surface that is seen, which lies nearer than the object's middle. */
  readonly centroid: Readonly<Vector>;
  /** Middle of the box. */
  readonly center: Readonly<Vector>;
  /**
   * Lengths of the box along its own axes: x is the horizontal axis that points away from the camera most, y the other horizontal one, to
   * the left, z is up. The box encloses what is seen; the back of an object is not.
   */
  readonly size: Readonly<Vector>;
  /** Orientation of the box, a unit quaternion. */
  readonly orientation: Readonly<Vector & { w: number }>;
  /** From the camera to the centroid. */
  readonly distance: number;
  /** Depth (along z) of its nearest tenth. */
  readonly nearest: number;
  /** Square meters of the visible surface as it faces the camera. */
  readonly area: number;
  /** Share of the pixels read that have a depth and passed the gate, 0 to 1. */
  readonly coverage: number;
  /** Covariance of the centroid in square meters: xx, xy, xz, yy, yz, zz. */
  readonly covariance: Float64Array;
}

/** Share of a depth that stereo and its calibration get wrong everywhere alike: no number of points averages it away. */
const SYSTEMATIC = 0.01;
/** Width in pixels of a patch whose depths err together: the window that stereo compares. */
const PATCH = 7;

/** The same while it is measured. */
export interface Measured extends ObjectInSpace {
  instance: number;
  firstPoint: number;
  points: number;
  readonly centroid: Vector;
  readonly center: Vector;
  readonly size: Vector;
  readonly orientation: Vector & { w: number };
  distance: number;
  nearest: number;
  area: number;
  coverage: number;
}

interface Spread {
  readonly xx: number;
  readonly xy: number;
  readonly xz: number;
  readonly yy: number;
  readonly yz: number;
  readonly zz: number;
}

/** An object of which nothing is known yet. */
export function emptyObject(): Measured {
  return {
    ...{ instance: 0, firstPoint: 0, points: 0, distance: 0, nearest: 0, area: 0, coverage: 0 },
    centroid: { x: 0, y: 0, z: 0 },
    center: { x: 0, y: 0, z: 0 },
    size: { x: 0, y: 0, z: 0 },
    orientation: { x: 0, y: 0, z: 0, w: 1 },
    covariance: new Float64Array(6),
  };
}

/**
 * How far the centroid may be from the truth. Neighboring pixels err together, so only patches of them count as independent; and the whole
 * object may be too near or too far along the line of sight.
 *
 * @param pixels that the points stand for
 */
export function setCovariance(
  { covariance, centroid, distance }: Measured,
  spread: Spread,
  pixels: number,
): void {
  const share = 1 / Math.max(1, pixels / (PATCH * PATCH));
  const along = SYSTEMATIC * centroid.z;
  const { x, y, z } = { x: centroid.x / distance, y: centroid.y / distance, z: centroid.z / distance };
  const variance = along * along;
  covariance[0] = share * spread.xx + variance * x * x;
  covariance[1] = share * spread.xy + variance * x * y;
  covariance[2] = share * spread.xz + variance * x * z;
  covariance[3] = share * spread.yy + variance * y * y;
  covariance[4] = share * spread.yz + variance * y * z;
  covariance[5] = share * spread.zz + variance * z * z;
}
