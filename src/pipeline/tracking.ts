import { DEFAULT_SCORE, type DecodeOptions } from '../vision/decode/options.js';
import type { EndedTrack, Instance, Segmentation } from '../vision/mask/segmentation.js';
import type { Stamp } from '../vision/picture/frame-source.js';
import type { TrackOptions } from '../vision/track/options.js';
import { type TrackIds, Tracker } from '../vision/track/tracker.js';

export interface TrackingOptions extends TrackOptions {
  /** What results report without tracking. */
  readonly reported: Pick<DecodeOptions, 'score' | 'classScores'>;
  /** Whether a tracked object is reported down to `lowScore`, once its score has reached what results report. @default false */
  readonly steadyScores?: boolean | undefined;
}

/** Counts of a camera's tracks. */
export interface TrackCounts {
  /** Objects with an id that are visible, and those that are lost. */
  readonly live: number;
  readonly lost: number;
  /** New ids where a lost object of the class was looked for: probably the same one. */
  readonly switched: number;
  /** Times that all tracks were given up at once: a jump of the stamps, a service, another model. */
  readonly resets: number;
}

/**
 * What the decoder must find so that tracking has poor detections, too: those that continue a track.
 *
 * @param lowScore lowest score of these
 */
export function decodeForTracking(options: DecodeOptions, lowScore: number): DecodeOptions {
  const { score = DEFAULT_SCORE, classScores } = options;
  return {
    ...options,
    score: Math.min(score, lowScore),
    classScores:
      classScores &&
      Object.fromEntries(
        Object.entries(classScores).map(([classId, limit]) => [classId, Math.min(limit, lowScore)]),
      ),
  };
}

/**
 * The tracks of one camera: between decoder and messages.
 *
 * Results have the same instances as without tracking, and ids: poor detections, which only continue tracks, are taken out again,
 * unless `steadyScores` says otherwise.
 */
export class CameraTracking {
  readonly #tracker: Tracker;
  #options: TrackingOptions | undefined;
  /** Objects that were reported, while they are tracked. */
  readonly #shown = new Set<number>();
  readonly #ended: EndedTrack[] = [];
  /** Whether anything was ever tracked. */
  #used = false;
  /** Of the frames since the last one with poor detections. */
  readonly #kept: Instance[] = [];

  /** @param ids cameras that share them never give the same one */
  constructor(ids?: TrackIds) {
    this.#tracker = new Tracker({}, ids);
  }

  /** @param options undefined: no tracking, which ends all tracks @throws ExpectationError for options out of range */
  setOptions(options: TrackingOptions | undefined): void {
    if (options) this.#tracker.setOptions(options);
    else if (this.#options) this.reset();
    this.#options = options;
  }

  /** Undefined while nothing is tracked. */
  get counts(): TrackCounts | undefined {
    if (!this.#options) return undefined;
    const { live, lost, switched, resets } = this.#tracker;
    return { live, lost, switched, resets };
  }

  /** Ends all tracks; no id comes again. */
  reset(): void {
    this.#tracker.reset();
  }

  /**
   * Gives the instances of the next frame their trackIds.
   *
   * @param found of a decoder with the options that decodeForTracking() gives
   * @returns what results report; valid as long as `found`, and until the next call
   */
  apply(stamp: Stamp, found: Segmentation): Segmentation {
    const options = this.#options;
    if (!options) {
      if (!this.#used) return found;
      // The decoder's instances are used again and again.
      for (const instance of found.instances) if (instance.trackId !== undefined) instance.trackId = 0;
      if (this.#tracker.ended.length === 0) return found;
      const ended = this.#tracker.ended.splice(0).filter(({ trackId }) => this.#shown.delete(trackId));
      return { ...found, ended };
    }
    this.#used = true;
    this.#tracker.update(stamp, found);
    // Those that were never reported are unknown to consumers.
    const ended = this.#ended;
    ended.length = 0;
    for (const track of this.#tracker.ended) if (this.#shown.delete(track.trackId)) ended.push(track);
    const kept = this.#kept;
    kept.length = 0;
    for (const instance of found.instances) if (this.#isReported(instance, options)) kept.push(instance);
    return { ...found, instances: kept, ended };
  }

  #isReported({ classId, score, trackId }: Instance, { reported, steadyScores }: TrackingOptions): boolean {
    const id = trackId ?? 0;
    const limit = reported.classScores?.[classId] ?? reported.score ?? DEFAULT_SCORE;
    if (score >= limit) {
      if (id !== 0) this.#shown.add(id);
      return true;
    }
    return (steadyScores ?? false) && id !== 0 && this.#shown.has(id);
  }
}
