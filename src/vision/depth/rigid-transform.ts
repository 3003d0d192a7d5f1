/** A rotation followed by a translation: `p' = q p q* + t`. The quaternion is of length 1, x, y, z, w as in geometry_msgs. */
export interface RigidTransform {
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly qx: number;
  readonly qy: number;
  readonly qz: number;
  readonly qw: number;
}

export const IDENTITY: RigidTransform = { x: 0, y: 0, z: 0, qx: 0, qy: 0, qz: 0, qw: 1 };

/** @returns first `inner`, then `outer`: from inner's source to outer's target */
export function compose(outer: RigidTransform, inner: RigidTransform): RigidTransform {
  const [x, y, z] = rotate(outer, inner.x, inner.y, inner.z);
  const { qx: ax, qy: ay, qz: az, qw: aw } = outer;
  const { qx: bx, qy: by, qz: bz, qw: bw } = inner;
  return {
    x: x + outer.x,
    y: y + outer.y,
    z: z + outer.z,
    qx: aw * bx + ax * bw + ay * bz - az * by,
    qy: aw * by - ax * bz + ay * bw + az * bx,
    qz: aw * bz + ax * by - ay * bx + az * bw,
    qw: aw * bw - ax * bx - ay * by - az * bz,
  };
}

export function invert(transform: RigidTransform): RigidTransform {
  const { qx, qy, qz, qw } = transform;
  const back = { x: 0, y: 0, z: 0, qx: -qx, qy: -qy, qz: -qz, qw };
  const [x, y, z] = rotate(back, transform.x, transform.y, transform.z);
  return { ...back, x: -x, y: -y, z: -z };
}

/**
 * The pose between two: positions linearly, rotations by slerp on the shorter arc (Shoemake, Animating Rotation with Quaternion
 * Curves, 1985), as tf2 does.
 *
 * @param share 0: `from`, 1: `to`
 */
export function interpolate(from: RigidTransform, to: RigidTransform, share: number): RigidTransform {
  const dot = from.qx * to.qx + from.qy * to.qy + from.qz * to.qz + from.qw * to.qw;
  // A quaternion and its negative are the same rotation.
  const sign = dot < 0 ? -1 : 1;
  const angle = Math.acos(Math.min(1, Math.abs(dot)));
  const sine = Math.sin(angle);
  // Of two that are nearly the same, the chord is as good as the arc, and the sine would divide by zero.
  const near = sine < 1e-9;
  const a = near ? 1 - share : Math.sin((1 - share) * angle) / sine;
  const b = sign * (near ? share : Math.sin(share * angle) / sine);
  const mix = (p: number, q: number): number => p + (q - p) * share;
  return normalized({
    x: mix(from.x, to.x),
    y: mix(from.y, to.y),
    z: mix(from.z, to.z),
    qx: a * from.qx + b * to.qx,
    qy: a * from.qy + b * to.qy,
    qz: a * from.qz + b * to.qz,
    qw: a * from.qw + b * to.qw,
  });
}

/** @returns the transform with a quaternion of length 1; undefined if it has none: zeros, or numbers that are not finite */
export function checked(transform: RigidTransform): RigidTransform | undefined {
  const { x, y, z, qx, qy, qz, qw } = transform;
  const length = Math.hypot(qx, qy, qz, qw);
  if (!Number.isFinite(x + y + z) || !Number.isFinite(length) || length < 1e-6) return undefined;
  return normalized(transform);
}

function normalized(transform: RigidTransform): RigidTransform {
  const { qx, qy, qz, qw } = transform;
  const length = Math.hypot(qx, qy, qz, qw);
  return { ...transform, qx: qx / length, qy: qy / length, qz: qz / length, qw: qw / length };
}

/** The vector, rotated only. */
export function rotate(
  { qx, qy, qz, qw }: RigidTransform,
  x: number,
  y: number,
  z: number,
): [x: number, y: number, z: number] {
  const tx = 2 * (qy * z - qz * y);
  const ty = 2 * (qz * x - qx * z);
  const tz = 2 * (qx * y - qy * x);
  return [x + qw * tx + qy * tz - qz * ty, y + qw * ty + qz * tx - qx * tz, z + qw * tz + qx * ty - qy * tx];
}

/**
 * The rotation's matrix row by row, then the translation, for loops over many points.
 *
 * @param matrix gets 12 numbers
 */
export function setMatrix(matrix: Float64Array, { x, y, z, qx, qy, qz, qw }: RigidTransform): void {
  matrix[0] = 1 - 2 * (qy * qy + qz * qz);
  matrix[1] = 2 * (qx * qy - qw * qz);
  matrix[2] = 2 * (qx * qz + qw * qy);
  matrix[3] = 2 * (qx * qy + qw * qz);
  matrix[4] = 1 - 2 * (qx * qx + qz * qz);
  matrix[5] = 2 * (qy * qz - qw * qx);
  matrix[6] = 2 * (qx * qz - qw * qy);
  matrix[7] = 2 * (qy * qz + qw * qx);
  matrix[8] = 1 - 2 * (qx * qx + qy * qy);
  matrix[9] = x;
  matrix[10] = y;
  matrix[11] = z;
}
