import type { Instance, Segmentation } from '../../../src/vision/mask/segmentation.js';
import type { Stamp } from '../../../src/vision/picture/frame-source.js';

/** Seconds as a stamp of these days. */
export function stampAt(seconds: number): Stamp {
  const nanoseconds = Math.round(seconds * 1e9);
  const sec = Math.floor(nanoseconds / 1e9);
  return { sec: 1_700_000_000 + sec, nanosec: nanoseconds - sec * 1e9 };
}

/** An upright box with a mask that fills it, in whole pixels. */
export function block(
  x: number,
  y: number,
  width: number,
  height: number,
  score = 0.9,
  classId = 0,
): Instance {
  return {
    classId,
    score,
    box: { x1: x, y1: y, x2: x + width, y2: y + height },
    mask: {
      ...{ x, y, width, height },
      data: new Uint8Array(width * height).fill(1),
      runs: Int32Array.of(0, width * height),
    },
  };
}

/** A frame of 640x360 with these instances, best first. */
export function frameOf(...instances: Instance[]): Segmentation {
  instances.sort((a, b) => b.score - a.score);
  return { width: 640, height: 360, maskWidth: 640, maskHeight: 360, instances };
}
