import type { Instance, Mask, Segmentation } from '../../../src/vision/mask/segmentation.js';
import type { DepthPicture } from '../../../src/vision/depth/depth-picture.js';
import type { Intrinsics } from '../../../src/vision/depth/intrinsics.js';
import { IDENTITY, invert, rotate, type RigidTransform } from '../../../src/vision/depth/rigid-transform.js';

type Vector = readonly [x: number, y: number, z: number];

/** A cuboid that stands on the ground, turned about the vertical: the truth that boxes are compared with. */
export interface Cuboid {
  /** Middle, in the world: the color camera's optical frame when it is level, y down. */
  readonly center: Vector;
  /** Along its own axes at yaw 0: x to the right, y down, z away. */
  readonly size: Vector;
  /** Radians about the vertical. */
  readonly yaw: number;
  readonly classId: number;
}

/** A camera in the world. */
export interface WorldCamera {
  readonly intrinsics: Intrinsics;
  /** Takes points of the camera's optical frame to the world. */
  readonly pose?: RigidTransform | undefined;
}

/** What a camera sees: for each pixel the depth along z in meters, and the index of the cuboid, -1 for the ground and nothing. */
export interface View {
  readonly camera: WorldCamera;
  readonly depths: Float64Array;
  readonly owners: Int32Array;
}

/** Height of the ground below the camera, and how far one sees. */
const GROUND = 1.2;
const FAR = 12;

/** Casts a ray through each pixel's center: written from the definition of a pinhole camera, and of nothing in src/vision/depth. */
export function look(camera: WorldCamera, cuboids: readonly Cuboid[]): View {
  const { width, height, fx, fy, cx, cy } = camera.intrinsics;
  const pose = camera.pose ?? IDENTITY;
  const depths = new Float64Array(width * height);
  const owners = new Int32Array(width * height).fill(-1);
  const origin: Vector = [pose.x, pose.y, pose.z];
  for (let v = 0; v < height; v++) {
    for (let u = 0; u < width; u++) {
      // Of length 1 along the camera's z, so that the ray's parameter is the depth.
      const ray = rotate(pose, (u - cx) / fx, (v - cy) / fy, 1);
      let nearest = ray[1] > 1e-9 ? (GROUND - origin[1]) / ray[1] : Infinity;
      let owner = -1;
      cuboids.forEach((cuboid, index) => {
        const at = hit(origin, ray, cuboid);
        if (at < nearest) [nearest, owner] = [at, index];
      });
      if (nearest > FAR) continue;
      depths[v * width + u] = nearest;
      owners[v * width + u] = owner;
    }
  }
  return { camera, depths, owners };
}

/** Where a ray enters a cuboid (slabs); Infinity: nowhere. */
function hit(origin: Vector, ray: Vector, { center, size, yaw }: Cuboid): number {
  const [c, s] = [Math.cos(yaw), Math.sin(yaw)];
  const turned = ([x, y, z]: Vector): Vector => [c * x - s * z, y, s * x + c * z];
  const o = turned([origin[0] - center[0], origin[1] - center[1], origin[2] - center[2]]);
  const d = turned(ray);
  let [near, far] = [0, Infinity];
  for (let axis = 0; axis < 3; axis++) {
    const half = size[axis]! / 2;
    if (Math.abs(d[axis]!) < 1e-12) {
      if (Math.abs(o[axis]!) > half) return Infinity;
      continue;
    }
    const [a, b] = [(-half - o[axis]!) / d[axis]!, (half - o[axis]!) / d[axis]!];
    near = Math.max(near, Math.min(a, b));
    far = Math.min(far, Math.max(a, b));
  }
  return near < far && near > 0 ? near : Infinity;
}

/** What the color camera's view would be segmented into, exactly: an instance for each cuboid that is seen. */
export function segmentationOf(
  { camera, owners }: View,
  cuboids: readonly Cuboid[],
): Segmentation & { readonly objects: readonly number[] } {
  const { width, height } = camera.intrinsics;
  const instances: Instance[] = [];
  const objects: number[] = [];
  cuboids.forEach(({ classId }, index) => {
    let [left, top, right, bottom] = [width, height, 0, 0];
    owners.forEach((owner, at) => {
      if (owner !== index) return;
      const [x, y] = [at % width, Math.floor(at / width)];
      [left, top] = [Math.min(left, x), Math.min(top, y)];
      [right, bottom] = [Math.max(right, x + 1), Math.max(bottom, y + 1)];
    });
    if (left >= right) return;
    const data = new Uint8Array((right - left) * (bottom - top));
    for (let y = top; y < bottom; y++)
      for (let x = left; x < right; x++)
        data[(y - top) * (right - left) + x - left] = owners[y * width + x] === index ? 1 : 0;
    const mask: Mask = { x: left, y: top, width: right - left, height: bottom - top, data };
    instances.push({
      classId,
      score: 0.9 - 0.05 * index,
      box: { x1: left, y1: top, x2: right, y2: bottom },
      mask,
    });
    objects.push(index);
  });
  return { width, height, maskWidth: width, maskHeight: height, instances, objects };
}

/** The view's depths as a depth camera gives them: whole millimeters, or floats in meters. */
export function depthOf({ camera, depths }: View, kind: 'millimeters' | 'meters'): DepthPicture {
  const { width, height } = camera.intrinsics;
  const data =
    kind === 'meters'
      ? Float32Array.from(depths, (depth) => (depth === 0 ? NaN : depth))
      : Uint16Array.from(depths, (depth) => Math.round(1000 * depth));
  return { width, height, data };
}

/** The mean of the surface points of an object that a camera sees, in the camera's optical frame. */
export function surfaceMean({ camera, depths, owners }: View, index: number): Vector {
  const { width, fx, fy, cx, cy } = camera.intrinsics;
  let [x, y, z, count] = [0, 0, 0, 0];
  owners.forEach((owner, at) => {
    if (owner !== index) return;
    const depth = depths[at]!;
    x += (((at % width) - cx) / fx) * depth;
    y += ((Math.floor(at / width) - cy) / fy) * depth;
    z += depth;
    count++;
  });
  return [x / count, y / count, z / count];
}

/** A view without the pixels whose points another camera does not see. */
export function alsoSeen(view: View, other: View): View {
  const { width, fx, fy, cx, cy } = view.camera.intrinsics;
  const from = view.camera.pose ?? IDENTITY;
  const to = invert(other.camera.pose ?? IDENTITY);
  const there = other.camera.intrinsics;
  const owners = view.owners.map((owner, at) => {
    const depth = view.depths[at]!;
    const world = rotate(
      from,
      (((at % width) - cx) / fx) * depth,
      ((Math.floor(at / width) - cy) / fy) * depth,
      depth,
    );
    const [x, y, z] = rotate(to, world[0] + from.x, world[1] + from.y, world[2] + from.z);
    const u = Math.round((there.fx * (x + to.x)) / (z + to.z) + there.cx);
    const v = Math.round((there.fy * (y + to.y)) / (z + to.z) + there.cy);
    const inside = u >= 0 && v >= 0 && u < there.width && v < there.height;
    return inside && other.owners[v * there.width + u] === owner ? owner : -1;
  });
  return { ...view, owners };
}

/** Distance of a point of the camera's frame from the surface of a cuboid, in meters. */
export function distanceTo(camera: WorldCamera, { center, size, yaw }: Cuboid, point: Vector): number {
  const pose = camera.pose ?? IDENTITY;
  const [x, y, z] = rotate(pose, ...point);
  const [dx, dy, dz] = [x + pose.x - center[0], y + pose.y - center[1], z + pose.z - center[2]];
  const [c, s] = [Math.cos(yaw), Math.sin(yaw)];
  const local = [c * dx - s * dz, dy, s * dx + c * dz];
  const outside = Math.hypot(...local.map((value, axis) => Math.max(0, Math.abs(value) - size[axis]! / 2)));
  if (outside > 0) return outside;
  return Math.min(...local.map((value, axis) => size[axis]! / 2 - Math.abs(value)));
}

/** The transform from one camera's optical frame to another's. */
export function between(
  from: WorldCamera,
  to: WorldCamera,
): { readonly world: RigidTransform; readonly toWorld: RigidTransform } {
  return { world: invert(to.pose ?? IDENTITY), toWorld: from.pose ?? IDENTITY };
}

/** Reproducible numbers in [0, 1): mulberry32. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Noise of mean 0 and deviation 1, nearly normal. */
export function noise(next: () => number): number {
  return Math.sqrt(3) * (next() + next() + next() + next() - 2);
}

/** Six things before the camera: near and far, aside, turned; two of them behind others. */
export const CUBOIDS: readonly Cuboid[] = [
  { center: [-0.9, 0.75, 2.6], size: [0.5, 0.9, 0.4], yaw: 0.5, classId: 0 },
  { center: [0.1, 0.6, 3.2], size: [0.6, 1.2, 0.6], yaw: 0, classId: 1 },
  { center: [1.3, 0.8, 3], size: [0.5, 0.8, 0.9], yaw: -0.6, classId: 2 },
  { center: [-0.35, 0.3, 5], size: [0.9, 1.8, 0.5], yaw: 0.2, classId: 0 },
  { center: [1.0, 0.4, 6], size: [1.6, 1.6, 1.2], yaw: 0.9, classId: 3 },
  { center: [-2.3, 0.5, 4.5], size: [0.8, 1.4, 0.8], yaw: 0.3, classId: 0 },
];

export const COLOR: Intrinsics = { width: 640, height: 352, fx: 400, fy: 400, cx: 321.5, cy: 178.25 };
