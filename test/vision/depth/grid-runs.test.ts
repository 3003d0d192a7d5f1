import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { discOf, GridRuns } from '../../../src/vision/depth/grid-runs.js';
import { Axis } from '../../../src/vision/mask/mask-painter.js';
import { MaskRuns } from '../../../src/vision/mask/runs.js';
import type { Mask } from '../../../src/vision/mask/segmentation.js';

const WIDTH = 14;
const HEIGHT = 11;

/** A crop of any shape somewhere on a grid of 14 x 11. */
const anyMask = fc
  .record({
    x: fc.nat(WIDTH - 1),
    y: fc.nat(HEIGHT - 1),
    width: fc.integer({ min: 1, max: 8 }),
    height: fc.integer({ min: 1, max: 6 }),
  })
  // Many of them touch the border.
  .map(({ x, y, width, height }) => ({
    x,
    y,
    width: Math.min(width, WIDTH - x),
    height: Math.min(height, HEIGHT - y),
  }))
  .chain((crop) =>
    fc
      .array(fc.oneof({ weight: 5, arbitrary: fc.constant(1) }, fc.constant(0)), {
        minLength: crop.width * crop.height,
        maxLength: crop.width * crop.height,
      })
      .map((cells): Mask => ({ ...crop, data: Uint8Array.from(cells) })),
  );

function bitmapOf({ top, bottom, ends, edges }: GridRuns, width: number, height: number): Uint8Array {
  const bitmap = new Uint8Array(width * height);
  for (let row = top; row < bottom; row++)
    for (let k = ends[row - top]!; k < ends[row - top + 1]!; k += 2)
      bitmap.fill(1, row * width + edges[k]!, row * width + edges[k + 1]!);
  return bitmap;
}

function onGrid(mask: Mask, width: number, height: number): Uint8Array {
  const bitmap = new Uint8Array(width * height);
  for (let v = 0; v < height; v++) {
    for (let u = 0; u < width; u++) {
      const x = Math.floor(((u + 0.5) * WIDTH) / width) - mask.x;
      const y = Math.floor(((v + 0.5) * HEIGHT) / height) - mask.y;
      const inside = x >= 0 && y >= 0 && x < mask.width && y < mask.height;
      if (inside) bitmap[v * width + u] = mask.data[y * mask.width + x]!;
    }
  }
  return bitmap;
}

function runsOf(mask: Mask, width: number, height: number): GridRuns {
  const runs = new GridRuns();
  runs.set(mask, new MaskRuns(), new Axis().firstCells(WIDTH, width), new Axis().firstCells(HEIGHT, height));
  return runs;
}

describe('GridRuns', () => {
  it('are the cells whose centers lie in the mask, on a finer, coarser or equal grid', () => {
    fc.assert(
      fc.property(
        anyMask,
        fc.integer({ min: 3, max: 40 }),
        fc.integer({ min: 3, max: 40 }),
        (mask, width, height) => {
          const runs = runsOf(mask, width, height);
          const expected = onGrid(mask, width, height);
          assert.deepEqual(bitmapOf(runs, width, height), expected);
          assert.equal(runs.cells, expected.filter((cell) => cell === 1).length);
        },
      ),
    );
  });

  it('lose the cells whose disc does not lie inside; what lies beyond the grid counts as inside', () => {
    fc.assert(
      fc.property(anyMask, fc.nat(3), (mask, band) => {
        const full = runsOf(mask, WIDTH, HEIGHT);
        const inner = new GridRuns();
        inner.erode(full, discOf(band), WIDTH, HEIGHT);
        const bitmap = onGrid(mask, WIDTH, HEIGHT);
        const expected = bitmap.map((_, at) => {
          const [x, y] = [at % WIDTH, Math.floor(at / WIDTH)];
          for (let v = 0; v < HEIGHT; v++)
            for (let u = 0; u < WIDTH; u++)
              if (bitmap[v * WIDTH + u] === 0 && (u - x) ** 2 + (v - y) ** 2 <= (band + 0.5) ** 2) return 0;
          return 1;
        });
        assert.deepEqual(bitmapOf(inner, WIDTH, HEIGHT), expected);
      }),
    );
  });
});

describe('GridRuns.grow', () => {
  it('visits the cells whose disc touches the mask, and no others', () => {
    fc.assert(
      fc.property(anyMask, fc.nat(3), (mask, margin) => {
        const bitmap = onGrid(mask, WIDTH, HEIGHT);
        const grown = new Uint8Array(WIDTH * HEIGHT);
        runsOf(mask, WIDTH, HEIGHT).grow(discOf(margin), WIDTH, HEIGHT, (from, to) => {
          assert.ok(Math.floor(from / WIDTH) === Math.floor((to - 1) / WIDTH) && from < to);
          grown.fill(1, from, to);
        });
        const expected = bitmap.map((_, at) => {
          const [x, y] = [at % WIDTH, Math.floor(at / WIDTH)];
          for (let v = 0; v < HEIGHT; v++)
            for (let u = 0; u < WIDTH; u++)
              if (bitmap[v * WIDTH + u] === 1 && (u - x) ** 2 + (v - y) ** 2 <= (margin + 0.5) ** 2) return 1;
          return 0;
        });
        assert.deepEqual(grown, expected);
      }),
    );
  });
});
