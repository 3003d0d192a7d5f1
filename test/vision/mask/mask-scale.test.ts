import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import fc from 'fast-check';
import { MaskScaler } from '../../../src/vision/mask/mask-scale.js';
import type { Mask } from '../../../src/vision/mask/segmentation.js';

function inside({ x, y, width, height, data }: Mask, column: number, row: number): number {
  if (column < x || row < y || column >= x + width || row >= y + height) return 0;
  return data[(row - y) * width + column - x]!;
}

describe('MaskScaler', () => {
  it('gives each pixel the cell that contains its center', () => {
    const scaler = new MaskScaler();
    const size = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(
        size,
        size,
        size,
        size,
        fc.infiniteStream(fc.nat(1000)),
        (width, height, maskWidth, maskHeight, numbers) => {
          const next = (below: number): number => (numbers.next().value as number) % below;
          const [x, y] = [next(maskWidth), next(maskHeight)];
          const [w, h] = [next(maskWidth - x + 1), next(maskHeight - y + 1)];
          const mask = { x, y, width: w, height: h, data: Uint8Array.from({ length: w * h }, () => next(2)) };
          const large = scaler.toPicture(mask, { width, height, maskWidth, maskHeight });
          for (let row = 0; row < height; row++) {
            for (let column = 0; column < width; column++) {
              const cellX = Math.min(maskWidth - 1, Math.floor(((column + 0.5) * maskWidth) / width));
              const cellY = Math.min(maskHeight - 1, Math.floor(((row + 0.5) * maskHeight) / height));
              assert.equal(inside(large, column, row), inside(mask, cellX, cellY), `${column},${row}`);
            }
          }
          assert.ok(large.x + large.width <= width && large.y + large.height <= height);
          assert.equal(large.data.length, large.width * large.height);
        },
      ),
    );
  });

  it('copies nothing if the grid is that of the picture', () => {
    const mask = { x: 1, y: 1, width: 1, height: 1, data: Uint8Array.of(1) };
    assert.equal(
      new MaskScaler().toPicture(mask, { width: 4, height: 4, maskWidth: 4, maskHeight: 4 }),
      mask,
    );
  });
});
