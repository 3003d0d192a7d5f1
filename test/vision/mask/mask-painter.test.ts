import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { MaskPainter } from '../../../src/vision/mask/mask-painter.js';
import { MaskRuns } from '../../../src/vision/mask/runs.js';
import type { Instance, Mask, Segmentation } from '../../../src/vision/mask/segmentation.js';
import { Random } from '../../../src/media/scene/random.js';

const NOBODY = -1;

function instance(mask: Mask): Instance {
  return { classId: 0, score: 0.5, box: { x1: 0, y1: 0, x2: 1, y2: 1 }, mask };
}

function segmentation(maskWidth: number, maskHeight: number, masks: readonly Mask[]): Segmentation {
  return {
    width: 2 * maskWidth,
    height: 2 * maskHeight,
    maskWidth,
    maskHeight,
    instances: masks.map(instance),
  };
}

/** The rank of the best instance in whose mask the center of each cell lies, cell by cell. */
function expected(
  { maskWidth, maskHeight, instances }: Segmentation,
  width: number,
  height: number,
): number[] {
  return Array.from({ length: width * height }, (_, at) => {
    const x = Math.floor((((at % width) + 0.5) * maskWidth) / width);
    const y = Math.floor(((Math.floor(at / width) + 0.5) * maskHeight) / height);
    return instances.findIndex(({ mask }) => {
      const [column, row] = [x - mask.x, y - mask.y];
      if (column < 0 || row < 0 || column >= mask.width || row >= mask.height) return false;
      return mask.data[row * mask.width + column] === 1;
    });
  });
}

function painted(painter: MaskPainter, frame: Segmentation, width: number, height: number): number[] {
  const cells = new Array<number>(width * height).fill(NOBODY);
  painter.paint(frame, width, height, (from, to, rank) => {
    assert.ok(0 <= from && from < to && to <= cells.length, `[${from}, ${to}) of ${cells.length}`);
    assert.equal(Math.floor(from / width), Math.floor((to - 1) / width), 'cells of one row');
    cells.fill(rank, from, to);
  });
  return cells;
}

describe('MaskPainter', () => {
  const random = new Random(15);
  const below = (end: number): number => Math.floor(end * random.next());

  /** Lies anywhere on the grid; one in four fills its crop, so that runs go on from row to row. */
  function randomMask(maskWidth: number, maskHeight: number): Mask {
    const [x, y] = [below(maskWidth), below(maskHeight)];
    const width = 1 + below(maskWidth - x);
    const height = 1 + below(maskHeight - y);
    const full = below(4) === 0;
    const data = Uint8Array.from({ length: width * height }, () => Number(full || random.next() < 0.6));
    const mask = { x, y, width, height, data };
    if (below(2) === 0) return mask;
    const maskRuns = new MaskRuns();
    maskRuns.read(mask);
    return { ...mask, runs: maskRuns.runs.slice() };
  }

  it('assigns each cell to the best instance whose mask contains its center, on grids of any size', () => {
    // One painter for all: what it keeps of a grid must not be used for another.
    const painter = new MaskPainter();
    for (let round = 0; round < 150; round++) {
      const [maskWidth, maskHeight] = [1 + below(24), 1 + below(24)];
      const masks = Array.from({ length: below(4) }, () => randomMask(maskWidth, maskHeight));
      const frame = segmentation(maskWidth, maskHeight, masks);
      const [width, height] = round % 3 === 0 ? [maskWidth, maskHeight] : [1 + below(60), 1 + below(60)];
      assert.deepEqual(
        painted(painter, frame, width, height),
        expected(frame, width, height),
        `${maskWidth}x${maskHeight} on ${width}x${height}`,
      );
    }
  });

  it('paints nothing for an empty mask', () => {
    const empty = { x: 0, y: 0, width: 0, height: 0, data: new Uint8Array(0) };
    const outside = { x: 1, y: 1, width: 2, height: 1, data: new Uint8Array(2) };
    const frame = segmentation(4, 4, [empty, outside]);
    assert.ok(painted(new MaskPainter(), frame, 8, 8).every((rank) => rank === NOBODY));
  });

  it('loses masks smaller than a cell beside its center, and keeps those on it', () => {
    const dot = (x: number): Mask => ({ x, y: 0, width: 1, height: 1, data: Uint8Array.of(1) });
    // The centers of two cells on eight lie in the third and the seventh.
    for (let x = 0; x < 8; x++) {
      const cells = painted(new MaskPainter(), segmentation(8, 1, [dot(x)]), 2, 1);
      assert.deepEqual(cells, [x === 2 ? 0 : NOBODY, x === 6 ? 0 : NOBODY], `mask cell ${x}`);
    }
  });
});
