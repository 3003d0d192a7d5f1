import type { Instance, Mask, Segmentation } from '../../src/vision/mask/segmentation.js';
import type { FrameHeader } from '../../src/vision/picture/frame-source.js';
import { allocateNv12 } from '../../src/native/convert.js';
import type { Nv12Frame } from '../../src/vision/picture/nv12-frame.js';

export const NAMES = ['person', 'bicycle', 'car', 'Möwe'];
export const HEADER: FrameHeader = { stamp: { sec: 1_700_000_000, nanosec: 20 }, frameId: 'left_eye' };
/** Pictures of TROS's stereo cameras. */
export const SIZE = { width: 640, height: 352 };

/** The picture itself, for what shows it. */
export const PIXELS: Nv12Frame = allocateNv12(SIZE.width, SIZE.height);

/** An ellipse within a box, cut at the picture's edges, so that it touches those that the box crosses. */
function ellipse(left: number, top: number, right: number, bottom: number): Mask {
  const x = Math.max(0, left);
  const y = Math.max(0, top);
  const width = Math.min(SIZE.width, right) - x;
  const height = Math.min(SIZE.height, bottom) - y;
  const data = new Uint8Array(width * height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const dx = (2 * (x + column + 0.5 - left)) / (right - left) - 1;
      const dy = (2 * (y + row + 0.5 - top)) / (bottom - top) - 1;
      data[row * width + column] = Number(dx * dx + dy * dy < 1);
    }
  }
  return { x, y, width, height, data };
}

function instance(classId: number, score: number, mask: Mask): Instance {
  const { x, y, width, height } = mask;
  return { classId, score, box: { x1: x, y1: y, x2: x + width, y2: y + height }, mask };
}

/** A person at each edge of the picture, and a car in the middle. */
export const SCENE: Segmentation = {
  ...SIZE,
  ...{ maskWidth: SIZE.width, maskHeight: SIZE.height },
  instances: [
    instance(0, 0.95, ellipse(-60, 60, 80, 300)),
    instance(0, 0.9, ellipse(140, -80, 240, 120)),
    instance(2, 0.8, ellipse(260, 140, 400, 240)),
    instance(0, 0.75, ellipse(560, 50, 700, 290)),
    instance(0, 0.5, ellipse(420, 230, 520, 430)),
  ],
};
export const NOTHING: Segmentation = { ...SCENE, instances: [] };

/** Whether a pixel of the picture is in a mask. */
export function covers({ x, y, width, height, data }: Mask, column: number, row: number): boolean {
  if (column < x || row < y || column >= x + width || row >= y + height) return false;
  return data[(row - y) * width + column - x] === 1;
}

export function area({ data }: Mask): number {
  return data.reduce((sum, inside) => sum + inside, 0);
}
