import { OutlineTracer } from '../../src/vision/mask/outlines.js';
import { RleEncoder } from '../../src/vision/mask/rle.js';
import { nativeKernels } from '../../src/native/kernels.js';
import type { Bench } from '../bench.js';
import { benchHeads, crowdOptions, linearPass, segmentationOf } from '../material.js';

export const bench: Bench = {
  summary: 'masks to COCO RLE and to polygons',
  async run({ measure }) {
    const heads = await benchHeads();
    const encoder = new RleEncoder();
    const tracer = new OutlineTracer(nativeKernels());
    const yardsticks = [linearPass(heads)];
    return measure(
      [segmentationOf(heads), segmentationOf(heads, crowdOptions(heads))].flatMap((found) => {
        const { instances, maskWidth, maskHeight } = found;
        const of = `of ${instances.length} masks`;
        return [
          {
            name: `RLE ${of}`,
            run: () => instances.forEach(({ mask }) => encoder.encode(mask, maskWidth, maskHeight)),
            yardsticks,
          },
          {
            name: `polygons ${of}`,
            run: () => tracer.trace(found),
            yardsticks,
          },
        ];
      }),
    );
  },
};
