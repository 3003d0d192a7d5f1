import { type TrackFrame, trackScene } from '../media/scene/track-scene.js';
import { AveragePrecision } from '../vision/evaluate/average-precision.js';
import { Steadiness, type SteadinessQuality } from '../vision/evaluate/steadiness.js';
import type { Box, Segmentation } from '../vision/mask/segmentation.js';
import { CameraTracking } from './tracking.js';

/** Scenes by what they are good for: still objects show flicker, moving ones what smoothing costs. */
export const STEADY_SETTINGS = [
  { kind: 'still', rate: 30 },
  { kind: 'still', rate: 10 },
  { kind: 'crossing', rate: 30 },
  { kind: 'crossing', rate: 10 },
  { kind: 'occlusion', rate: 30 },
] as const;
export type SteadySetting = (typeof STEADY_SETTINGS)[number];

export interface SteadyQuality extends SteadinessQuality {
  /** COCO's average precision of masks. */
  readonly ap: number;
}

export interface SteadyComparison {
  readonly asFound: SteadyQuality;
  readonly steady: SteadyQuality;
}

/**
 * The same tracked detections as they were found, and smoothed.
 *
 * @param length of each scene in seconds
 * @param time constant of smoothing in seconds
 */
export function compareSteadiness(
  { kind, rate }: SteadySetting,
  seeds: readonly number[],
  length: number,
  time: number,
): SteadyComparison {
  const scenes = seeds.map((seed) => trackScene({ kind, seed, rate, seconds: length }));
  return { asFound: qualityOf(scenes, 0), steady: qualityOf(scenes, time) };
}

function qualityOf(scenes: readonly (readonly TrackFrame[])[], steadyShapes: number): SteadyQuality {
  const steadiness = new Steadiness();
  const precision = new AveragePrecision(2);
  for (const frames of scenes) {
    const tracking = new CameraTracking();
    tracking.setOptions({ reported: {}, steadyShapes });
    for (const { stamp, truth, found } of frames) {
      const reported = tracking.apply(stamp, found);
      steadiness.add(stamp.sec + stamp.nanosec / 1e9, reported, truth);
      precision.add(onGrid(reported), {
        width: reported.maskWidth,
        height: reported.maskHeight,
        objects: truth.map((object) => ({ ...object, box: scaled(object.box, reported) })),
      });
    }
    steadiness.end();
  }
  return { ...steadiness.evaluate(), ap: precision.evaluate().mask.ap };
}

/** Boxes in cells of the masks' grid: average precision is of one size. */
function onGrid(found: Segmentation): Segmentation {
  const { maskWidth, maskHeight, instances } = found;
  return {
    ...{ width: maskWidth, height: maskHeight, maskWidth, maskHeight },
    instances: instances.map((instance) => ({ ...instance, box: scaled(instance.box, found) })),
  };
}

function scaled({ x1, y1, x2, y2 }: Box, { width, height, maskWidth, maskHeight }: Segmentation): Box {
  const x = maskWidth / width;
  const y = maskHeight / height;
  return { x1: x * x1, y1: y * y1, x2: x * x2, y2: y * y2 };
}
