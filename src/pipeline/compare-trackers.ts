import { type TrackFrame, trackScene } from '../media/scene/track-scene.js';
import type { TrackSceneKind } from '../media/scene/walkers.js';
import { ByteTrack } from '../vision/evaluate/byte-track.js';
import { TrackMetrics, type TrackQuality } from '../vision/evaluate/track-metrics.js';
import { type TrackOptions } from '../vision/track/options.js';
import { Tracker } from '../vision/track/tracker.js';

/** How scenes are filmed: frames per second, and the share of frames that are lost. */
export interface TrackSetting {
  readonly rate: number;
  readonly dropped: number;
}

export const TRACK_SETTINGS: readonly TrackSetting[] = [
  { rate: 30, dropped: 0 },
  { rate: 10, dropped: 0 },
  { rate: 30, dropped: 0.25 },
];

/** Means over scenes; switches are those of a scene. */
export type MeanTrackQuality = Pick<TrackQuality, 'idf1' | 'hota' | 'switches'>;

export interface TrackComparison {
  readonly ours: MeanTrackQuality;
  readonly byteTrack: MeanTrackQuality;
}

/**
 * Our tracker beside ByteTrack's rule on the same generated detections. ByteTrack keeps lost tracks for a second, as its own 30 frames at
 * 30 FPS.
 *
 * @param seconds length of each scene
 */
export function compareTrackers(
  { kind, rate, dropped }: TrackSetting & { readonly kind: TrackSceneKind },
  seeds: readonly number[],
  seconds: number,
  options: TrackOptions = {},
): TrackComparison {
  const scenes = seeds.map((seed) => trackScene({ kind, seed, rate, dropped, seconds }));
  return {
    ours: meanQuality(scenes, () => {
      const tracker = new Tracker(options);
      return ({ stamp, found }) => tracker.update(stamp, found);
    }),
    byteTrack: meanQuality(scenes, () => {
      const tracker = new ByteTrack({ buffer: Math.round(rate) });
      return ({ found }) => tracker.update(found);
    }),
  };
}

function meanQuality(
  scenes: readonly (readonly TrackFrame[])[],
  start: () => (frame: TrackFrame) => void,
): MeanTrackQuality {
  const sum = { idf1: 0, hota: 0, switches: 0 };
  for (const frames of scenes) {
    const update = start();
    const metrics = new TrackMetrics();
    for (const frame of frames) {
      update(frame);
      metrics.add(frame.found, frame.truth);
    }
    const { idf1, hota, switches } = metrics.evaluate();
    sum.idf1 += idf1 / scenes.length;
    sum.hota += hota / scenes.length;
    sum.switches += switches / scenes.length;
  }
  return sum;
}
