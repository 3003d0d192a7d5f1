import { encodeJpeg } from '../../src/media/render/encode.js';
import { Overlay } from '../../src/media/render/overlay.js';
import type { Bench } from '../bench.js';
import { benchHeads, benchLabels, memcpyOf, noiseFrame, sceneFrame, segmentationOf } from '../material.js';

export const bench: Bench = {
  summary: 'drawing instances over the picture, and encoding it as JPEG',
  async run({ measure }) {
    const heads = await benchHeads();
    const segmentation = segmentationOf(heads);
    const { width, height, instances } = segmentation;
    const size = `${width}x${height}`;
    const frame = noiseFrame(width, height);
    const overlay = new Overlay({ labels: benchLabels(heads).names });
    const memory = new Uint8Array(3 * width * height);
    const painted = new Overlay({ labels: [] }).paint(sceneFrame(width, height), segmentation);
    const yardsticks = [memcpyOf(memory.length)];
    return measure([
      {
        name: `${instances.length} instances over ${size}`,
        run: () => overlay.paint(frame, segmentation, 'full', memory),
        yardsticks,
      },
      { name: `JPEG of ${size}`, run: () => encodeJpeg(painted), yardsticks },
      {
        name: `JPEG of ${size}, tables of the standard`,
        run: () => encodeJpeg(painted, undefined, undefined, 'standard'),
        yardsticks,
      },
    ]);
  },
};
