import { expectNumber } from '../base/expect.js';
import { DEFAULT_SCORE, type DecodeOptions } from '../vision/decode/options.js';
import type { EndedTrack, Instance, Segmentation } from '../vision/mask/segmentation.js';
import type { ZoneCount } from '../vision/mask/zone-counts.js';
import type { Stamp } from '../vision/picture/frame-source.js';
import { prepareTracking, type TrackOptions } from '../vision/track/options.js';
import { SteadyShapes } from '../vision/track/steady-shapes.js';
import { type ZoneAnchor, ZoneCounter } from '../vision/track/zone-counter.js';
import type { ZoneShape } from '../vision/track/zone-shape.js';
import { TrackIds, Tracker } from '../vision/track/tracker.js';

export interface TrackingOptions extends TrackOptions {
  /** What results report without tracking. */
  readonly reported: Pick<DecodeOptions, 'score' | 'classScores'>;
  /** Whether a tracked object is reported down to `lowScore`, once its score has reached what results report. @default false */
  readonly steadyScores?: boolean | undefined;
  /** Seconds over which boxes and masks of tracked objects are smoothed, 0 to 2; 0: they are as found. @default 0 */
  readonly steadyShapes?: number | undefined;
  /** Where objects are counted. @default nowhere */
  readonly zones?: readonly ZoneShape[] | undefined;
  /** Which point of an object is counted. @default bottom */
  readonly zoneAnchor?: ZoneAnchor | undefined;
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

/** A result whose fields are replaced frame by frame. */
type Result = { -readonly [Name in keyof Segmentation]: Segmentation[Name] };

/**
 * The tracks of one camera: between decoder and messages.
 *
 * Results have the same instances as without tracking, and ids: poor detections, which only continue tracks, are taken out again,
 * unless `steadyScores` says otherwise. With `steadyShapes`, boxes and masks are smoothed.
 *
 * Nothing is allocated until tracking is switched on, and nothing per frame after that.
 */
export class CameraTracking {
  readonly #ids: TrackIds;
  /** Undefined until it is needed. */
  #tracker: Tracker | undefined;
  #shapes: SteadyShapes | undefined;
  #counter: ZoneCounter | undefined;
  #options: TrackingOptions | undefined;
  /** Objects that were reported, while they are tracked. */
  readonly #shown = new Set<number>();
  readonly #ended: EndedTrack[] = [];
  /** What of the last frame is reported. */
  readonly #kept: Instance[] = [];
  readonly #result: Result = {
    ...{ width: 0, height: 0, maskWidth: 0, maskHeight: 0 },
    ...{ instances: this.#kept, ended: this.#ended, region: undefined },
    ...{ zones: undefined, zoneEvents: undefined },
  };

  /** @param ids cameras that share them never give the same one */
  constructor(ids = new TrackIds()) {
    this.#ids = ids;
  }

  /** @param options undefined: no tracking, which ends all tracks @throws ExpectationError for options out of range */
  setOptions(options: TrackingOptions | undefined): void {
    if (options) {
      // Both are checked before one of them is used.
      expectNumber('steadyShapes', options.steadyShapes ?? 0, 0, 2);
      prepareTracking(options);
      if (this.#tracker) this.#tracker.setOptions(options);
      else this.#tracker = new Tracker(options, this.#ids);
      // Off and on again: what was is too old to be averaged.
      if (!options.steadyShapes) this.#shapes = undefined;
      else this.#shapes ??= new SteadyShapes();
      const { zones = [], zoneAnchor = 'bottom' } = options;
      if (zones.length > 0) (this.#counter ??= new ZoneCounter()).setShapes(zones, zoneAnchor);
      else this.#counter = undefined;
    } else if (this.#options) this.reset();
    this.#options = options;
  }

  /** Undefined while nothing is tracked. */
  get counts(): TrackCounts | undefined {
    if (!this.#options || !this.#tracker) return undefined;
    const { live, lost, switched, resets } = this.#tracker;
    return { live, lost, switched, resets };
  }

  /** Zones and lines count from 0 again. */
  resetCounts(): void {
    this.#counter?.resetCounts();
  }

  /** Zones and lines, and what they have counted. */
  get zones(): readonly ZoneCount[] {
    return (this.#options && this.#counter?.zones) ?? [];
  }

  /** Zones and lines that count nothing, since they lie outside of the last picture; undefined: none. */
  get warning(): string | undefined {
    return this.#options && this.#counter?.warning;
  }

  /** Ends all tracks; no id comes again. */
  reset(): void {
    this.#tracker?.reset();
  }

  /**
   * Gives the instances of the next frame their trackIds.
   *
   * @param found of a decoder with the options that decodeForTracking() gives
   * @returns what results report; valid as long as `found`, and until the next call
   */
  apply(stamp: Stamp, found: Segmentation): Segmentation {
    const tracker = this.#tracker;
    if (!tracker) return found;
    const options = this.#options;
    if (!options) return this.#leaveNoId(tracker, found);
    tracker.update(stamp, found);
    this.#end(tracker);
    const kept = this.#kept;
    kept.length = 0;
    this.#shapes?.begin();
    const { instances } = found;
    for (let i = 0; i < instances.length; i++) {
      const instance = instances[i]!;
      // Those that are not reported, too: they may be in the next frame.
      const steady = this.#smooth(instance, i, tracker, found);
      if (this.#isReported(instance, options)) kept.push(steady);
    }
    this.#shapes?.end();
    const result = this.#resultOf(found);
    this.#counter?.update(result, tracker.now);
    result.zones = this.#counter?.zones;
    result.zoneEvents = this.#counter?.events;
    return result;
  }

  #smooth(instance: Instance, i: number, tracker: Tracker, found: Segmentation): Instance {
    const slot = tracker.slotOf(i);
    if (!this.#shapes || slot < 0 || !instance.trackId) return instance;
    const time = this.#options!.steadyShapes!;
    return this.#shapes.smooth(instance, slot, tracker.filters, tracker.now, time, found);
  }

  /** Those that were never reported are unknown to consumers. */
  #end(tracker: Tracker): void {
    const ended = this.#ended;
    ended.length = 0;
    for (const track of tracker.ended) if (this.#shown.delete(track.trackId)) ended.push(track);
  }

  /** Tracking has been switched off: the decoder's instances are used again and again. */
  #leaveNoId(tracker: Tracker, found: Segmentation): Segmentation {
    for (const instance of found.instances) if (instance.trackId !== undefined) instance.trackId = 0;
    if (tracker.ended.length === 0) return found;
    this.#end(tracker);
    tracker.ended.length = 0;
    const result = { ...found, ended: this.#ended };
    this.#counter?.update({ ...result, instances: [] }, tracker.now);
    // Once more, for those who left with this.
    return { ...result, zones: this.#counter?.zones, zoneEvents: this.#counter?.events };
  }

  #resultOf({ width, height, maskWidth, maskHeight, region }: Segmentation): Result {
    const result = this.#result;
    result.width = width;
    result.height = height;
    result.maskWidth = maskWidth;
    result.maskHeight = maskHeight;
    result.region = region;
    return result;
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
