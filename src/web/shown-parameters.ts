import { ExpectationError } from '../base/expect.js';
import { checkParameter } from '../parameters/parameter.js';
import { SEGMENT_PARAMETERS, type SegmentParameters } from '../parameters/segment.js';
import type { ShownParameter } from './protocol/messages.js';

/** The settings that the page shows, in this order; all may change while the node is active. */
const SHOWN = [
  'score',
  'iou',
  'max_detections',
  'tracking',
  'classes',
] as const satisfies readonly (keyof SegmentParameters)[];

/** Their values, ranges and help. */
export function shownParameters(values: SegmentParameters): ShownParameter[] {
  return SHOWN.map((name) => {
    const { type, help, ...rest } = SEGMENT_PARAMETERS[name];
    return { name, type, help, value: values[name], ...('range' in rest ? { range: rest.range } : {}) };
  });
}

/**
 * A setting that a page sent, checked by the parameter's row.
 *
 * @throws ExpectationError for a setting that the page does not show, and for a value out of range
 */
export function givenParameter(name: string, value: unknown): Partial<SegmentParameters> {
  const known = SHOWN.find((shown) => shown === name);
  if (known === undefined) throw new ExpectationError(`one of ${SHOWN.join(', ')}`, name);
  return { [known]: checkParameter(known, SEGMENT_PARAMETERS[known], value) };
}
