import { allocateNv12, letterboxNv12 } from '../../src/native/convert.js';
import { Letterbox } from '../../src/vision/picture/letterbox.js';
import type { Bench } from '../bench.js';
import { memcpyOf, noiseFrame } from '../material.js';

const MODEL = 640;
const SIZES: readonly [number, number][] = [
  [640, 480],
  [960, 544],
  [1280, 720],
  [1600, 900],
  [1920, 1080],
];

export const bench: Bench = {
  summary: 'NV12 frames into a 640x640 NV12 input, beside a copy of the frame',
  run: ({ measure }) =>
    measure(
      SIZES.map(([width, height]) => {
        const frame = noiseFrame(width, height);
        const letterbox = new Letterbox(width, height, MODEL, MODEL);
        const target = allocateNv12(MODEL, MODEL);
        return {
          name: `${width}x${height} to ${MODEL}x${MODEL}`,
          run: () => letterboxNv12(frame, letterbox, target),
          yardsticks: [memcpyOf(frame.data.length)],
        };
      }),
    ),
};
