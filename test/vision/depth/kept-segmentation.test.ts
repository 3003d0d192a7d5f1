import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { KeptSegmentation, unpackSegmentation } from '../../../src/vision/depth/kept-segmentation.js';
import { DepthMasker } from '../../../src/vision/depth/masked-depth.js';
import { REGISTERED } from '../../../src/vision/depth/objects-in-space.js';
import type { Instance, Mask, Segmentation } from '../../../src/vision/mask/segmentation.js';

const [WIDTH, HEIGHT] = [40, 20];

function square(x: number, y: number, side: number): Mask {
  return { x, y, width: side, height: side, data: new Uint8Array(side * side).fill(1) };
}

function instance(mask: Mask, found?: Mask): Instance {
  const { x, y, width, height } = mask;
  const box = { x1: x, y1: y, x2: x + width, y2: y + height };
  return { classId: 1, score: 0.5, trackId: 3, box, mask, ...(found && { found: { box, mask: found } }) };
}

function segmentation(...instances: Instance[]): Segmentation {
  return { width: WIDTH, height: HEIGHT, maskWidth: WIDTH, maskHeight: HEIGHT, instances };
}

/** What is left of a depth picture without the instances, and of all but them: columns of row 5. */
function columns(of: Segmentation, part: 'instances' | 'others'): number[] {
  const depth = { width: WIDTH, height: HEIGHT, data: new Uint16Array(WIDTH * HEIGHT).fill(2000) };
  const target = new Uint16Array(WIDTH * HEIGHT);
  new DepthMasker().mask(of, depth, REGISTERED, undefined, part, { margin: 0 }, target);
  const row = [...target.subarray(5 * WIDTH, 6 * WIDTH)];
  return row.flatMap((value, x) => (value === (part === 'instances' ? 0 : 2000) ? [x] : []));
}

const from = (first: number, count: number): number[] => Array.from({ length: count }, (_, i) => first + i);

describe('KeptSegmentation', () => {
  const steady = segmentation(
    instance(square(30, 4, 3)),
    instance(square(2, 2, 8), square(12, 2, 8)),
    instance(square(35, 4, 2), square(36, 4, 3)),
  );

  it('keeps shapes as found beside those that are smoothed, also for another thread', () => {
    const kept = new KeptSegmentation();
    for (const each of [steady, kept.copy(steady), unpackSegmentation(kept.pack())]) {
      // Maps without people lack them where they are now, too.
      assert.deepEqual(columns(each, 'instances'), [
        ...from(2, 8),
        ...from(12, 8),
        ...from(30, 3),
        ...from(35, 4),
      ]);
      assert.deepEqual(columns(each, 'others'), [...from(2, 8), ...from(30, 3), ...from(35, 2)]);
    }
    const plain = segmentation(instance(square(1, 1, 9)), instance(square(20, 1, 9)));
    const copy = kept.copy(plain);
    assert.deepEqual(
      [copy, unpackSegmentation(copy.pack())].map((each) => columns(each, 'instances')),
      [from(1, 9), from(1, 9)].map((first) => [...first, ...from(20, 9)]),
      'nothing is left of the frame before',
    );
  });
});
