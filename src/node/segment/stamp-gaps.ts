/** Milliseconds of stamps that are examined, and the gap from which on it counts as a pause instead of a loss. */
const WINDOW = 10_000;
const PAUSE = 2000;
/** Stamps that are kept: those of the window at 60 FPS. */
const KEPT = 600;
/** Number of intervals needed to determine a camera's rate. */
const FEWEST = 4;

/** The frames that a camera sent recently, by their stamps. */
export interface SentFrames {
  /** Milliseconds between frames. */
  readonly period: number;
  /** Number of received frames, and of frames missing in gaps between them. */
  readonly received: number;
  readonly missing: number;
}

/**
 * Counts the lost frames of a camera: gaps between stamps of about two, three ... periods.
 *
 * The period is the median of the short intervals (up to 1.5 times the 20 % quantile), so it is found as long as some consecutive frames
 * arrive. Frames that are lost at regular intervals (every second one) look like a slower camera.
 */
export class StampGaps {
  /** In order; milliseconds. */
  #stamps: number[] = [];

  /** @param stamp of a received frame, in milliseconds; 0: it has none */
  add(stamp: number): void {
    if (stamp === 0) return;
    const last = this.#stamps.at(-1);
    // A bag that starts over, another publisher, a clock that was set.
    if (last !== undefined && (stamp < last || stamp - last > PAUSE)) this.#stamps = [];
    this.#stamps.push(stamp);
    if (this.#stamps.length >= 2 * KEPT) this.#stamps = this.#stamps.slice(-KEPT);
  }

  /** Clears the history, for another publisher or after a time without a subscription. */
  reset(): void {
    this.#stamps = [];
  }

  /** @returns undefined if there are too few frames */
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
