import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { joinedPolygon } from '../../../src/vision/mask/joined-polygon.js';

/** Area by the shoelace formula: positive if the points run clockwise on the screen. */
function area(points: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < points.length; i += 2) {
    const [x, y] = [points[(i + 2) % points.length]!, points[(i + 3) % points.length]!];
    sum += points[i]! * y - x * points[i + 1]!;
  }
  return sum / 2;
}

describe('joined polygons', () => {
  const outer = [0, 0, 10, 0, 10, 10, 0, 10];
  const hole = [3, 3, 3, 6, 6, 6, 6, 3];
  const second = [20, 0, 24, 0, 24, 5, 20, 5];

  it('enclose the area of their parts, without the holes', () => {
    assert.equal(area(joinedPolygon([outer, hole, second])), 100 - 9 + 20);
    assert.equal(area(joinedPolygon([second, hole, outer])), 100 - 9 + 20);
  });

  it('are cut between the nearest points', () => {
    assert.deepEqual(
      joinedPolygon([
        [0, 0, 2, 0, 2, 2],
        [5, 0, 7, 0, 7, 2],
      ]),
      [...[0, 0, 2, 0, 5, 0, 7, 0, 7, 2, 5, 0, 2, 0, 2, 2]],
    );
  });

  it('enclose the area of many parts, each reached from the one beside it', () => {
    // Squares of 4 pixels in a row, with gaps of 1, given out of order: no cut is longer than the gap.
    const squares = [0, 7, 3, 1, 9, 5, 2, 8, 6, 4].map((i) => [
      5 * i,
      0,
      5 * i + 4,
      0,
      5 * i + 4,
      4,
      5 * i,
      4,
    ]);
    const joined = joinedPolygon(squares);
    assert.equal(area(joined), 160);
    for (let i = 2; i < joined.length; i += 2) {
      assert.ok(Math.hypot(joined[i]! - joined[i - 2]!, joined[i + 1]! - joined[i - 1]!) <= 4);
    }
  });

  it('are the contour itself if there is only one, and empty if there is none', () => {
    assert.deepEqual(joinedPolygon([outer]), outer);
    assert.deepEqual(joinedPolygon([]), []);
  });
});
