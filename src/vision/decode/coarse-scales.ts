import { channelScales } from './dequantize.js';
import type { HeadLayout } from './head-layout.js';

/** Steps of a score that still tell thresholds apart: a twentieth. Those of int16 over boxes up to 640 are 0.02, of int8 5. */
const COARSE_SCORE = 0.05;

/**
 * What is lost where boxes in pixels and scores from 0 to 1 are integers of one scale; undefined where nothing is.
 *
 * @example int8 detections of a 640x640 network: scores are 0 or 5, so nothing or anything passes a threshold
 */
export function coarseScores({ form, levels }: HeadLayout): string | undefined {
  if (form === 'heads') return undefined;
  const head = levels[0]!.class;
  // Of instances the channel behind the score is the class.
  const scale = channelScales(head)?.scale.slice(0, form === 'instances' ? 1 : undefined);
  const step = Math.max(...(scale ?? [0]));
  if (!(step > COARSE_SCORE)) return undefined;
  return (
    `Scores of output ${head.info.name} come in steps of ${Number(step.toPrecision(2))}: it is ${head.info.type} with one scale for boxes and scores. ` +
    'Compile the model with float32 or int16 outputs, or cut it into its heads.'
  );
}

/** Step of the class numbers where it is so large that it skips some; undefined where it is not. */
export function coarseClasses({ form, levels }: HeadLayout): number | undefined {
  const step = form === 'instances' ? channelScales(levels[0]!.class)?.scale[1] : undefined;
  return step !== undefined && !(step <= 1) ? step : undefined;
}
