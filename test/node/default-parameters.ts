import { SEGMENT_PARAMETERS, type SegmentParameters } from '../../src/parameters/segment.js';

/** What the node segment has where nothing is set. */
export function defaultParameters(): SegmentParameters {
  return Object.fromEntries(
    Object.entries(SEGMENT_PARAMETERS).map(([name, { default: value }]) => [name, value]),
  ) as unknown as SegmentParameters;
}
