import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { nativeDepthKernels } from '../../../src/native/depth-kernels.js';
import { type ObjectInSpace, REGISTERED, SpaceMeasurer } from '../../../src/vision/depth/objects-in-space.js';
import { type Cuboid, depthOf, look, segmentationOf, surfaceMean } from './world.js';

/** A box, a crate, a cupboard, a desk. */
const SHAPES: readonly (readonly [width: number, height: number, depth: number])[] = [
  [0.5, 0.8, 0.5],
  [0.6, 0.5, 0.9],
  [1.0, 1.7, 0.6],
  [1.4, 0.75, 0.8],
];
const YAWS = [-0.95, -0.6, 0.7];
const DISTANCES = [2.9, 4.2];
/** One that sees the ground from 2 m on. */
const CAMERA = { width: 640, height: 480, fx: 400, fy: 400, cx: 321.5, cy: 238.25 };
const ASIDE = [-0.25, 0, 0.2];

/** How flat a face may be seen: sides get back the band that is left out along them, of which each pixel is then too much. */
const FLATTEST = (25 * Math.PI) / 180;

/** One thing for each shape, yaw and distance, standing on the ground, of which two upright faces are seen; asides take turns. */
function things(): Cuboid[] {
  const all: Cuboid[] = [];
  let turn = 0;
  for (const [w, h, d] of SHAPES)
    for (const yaw of YAWS)
      for (const z of DISTANCES) {
        const x = ASIDE[turn++ % ASIDE.length]! * z;
        const turned = Math.abs(yaw - Math.atan2(x, z));
        if (Math.min(turned, Math.PI / 2 - turned) < FLATTEST) continue;
        all.push({ center: [x, 1.2 - h / 2, z], size: [w, h, d], yaw, classId: 0 });
      }
  return all;
}

/** Lengths along the box's axes, of which x points away from the camera most. */
function expectedSize({ size: [w, h, d], yaw }: Cuboid): readonly [number, number, number] {
  return Math.abs(Math.cos(yaw)) >= Math.SQRT1_2 ? [d, w, h] : [w, d, h];
}

/** Largest of the three relative errors of the sides. */
function extentError({ size }: ObjectInSpace, thing: Cuboid): number {
  const [x, y, z] = expectedSize(thing);
  return Math.max(Math.abs(size.x / x - 1), Math.abs(size.y / y - 1), Math.abs(size.z / z - 1));
}

describe('boxes of cuboids', function () {
  const kernels = nativeDepthKernels();
  const measurer = new SpaceMeasurer(kernels);
  const all = things();

  it(`have sides within 5 % and centroids within 1 % of the distance: ${all.length} shapes, yaws and distances`, () => {
    const wrong: string[] = [];
    const errors: number[] = [];
    for (const thing of all) {
      const view = look({ intrinsics: CAMERA }, [thing]);
      const segmentation = segmentationOf(view, [thing]);
      const [object] = measurer.measure(segmentation, depthOf(view, 'millimeters'), CAMERA, REGISTERED);
      const what = `${thing.size.join(' x ')} m, yaw ${thing.yaw}, ${thing.center[2]} m`;
      const [x, y, z] = surfaceMean(view, 0);
      const { centroid, distance, size, coverage } = object!;
      const off = Math.hypot(centroid.x - x, centroid.y - y, centroid.z - z) / distance;
      const error = extentError(object!, thing);
      errors.push(error);
      if (off > 0.01) wrong.push(`${what}: centroid ${(100 * off).toFixed(2)} %`);
      if (error > 0.05)
        wrong.push(
          `${what}: ${[size.x, size.y, size.z].map((side) => side.toFixed(3)).join(' x ')}, ${(100 * error).toFixed(1)} %, coverage ${coverage.toFixed(2)}`,
        );
    }
    errors.sort((a, b) => a - b);
    assert.deepEqual(wrong, [], `${wrong.length} of ${all.length}; median ${errors[errors.length >> 1]}`);
  });
});
