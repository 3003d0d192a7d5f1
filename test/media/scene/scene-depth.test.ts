import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Scene } from '../../../src/media/scene/index.js';
import { POINT_WORDS, REGISTERED, SpaceMeasurer } from '../../../src/vision/depth/objects-in-space.js';

const SIZE = { width: 640, height: 352 };

describe('depth of generated scenes', () => {
  it('is exact: the points of an instance lie on one plane, in front of the floor', () => {
    const scene = new Scene({ ...SIZE, seed: 4, objects: 8 });
    const { truth } = scene.render(12);
    const data = new Float32Array(SIZE.width * SIZE.height);
    scene.renderDepth(12, data);
    const instances = truth.objects
      .filter(({ ignore }) => !ignore)
      .map((object, i) => ({ ...object, score: 0.9 - 0.01 * i }));
    assert.ok(instances.length >= 4);
    const measurer = new SpaceMeasurer();
    const found = { ...SIZE, maskWidth: SIZE.width, maskHeight: SIZE.height, instances };
    const { fx, fy, cx, cy } = scene.intrinsics;
    for (const object of measurer.measure(found, { ...SIZE, data }, scene.intrinsics, REGISTERED)) {
      const { centroid, distance, firstPoint, points } = object;
      assert.ok(points > 0);
      // The truth: the mean over all pixels of the mask.
      const { mask } = instances[object.instance]!;
      const sums = [0, 0, 0];
      let count = 0;
      for (let at = 0; at < mask.data.length; at++) {
        if (mask.data[at] !== 1) continue;
        const u = mask.x + (at % mask.width);
        const v = mask.y + Math.floor(at / mask.width);
        const z = data[v * SIZE.width + u]!;
        [((u - cx) / fx) * z, ((v - cy) / fy) * z, z].forEach((value, k) => (sums[k]! += value));
        count++;
      }
      const off = Math.hypot(
        centroid.x - sums[0]! / count,
        centroid.y - sums[1]! / count,
        centroid.z - sums[2]! / count,
      );
      assert.ok(off < 0.01 * distance, `${off} m at ${distance} m`);
      // Three points span the plane, and all others lie on it.
      const at = (i: number): number[] => [...measurer.cloud.subarray(POINT_WORDS * i, POINT_WORDS * i + 3)];
      const [a, b, c] = [
        at(firstPoint),
        at(firstPoint + Math.floor(points / 3)),
        at(firstPoint + points - 1),
      ];
      const [p, q] = [b.map((value, k) => value - a[k]!), c.map((value, k) => value - a[k]!)];
      const normal = [
        p[1]! * q[2]! - p[2]! * q[1]!,
        p[2]! * q[0]! - p[0]! * q[2]!,
        p[0]! * q[1]! - p[1]! * q[0]!,
      ];
      const length = Math.hypot(...normal);
      if (length < 1e-3) continue;
      for (let i = firstPoint; i < firstPoint + points; i++) {
        const height = at(i).reduce((sum, value, k) => sum + (value - a[k]!) * normal[k]!, 0) / length;
        assert.ok(Math.abs(height) < 1e-3, `${height}`);
      }
      assert.ok(distance < 8, 'before the floor');
    }
  });

  it('is the same in any order, and changes with time', () => {
    const depth = (scene: Scene, index: number): Float32Array => {
      const target = new Float32Array(SIZE.width * SIZE.height);
      scene.renderDepth(index, target);
      return target;
    };
    const scene = new Scene({ ...SIZE, seed: 4 });
    const fifth = depth(scene, 5);
    assert.notDeepEqual(depth(scene, 9), fifth);
    scene.render(2);
    assert.deepEqual(depth(scene, 5), fifth);
    assert.ok(fifth.every((value) => value > 0.5 && value < 12));
  });
});
