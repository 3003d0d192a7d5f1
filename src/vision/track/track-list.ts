import type { PlacedRuns } from './mask-overlap.js';

/** Maximum number of tracks, including lost and new ones. */
const MOST_TRACKS = 512;

/** Seen too rarely to have an id; seen in the last frame; lost. */
export const BEGINNER = 1;
export const LIVE = 2;
export const LOST = 3;

/** State of a track besides its box. */
export interface Track {
  /** 0 for new tracks. */
  id: number;
  classId: number;
  state: number;
  /** Number of frames in which it was seen. */
  hits: number;
  /** Time at which it was last seen, in seconds. */
  seen: number;
  /** Its detection in the current frame, or -1. */
  detection: number;
  /** Its last mask, and the center of its box then, in pixels. */
  readonly mask: PlacedRuns;
  maskX: number;
  maskY: number;
}

/** The tracks of a camera, oldest first, in slots that are used again. */
export class TrackList {
  readonly capacity = MOST_TRACKS;
  /** Slots: the first `count` are in use. */
  readonly order = Int32Array.from({ length: MOST_TRACKS }, (_, slot) => slot);
  count = 0;
  readonly #tracks: Track[] = [];

  at(slot: number): Track {
    return this.#tracks[slot]!;
  }

  /** Starts a track. @returns its slot, or -1 if there are too many */
  add(classId: number, seconds: number): number {
    if (this.count === MOST_TRACKS) return -1;
    const slot = this.order[this.count++]!;
    const track = (this.#tracks[slot] ??= {
      ...{ id: 0, classId: 0, state: 0, hits: 0, seen: 0.5, detection: -1 },
      mask: { x: 0, y: 0, width: 0, height: 0, edges: new Int32Array(0), count: 0 },
      ...{ maskX: 0.5, maskY: 0.5 },
    });
    track.id = 0;
    track.classId = classId;
    track.state = BEGINNER;
    track.hits = 1;
    track.seen = seconds;
    track.detection = -1;
    track.mask.count = 0;
    return slot;
  }

  /** Removes tracks for which `isOver` is true; the others keep their order. */
  end(isOver: (track: Track) => boolean): void {
    const { order, count } = this;
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const slot = order[i]!;
      if (isOver(this.at(slot))) continue;
      order[i] = order[kept]!;
      order[kept++] = slot;
    }
    this.count = kept;
  }
}
