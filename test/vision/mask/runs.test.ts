import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import fc from 'fast-check';
import type { Mask } from '../../../src/vision/mask/segmentation.js';
import { MaskRuns } from '../../../src/vision/mask/runs.js';

/** Small crops of all shapes; each lies somewhere in a larger buffer that is full of ones. */
const crop = fc
  .record({ width: fc.integer({ min: 0, max: 9 }), height: fc.integer({ min: 0, max: 9 }), shift: fc.nat(5) })
  .chain(({ width, height, shift }) =>
    fc
      .array(fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, fc.constant(0)), {
        minLength: width * height,
        maxLength: width * height,
      })
      .map((cells): Mask => {
        const data = new Uint8Array(cells.length + shift + 5).fill(1).subarray(shift, shift + cells.length);
        data.set(cells);
        return { x: 0, y: 0, width, height, data };
      }),
  );

type Edges = [from: number, to: number][];

function edgesOf(maskRuns: MaskRuns, side: 'rows' | 'upperEdges'): Edges {
  const found: Edges = [];
  maskRuns[side]((from, to) => found.push([from, to]));
  return found;
}

/** Cell by cell: runs of those that `is` true for, within rows. */
function runs(width: number, rows: number, is: (x: number, y: number) => boolean): Edges {
  const found: Edges = [];
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < width; x++) {
      if (!is(x, y)) continue;
      const from = x;
      while (x < width && is(x, y)) x++;
      found.push([y * width + from, y * width + x]);
    }
  }
  return found;
}

describe('MaskRuns', () => {
  it('are the cells inside, with upper edges below cells outside, for any mask', () => {
    const maskRuns = new MaskRuns();
    fc.assert(
      fc.property(crop, (mask) => {
        maskRuns.read(mask);
        const { width, height, data } = mask;
        const inside = (x: number, y: number): boolean => y >= 0 && y < height && data[y * width + x] === 1;
        const filled = new Uint8Array(data.length);
        for (let k = 0; k < maskRuns.count; k++) {
          filled.fill(1, maskRuns.edges[2 * k], maskRuns.edges[2 * k + 1]);
          if (k > 0) assert.ok(maskRuns.edges[2 * k - 1]! < maskRuns.edges[2 * k]!, 'runs are apart');
        }
        assert.deepEqual(filled, Uint8Array.from(data));
        assert.deepEqual(edgesOf(maskRuns, 'rows'), runs(width, height, inside));
        const upper = runs(width, height, (x, y) => inside(x, y) && !inside(x, y - 1));
        assert.deepEqual(cells(edgesOf(maskRuns, 'upperEdges')), cells(upper));
        for (const [from, to] of edgesOf(maskRuns, 'upperEdges'))
          assert.equal(Math.floor(from / width), Math.floor((to - 1) / width), 'within one row');
      }),
      { numRuns: 1000 },
    );
  });

  it('grow with the mask', () => {
    const data = Uint8Array.from({ length: 100 * 100 }, (_, i) => (i + Math.floor(i / 100)) % 2);
    const maskRuns = new MaskRuns();
    maskRuns.read({ x: 0, y: 0, width: 100, height: 100, data });
    assert.equal(maskRuns.count, 5000 - 50); // where rows meet, two cells make one run every other time
    maskRuns.read({ x: 0, y: 0, width: 0, height: 0, data: new Uint8Array(0) });
    assert.equal(maskRuns.count, 0);
  });
});

function cells(edges: Edges): number[] {
  return edges.flatMap(([from, to]) => Array.from({ length: to - from }, (_, i) => from + i));
}
