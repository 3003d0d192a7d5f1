import type { Instance, Segmentation } from '../../src/vision/mask/segmentation.js';

/** Frames after which all is as before. */
export const CROWD_PERIOD = 4;

/**
 * People of 160 x 360 pixels in a picture of 1920 x 1080, side by side, or in pairs that cover most of each other's boxes: the
 * dearest case, for the masks of all are compared. They sway by some pixels, so that a tracker has something to do in each frame.
 */
export function crowdFrames(count: number, inPairs: boolean): Segmentation[] {
  return Array.from({ length: CROWD_PERIOD }, (_, phase) => ({
    ...{ width: 1920, height: 1080, maskWidth: 1920, maskHeight: 1080 },
    instances: Array.from({ length: count }, (_, i) => person(i, phase, inPairs ? 40 : 180)),
  }));
}

function person(index: number, phase: number, apart: number): Instance {
  const [width, height] = [160, 360];
  const pair = index >> 1;
  const sway = [0, 5, 0, -5][(phase + index) % CROWD_PERIOD]!;
  const x = 20 + (pair % 5) * 370 + (index % 2) * apart + sway;
  const y = 100 + Math.floor(pair / 5) * 480 + (index % 2) * 30;
  const runs = new Int32Array(2 * height);
  for (let row = 0; row < height; row++) {
    const half = (width / 2) * Math.sqrt(1 - ((2 * row + 1) / height - 1) ** 2);
    runs[2 * row] = row * width + Math.round(width / 2 - half);
    runs[2 * row + 1] = row * width + Math.round(width / 2 + half);
  }
  return {
    classId: 0,
    score: 0.9 - 0.01 * index,
    box: { x1: x, y1: y, x2: x + width, y2: y + height },
    mask: { x, y, width, height, data: new Uint8Array(0), runs },
  };
}
