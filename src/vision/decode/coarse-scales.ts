import { channelScales } from './dequantize.js';
import type { HeadLayout } from './head-layout.js';

/** Largest acceptable step of scores: a twentieth. With boxes up to 640, the step of int16 is 0.02, that of int8 is 5. */
const COARSE_SCORE = 0.05;

/**
 * A warning if boxes in pixels and scores from 0 to 1 are integers of one scale and scores are too coarse; undefined if they are not.
 *
 * @example int8 detections of a 640x640 network: scores are 0 or 5, so nothing or anything passes a threshold
 */
export function coarseScores({ form, levels }: HeadLayout): string | undefined {
  if (form === 'heads') return undefined;
  const head = levels[0]!.class;
  // In instances, the channel after the score is the class.
  const scale = channelScales(head)?.scale.slice(0, form === 'instances' ? 1 : undefined);
  const step = Math.max(...(scale ?? [0]));
  if (!(step > COARSE_SCORE)) return undefined;
  return (
    `Scores of output ${head.info.name} come in steps of ${Number(step.toPrecision(2))}: it is ${head.info.type} with one scale for boxes and scores. ` +
    'Compile the model with float32 or int16 outputs, or cut it into its heads.'
  );
}

/** Step of the class numbers if it is so large that it skips some; else undefined. */
export function coarseClasses({ form, levels }: HeadLayout): number | undefined {
  const step = form === 'instances' ? channelScales(levels[0]!.class)?.scale[1] : undefined;
  return step !== undefined && !(step <= 1) ? step : undefined;
}
