import { MaskRuns } from '../mask/runs.js';
import type { EndedTrack, Mask, Segmentation } from '../mask/segmentation.js';
import type { Stamp } from '../picture/frame-source.js';
import { Affinity } from './affinity.js';
import { Assignment } from './assignment.js';
import { BoxFilters } from './box-filter.js';
import { FrameDetections } from './frame-detections.js';
import { FrameTimes, LONGEST_PERIOD } from './frame-times.js';
import type { PlacedRuns } from './mask-overlap.js';
import { prepareTracking, type TrackOptions, type TrackSettings } from './options.js';
import { BEGINNER, LIVE, LOST, type Track, TrackList } from './track-list.js';

/** Factor of the variance of a poor detection's edges. */
const POOR_DOUBT = 4;
/** Seconds in which an unseen track loses most of its speed. */
const COASTING = 1;
/** Least IoU of a live track and a poor detection, and of a new track and a good one. */
const POOR_OVERLAP = 0.4;
const BEGINNER_OVERLAP = 0.2;
/** Seconds for which a track without an id may stay unseen. */
const BEGINNER_TIME = 0.15;
/** Least overlap of a new track with a lost one that are probably the same object. */
const SWITCH_OVERLAP = 0.1;

/** Source of ids: 1, 2, 3 ... Trackers that share it never have equal ids: doubles suffice for 300,000 years at 1000 a second. */
export class TrackIds {
  #last: number;

  /** @param last the last used id */
  constructor(last = 0) {
    this.#last = last;
  }

  next(): number {
    return ++this.#last;
  }
}

/**
 * Gives the instances of a camera's frames ids that stay the same for each object.
 *
 * Two stages as in ByteTrack (Zhang et al. 2022): tracks are matched with good detections first, the remaining ones with poor
 * ones, which are often the same objects, half hidden. In addition:
 *
 * - All times are seconds of the frames' stamps: frames may be dropped and rates may vary.
 * - If tracks compete for detections, masks are compared, too, each moved to its predicted position. Boxes of people who pass
 *   each other overlap almost completely, masks do not.
 * - While an object is being covered, its size is kept, and its motion follows from the visible edge (BoxFilters).
 * - Lost tracks are searched for within the uncertainty of their filters; an object that comes out from behind another
 *   may look smaller than it is.
 * - Classes are separate; the result does not depend on the order of the detections.
 *
 * The camera's own motion is not compensated: docs/tracking.md says why.
 *
 * Memory is reused, and grows to the largest number of detections and the largest masks so far.
 *
 * @example
 * const tracker = new Tracker();
 * const found = decoder.decode(tensors, letterbox);
 * tracker.update(frame.stamp, found);
 * console.log(found.instances.map(({ trackId }) => trackId)); // 0: none yet
 */
export class Tracker {
  /** Tracks with an id that ended with the last frame, or in resets before it. */
  readonly ended: EndedTrack[] = [];
  /** Number of tracks with an id that are seen, and that are lost. */
  live = 0;
  lost = 0;
  /** Number of ids that started near a lost track of their class: probably the same object. */
  switched = 0;
  /** Number of resets. */
  resets = 0;
  readonly #ids: TrackIds;
  #settings: TrackSettings;
  readonly #times = new FrameTimes();
  readonly #filters: BoxFilters;
  readonly #tracks: TrackList;
  readonly #found = new FrameDetections();
  readonly #affinity: Affinity;
  readonly #assignment = new Assignment();
  readonly #maskRuns = new MaskRuns();
  /** The slot of the track of each instance of the last frame, or -1. */
  #slots = new Int32Array(32);
  #rows: Int32Array;
  #columns = new Int32Array(32);
  #rowCount = 0;
  #columnCount = 0;
  #width = 0;
  #height = 0;
  /** Whether `ended` contains tracks that a reset ended. */
  #told = true;

  /**
   * @param ids where its ids come from; default: its own
   * @throws ExpectationError for options out of range
   */
  constructor(options: TrackOptions = {}, ids = new TrackIds()) {
    this.#settings = prepareTracking(options);
    this.#ids = ids;
    this.#tracks = new TrackList();
    this.#filters = new BoxFilters(this.#tracks.capacity);
    this.#affinity = new Affinity(this.#tracks, this.#filters, this.#found);
    this.#rows = new Int32Array(this.#tracks.capacity);
  }

  /** Applies from the next frame on; tracks are kept. @throws ExpectationError, and keeps the old ones */
  setOptions(options: TrackOptions): void {
    this.#settings = prepareTracking(options);
  }

  get settings(): TrackSettings {
    return this.#settings;
  }

  /** The filters of all tracks. */
  get filters(): BoxFilters {
    return this.#filters;
  }

  /** Seconds since the first frame, by the stamps. */
  get now(): number {
    return this.#times.now;
  }

  /** @returns the slot in `filters` of the i-th instance of the last frame; -1 if it belongs to no track */
  slotOf(i: number): number {
    return this.#slots[i]!;
  }

  /** Ends all tracks. Ids are never reused. */
  reset(): void {
    this.#giveAllUp();
    this.#times.reset();
  }

  /**
   * Tracks the instances of the next frame, and writes the trackId of each: 0 if it belongs to no track, or not yet.
   *
   * Stamps that go back by more than a tenth of a second, and pictures of another size, cause a reset. If stamps stand still (a
   * driver that sends none), each frame counts as long as the one before, at first 1/30 s.
   */
  update(stamp: Stamp, segmentation: Segmentation): void {
    const { width, height } = segmentation;
    const seconds = this.#times.step(stamp);
    if (seconds < 0 || width !== this.#width || height !== this.#height) {
      this.#giveAllUp();
      this.#width = width;
      this.#height = height;
    } else if (this.#told) this.ended.length = 0;
    this.#told = true;
    this.#found.read(segmentation, this.#settings.lowScore);
    this.#expect(Math.max(0, seconds));
    this.#affinity.begin(segmentation);
    this.#match();
    this.#begin();
    this.#write(segmentation);
    this.#age();
  }

  /** Predicts all tracks, and ends those that have not been seen for too long. */
  #expect(seconds: number): void {
    this.#tracks.end(this.#isForgotten);
    const { order, count } = this.#tracks;
    const coasting = Math.exp(-seconds / COASTING);
    for (let i = 0; i < count; i++) {
      const slot = order[i]!;
      const track = this.#tracks.at(slot);
      track.detection = -1;
      this.#filters.predict(slot, seconds, track.state === LOST ? coasting : 1);
      if (track.state === LOST && this.#isOutside(slot)) this.#filters.stop(slot);
    }
  }

  #isOutside(slot: number): boolean {
    const x = this.#filters.x(slot);
    const y = this.#filters.y(slot);
    return x < 0 || y < 0 || x > this.#width || y > this.#height;
  }

  #match(): void {
    const { highScore, overlap } = this.#settings;
    // Good detections, for all tracks with an id.
    if (this.#take(LIVE, LOST, highScore, Infinity)) this.#assign(this.#overlaps(overlap), 1);
    // Poor ones, for tracks seen in the last frame.
    if (this.#take(LIVE, LIVE, 0, highScore)) this.#assign(this.#overlaps(POOR_OVERLAP), POOR_DOUBT);
    // Remaining good ones, for tracks that may have moved elsewhere.
    if (this.#take(LIVE, LOST, highScore, Infinity)) this.#assign(this.#whereabouts(), 1);
    if (this.#take(BEGINNER, BEGINNER, highScore, Infinity))
      this.#assign(this.#overlaps(BEGINNER_OVERLAP), 1);
  }

  /** Of these states and scores what is left. @returns whether there are both */
  #take(first: number, last: number, from: number, below: number): boolean {
    this.#takeTracks(first, last);
    if (this.#rowCount === 0) return false;
    this.#takeDetections(from, below);
    return this.#columnCount > 0;
  }

  #overlaps(least: number): Float64Array {
    return this.#affinity.overlaps(this.#rows, this.#rowCount, this.#columns, this.#columnCount, least);
  }

  #whereabouts(): Float64Array {
    return this.#affinity.whereabouts(this.#rows, this.#rowCount, this.#columns, this.#columnCount);
  }

  /** Tracks of these states, from the first to the last, that have no detection yet. */
  #takeTracks(first: number, last: number): void {
    const { order, count } = this.#tracks;
    this.#rowCount = 0;
    for (let i = 0; i < count; i++) {
      const slot = order[i]!;
      const { state, detection } = this.#tracks.at(slot);
      if (detection < 0 && state >= first && state <= last) this.#rows[this.#rowCount++] = slot;
    }
  }

  /** Detections of these scores that have no track yet. */
  #takeDetections(from: number, below: number): void {
    const { count, score, taken } = this.#found;
    if (this.#columns.length < count) this.#columns = new Int32Array(2 * count);
    this.#columnCount = 0;
    for (let k = 0; k < count; k++) {
      if (taken[k] === 0 && score[k]! >= from && score[k]! < below) this.#columns[this.#columnCount++] = k;
    }
  }

  #assign(values: Float64Array, doubt: number): void {
    if (this.#assignment.solve(values, this.#rowCount, this.#columnCount) === 0) return;
    for (let r = 0; r < this.#rowCount; r++) {
      const column = this.#assignment.rows[r]!;
      if (column >= 0) this.#see(this.#rows[r]!, this.#columns[column]!, doubt);
    }
  }

  #see(slot: number, k: number, doubt: number): void {
    const { x1, y1, x2, y2, taken } = this.#found;
    const track = this.#tracks.at(slot);
    this.#filters.correct(slot, x1[k]!, y1[k]!, x2[k]!, y2[k]!, doubt);
    taken[k] = 1;
    track.detection = k;
    track.seen = this.#times.now;
    track.hits++;
    if (track.state === BEGINNER) {
      if (track.hits >= this.#settings.hits) this.#confirm(slot, track);
    } else track.state = LIVE;
  }

  #confirm(slot: number, track: Track): void {
    if (this.#affinity.mostLost(slot) > SWITCH_OVERLAP) this.switched++;
    track.state = LIVE;
    track.id = this.#ids.next();
  }

  /** Remaining good detections start tracks. */
  #begin(): void {
    const { count, score, taken, classId, x1, y1, x2, y2 } = this.#found;
    for (let k = 0; k < count && score[k]! >= this.#settings.highScore; k++) {
      if (taken[k] === 1) continue;
      let slot = this.#tracks.add(classId[k]!, this.#times.now);
      if (slot < 0 && this.#makeRoom()) slot = this.#tracks.add(classId[k]!, this.#times.now);
      if (slot < 0) return;
      this.#filters.start(slot, x1[k]!, y1[k]!, x2[k]!, y2[k]!);
      const track = this.#tracks.at(slot);
      track.detection = k;
      taken[k] = 1;
      if (this.#settings.hits <= 1) {
        this.#affinity.expect(slot);
        this.#confirm(slot, track);
      }
    }
  }

  /** Ends the track that has been lost for longest. @returns whether there was one */
  #makeRoom(): boolean {
    const { order, count } = this.#tracks;
    let oldest: Track | undefined;
    for (let i = 0; i < count; i++) {
      const track = this.#tracks.at(order[i]!);
      if (track.state === LOST && track.seen < (oldest?.seen ?? Infinity)) oldest = track;
    }
    if (!oldest) return false;
    this.#tracks.end((track) => track === oldest);
    if (oldest.id !== 0) this.ended.push({ trackId: oldest.id, classId: oldest.classId });
    return true;
  }

  #write({ instances }: Segmentation): void {
    if (this.#slots.length < instances.length) this.#slots = new Int32Array(2 * instances.length);
    for (let i = 0; i < instances.length; i++) {
      instances[i]!.trackId = 0;
      this.#slots[i] = -1;
    }
    const { order, count } = this.#tracks;
    for (let i = 0; i < count; i++) {
      const slot = order[i]!;
      const track = this.#tracks.at(slot);
      if (track.detection < 0) continue;
      const index = this.#found.instance[track.detection]!;
      const instance = instances[index]!;
      instance.trackId = track.id;
      this.#slots[index] = slot;
      this.#keepMask(track.mask, instance.mask);
      track.maskX = this.#filters.x(slot);
      track.maskY = this.#filters.y(slot);
    }
  }

  /** A copy, because the decoder reuses its memory. */
  #keepMask(kept: PlacedRuns, mask: Mask): void {
    kept.x = mask.x;
    kept.y = mask.y;
    kept.width = mask.width;
    kept.height = mask.height;
    kept.count = 0;
    if (mask.width === 0) return;
    this.#maskRuns.read(mask);
    const { edges, count } = this.#maskRuns;
    if (kept.edges.length < edges.length) kept.edges = new Int32Array(2 * edges.length);
    kept.edges.set(edges);
    kept.count = count;
  }

  readonly #isForgotten = ({ id, classId, seen, state }: Track): boolean => {
    const unseen = this.#times.now - seen;
    // A track seen in the last frame is not lost yet, however short lostTime is.
    if (unseen <= this.#settings.lostTime || (state !== LOST && unseen < LONGEST_PERIOD)) return false;
    if (id !== 0) this.ended.push({ trackId: id, classId });
    return true;
  };

  /** Unseen tracks become lost. */
  #age(): void {
    this.live = this.lost = 0;
    this.#tracks.end(this.#isNoise);
  }

  /** Noise rarely appears twice at one place; an object seen several times may be missed once. */
  readonly #isNoise = (track: Track): boolean => {
    const seen = track.detection >= 0;
    if (track.state === BEGINNER)
      return !seen && (track.hits < 2 || this.#times.now - track.seen > BEGINNER_TIME);
    if (seen) this.live++;
    else {
      track.state = LOST;
      this.lost++;
    }
    return false;
  };

  #giveAllUp(): void {
    if (this.#tracks.count > 0) this.resets++;
    if (this.#told) this.ended.length = 0;
    this.#told = false;
    this.#tracks.end((track) => {
      if (track.id !== 0) this.ended.push({ trackId: track.id, classId: track.classId });
      return true;
    });
    this.live = this.lost = 0;
  }
}
