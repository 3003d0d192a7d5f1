import { type PackedFormat } from '../../src/vision/picture/packed-image.js';
import { allocateNv12, nv12ToPlanarFloat, nv12ToRgb, packedToNv12 } from '../../src/native/convert.js';
import type { Bench, Case } from '../bench.js';
import { memcpyOf, noise, noiseFrame } from '../material.js';

const WIDTH = 1920;
const HEIGHT = 1080;
const MODEL = 640;

export const bench: Bench = {
  summary: 'color conversion to and from NV12, beside a copy of the larger side',
  run: ({ measure }) => {
    const nv12 = allocateNv12(WIDTH, HEIGHT);
    const toNv12 = (format: PackedFormat, channels: number): Case => {
      const data = noise(new Uint8Array(channels * WIDTH * HEIGHT));
      const image = { data, width: WIDTH, height: HEIGHT, format };
      return {
        name: `${format} to nv12, ${WIDTH}x${HEIGHT}`,
        run: () => packedToNv12(image, 'full', nv12),
        yardsticks: [memcpyOf(Math.max(data.length, nv12.data.length))],
      };
    };
    const input = noiseFrame(MODEL, MODEL);
    const planes = new Float32Array(3 * MODEL * MODEL);
    const frame = noiseFrame(WIDTH, HEIGHT);
    const rgb = new Uint8Array(3 * WIDTH * HEIGHT);
    return measure([
      toNv12('bgr8', 3),
      toNv12('rgb8', 3),
      toNv12('mono8', 1),
      {
        name: `nv12 to float planes, ${MODEL}x${MODEL}`,
        run: () => nv12ToPlanarFloat(input, 'full', planes),
        yardsticks: [memcpyOf(planes.byteLength)],
      },
      {
        name: `nv12 to rgb8, ${WIDTH}x${HEIGHT}`,
        run: () => nv12ToRgb(frame, 'full', rgb),
        yardsticks: [memcpyOf(rgb.length)],
      },
    ]);
  },
};
