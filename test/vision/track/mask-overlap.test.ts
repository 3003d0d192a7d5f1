import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { MaskRuns } from '../../../src/vision/mask/runs.js';
import { type PlacedRuns, movedMaskIou } from '../../../src/vision/track/mask-overlap.js';

function runsOf(x: number, y: number, width: number, data: readonly number[]): PlacedRuns {
  const height = data.length / width;
  const maskRuns = new MaskRuns();
  maskRuns.read({ x, y, width, height, data: Uint8Array.from(data) });
  return { x, y, width, height, edges: maskRuns.edges.slice(), count: maskRuns.count };
}

/** Cell by cell. */
function iou(a: PlacedRuns, moveX: number, moveY: number, b: PlacedRuns): number {
  const cells = ({ x, y, width, edges, count }: PlacedRuns, dx: number, dy: number): Set<string> => {
    const set = new Set<string>();
    for (let run = 0; run < count; run++)
      for (let cell = edges[2 * run]!; cell < edges[2 * run + 1]!; cell++)
        set.add(`${x + dx + (cell % width)},${y + dy + Math.floor(cell / width)}`);
    return set;
  };
  const first = cells(a, moveX, moveY);
  const second = cells(b, 0, 0);
  const shared = [...first].filter((cell) => second.has(cell)).length;
  const all = first.size + second.size - shared;
  return all === 0 ? 0 : shared / all;
}

const mask = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 12 }))
  .chain(([width, height]) =>
    fc.record({
      x: fc.integer({ min: 0, max: 6 }),
      y: fc.integer({ min: 0, max: 6 }),
      width: fc.constant(width),
      data: fc.array(fc.integer({ min: 0, max: 1 }), {
        minLength: width * height,
        maxLength: width * height,
      }),
    }),
  )
  .map(({ x, y, width, data }) => runsOf(x, y, width, data));

describe('movedMaskIou', () => {
  it('is the exact IoU of the moved mask and the other for few rows', () => {
    const move = fc.integer({ min: -4, max: 4 });
    fc.assert(
      fc.property(mask, mask, move, move, (a, b, x, y) => {
        fc.pre(Math.max(a.y + y + a.height, b.y + b.height) - Math.min(a.y + y, b.y) <= 12);
        const found = movedMaskIou(a, x, y, b);
        assert.ok(Math.abs(found - iou(a, x, y, b)) < 1e-12, `${found}`);
      }),
      { numRuns: 500 },
    );
  });

  it('approximates it for tall masks by 12 rows', () => {
    const disc = (radius: number, x: number, y: number): PlacedRuns => {
      const side = 2 * radius;
      const data = Array.from({ length: side * side }, (_, cell) => {
        const dx = (cell % side) + 0.5 - radius;
        const dy = Math.floor(cell / side) + 0.5 - radius;
        return dx * dx + dy * dy < radius * radius ? 1 : 0;
      });
      return runsOf(x, y, side, data);
    };
    const [a, b] = [disc(90, 10, 20), disc(80, 40, 50)];
    for (const [x, y] of [
      [0, 0],
      [25, 31],
      [-40, 12],
    ] as const) {
      assert.ok(Math.abs(movedMaskIou(a, x, y, b) - iou(a, x, y, b)) < 0.04);
    }
  });

  it('is 0 with an empty mask', () => {
    const some = runsOf(0, 0, 2, [1, 1, 1, 1]);
    const none = runsOf(0, 0, 2, [0, 0]);
    assert.equal(movedMaskIou(some, 0, 0, none), 0);
    assert.equal(movedMaskIou(none, 0, 0, some), 0);
  });
});
