import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { nativeKernels } from '../../../src/native/kernels.js';
import { OutlineTracer } from '../../../src/vision/mask/outlines.js';
import type { Segmentation } from '../../../src/vision/mask/segmentation.js';

/** A disc of a radius in cells, on a grid of so many cells. */
function disc(radius: number, cells: number, picture: number): Segmentation {
  const side = 2 * radius;
  const data = Uint8Array.from({ length: side * side }, (_, i) =>
    Math.hypot((i % side) + 0.5 - radius, Math.floor(i / side) + 0.5 - radius) <= radius ? 1 : 0,
  );
  const mask = { x: 5, y: 7, width: side, height: side, data };
  const box = { x1: 5, y1: 7, x2: 5 + side, y2: 7 + side };
  return {
    ...{ width: picture, height: picture, maskWidth: cells, maskHeight: cells },
    instances: [{ classId: 0, score: 1, box, mask }],
  };
}

for (const [form, kernels] of [
  ['TypeScript', undefined],
  ['C++', nativeKernels()],
] as const) {
  describe(`OutlineTracer in ${form}`, () => {
    const tracer = new OutlineTracer(kernels);
    const pointsOf = (found: Segmentation, tolerance?: number): [x: number, y: number][] => {
      const { points, ends, scaleX, scaleY } = tracer.trace(found, { tolerance });
      return Array.from({ length: ends[0]! / 2 }, (_, i) => [
        points[2 * i]! * scaleX,
        points[2 * i + 1]! * scaleY,
      ]);
    };
    /** How far contours are from the circle, in cells of a grid as fine as the picture. */
    const farthest = (points: [number, number][], radius: number): number => {
      const distances = points.map(([x, y], i) => {
        const [x2, y2] = points[(i + 1) % points.length]!;
        const middle = Math.hypot((x + x2) / 2 - 5 - radius, (y + y2) / 2 - 7 - radius);
        return Math.abs(middle - radius);
      });
      return Math.max(...distances);
    };

    it('moves contours by at most the tolerance, and gives fewer points the larger it is', () => {
      const found = disc(80, 300, 300);
      const counts = [0, 0.5, 1, 3, 8].map((tolerance) => {
        const points = pointsOf(found, tolerance);
        // A cell of the staircase itself comes on top.
        assert.ok(farthest(points, 80) <= Math.max(1, tolerance) + 1, `${tolerance}`);
        return points.length;
      });
      assert.ok(counts[0]! > 300 && counts[3]! < 40 && counts[4]! >= 4, counts.join());
      assert.deepEqual(
        counts,
        counts.toSorted((a, b) => b - a),
      );
      assert.equal(new Set(counts).size, 4, 'one of less than a cell is a cell; the others differ');
      assert.equal(pointsOf(found).length, counts[2], 'the default');
    });

    it('applies the tolerance in pixels of the picture, also for masks on a coarser grid', () => {
      const fine = disc(80, 300, 300);
      const coarse = { ...fine, width: 1200, height: 1200 };
      assert.equal(pointsOf(coarse, 12).length, pointsOf(fine, 3).length);
      // At least a cell, unless every step is wanted.
      assert.equal(pointsOf(coarse, 1).length, pointsOf(fine, 1).length);
      assert.equal(pointsOf(coarse, 0).length, pointsOf(fine, 0).length);
    });
  });
}
