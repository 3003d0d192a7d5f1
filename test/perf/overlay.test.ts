import { describe, it } from 'mocha';
import type { Instance, Segmentation } from '../../src/vision/mask/segmentation.js';
import { allocateNv12 } from '../../src/native/convert.js';
import { Overlay } from '../../src/media/render/overlay.js';
import { printNote } from '../skips.js';

/** An ellipse of 200 x 300 with its upper left corner there. */
function ellipse(x: number, y: number, classId: number): Instance {
  const [width, height] = [200, 300];
  const data = Uint8Array.from({ length: width * height }, (_, i) => {
    const [dx, dy] = [(i % width) / 100 - 1, Math.floor(i / width) / 150 - 1];
    return dx * dx + dy * dy < 1 ? 1 : 0;
  });
  const box = { x1: x, y1: y, x2: x + width, y2: y + height };
  return { classId, score: 0.5, box, mask: { x, y, width, height, data } };
}

describe('the pace of the overlay', () => {
  it('is printed: 1920 x 1080 with ten objects', function () {
    const frame = allocateNv12(1920, 1080);
    const size = { width: 1920, height: 1080, maskWidth: 1920, maskHeight: 1080 };
    const instances = Array.from({ length: 10 }, (_, i) => ellipse(40 + i * 160, 60 + (i % 3) * 250, i));
    const found: Segmentation = { ...size, instances };
    const overlay = new Overlay({ labels: Array.from({ length: 10 }, (_, i) => `class ${i}`) });
    const memory = new Uint8Array(1920 * 1080 * 3);
    let best = Infinity;
    for (let i = 0; i < 8; i++) {
      const start = performance.now();
      overlay.paint(frame, found, 'full', memory);
      best = Math.min(best, performance.now() - start);
    }
    printNote(this, `${best.toFixed(1)} ms with the conversion of colors, the best of 8`);
  });
});
