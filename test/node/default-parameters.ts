import { SEGMENT_PARAMETERS, type SegmentParameters } from '../../src/parameters/segment.js';

/** The default parameters of the node segment. */
export function defaultParameters(): SegmentParameters {
  return Object.fromEntries(
    Object.entries(SEGMENT_PARAMETERS).map(([name, { default: value }]) => [name, value]),
  ) as unknown as SegmentParameters;
}
