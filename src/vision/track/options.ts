import { expectInteger, expectNumber } from '../../base/expect.js';

/** Options of tracking; all may change while running. */
export interface TrackOptions {
  /** Lowest score of a detection that continues a track, 0 to 1. @default 0.1 */
  readonly lowScore?: number | undefined;
  /** Lowest score of a detection that begins a track, or finds a lost one again, 0 to 1. @default 0.3 */
  readonly highScore?: number | undefined;
  /** Lowest IoU of the predicted box of a track and a detection, 0 to 1. @default 0.2 */
  readonly overlap?: number | undefined;
  /** Detections after which a track is confirmed and gets its id, 1 to 100. @default 2 */
  readonly hits?: number | undefined;
  /** Seconds for which a lost track is kept, 0 to 60. @default 2 */
  readonly lostTime?: number | undefined;
}

export type TrackSettings = { readonly [Name in keyof TrackOptions]-?: number };

export const DEFAULT_TRACKING: TrackSettings = {
  lowScore: 0.1,
  highScore: 0.3,
  overlap: 0.2,
  hits: 2,
  lostTime: 2,
};

/** @throws ExpectationError naming the option that is out of range */
export function prepareTracking(options: TrackOptions = {}): TrackSettings {
  const { lowScore, highScore, overlap, hits, lostTime } = DEFAULT_TRACKING;
  return {
    lowScore: expectNumber('lowScore', options.lowScore ?? lowScore, 0, 1),
    highScore: expectNumber('highScore', options.highScore ?? highScore, 0, 1),
    overlap: expectNumber('overlap', options.overlap ?? overlap, 0, 1),
    hits: expectInteger('hits', options.hits ?? hits, 1, 100),
    lostTime: expectNumber('lostTime', options.lostTime ?? lostTime, 0, 60),
  };
}
