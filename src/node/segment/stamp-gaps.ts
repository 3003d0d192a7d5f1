/** Milliseconds of stamps that are looked at, and a gap that is a pause and no loss. */
const WINDOW = 10_000;
const PAUSE = 2000;
/** Stamps that are kept: those of the window at 60 FPS. */
const KEPT = 600;
/** Intervals that it takes to know a camera's rate. */
const FEWEST = 4;

/** What a camera sent lately, by its stamps. */
export interface SentFrames {
  /** Milliseconds between frames. */
  readonly period: number;
  /** Frames that came, and those that fell into gaps between them. */
  readonly received: number;
  readonly missing: number;
}

/**
 * Counts the frames that a camera sent and that did not come: gaps between stamps of about two, three ... periods.
 *
 * The period is the median of the short intervals (up to 1.5 times the 20 % quantile), so it is found as long as some frames
 * come one after the other. Frames that are lost at regular intervals (every second one) look like a slower camera.
 */
export class StampGaps {
  /** In order; milliseconds. */
  #stamps: number[] = [];

  /** @param stamp of a frame that came, in milliseconds; 0: it has none */
  add(stamp: number): void {
    if (stamp === 0) return;
    const last = this.#stamps.at(-1);
    // A bag that begins again, another publisher, a clock that was set.
    if (last !== undefined && (stamp < last || stamp - last > PAUSE)) this.#stamps = [];
    this.#stamps.push(stamp);
    if (this.#stamps.length >= 2 * KEPT) this.#stamps = this.#stamps.slice(-KEPT);
  }

  /** Forgets what was sent: another publisher, or none was listened to. */
  reset(): void {
    this.#stamps = [];
  }

  /** @returns undefined when too little came to know */
  sentFrames(): SentFrames | undefined {
    const end = this.#stamps.at(-1) ?? 0;
    const stamps = this.#stamps.slice(-KEPT).filter((stamp) => stamp >= end - WINDOW);
    // Frames of two publishers may have the same stamp.
    const intervals = stamps.slice(1).flatMap((stamp, i) => (stamp > stamps[i]! ? [stamp - stamps[i]!] : []));
    if (intervals.length < FEWEST) return undefined;
    const sorted = intervals.toSorted((a, b) => a - b);
    const shortest = sorted[Math.floor(sorted.length * 0.2)]!;
    const short = sorted.filter((interval) => interval <= 1.5 * shortest);
    const period = short[Math.floor(short.length / 2)]!;
    const missing = intervals.reduce(
      (sum, interval) => sum + Math.max(0, Math.round(interval / period) - 1),
      0,
    );
    return { period, received: intervals.length + 1, missing };
  }
}
