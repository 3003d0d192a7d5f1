import { allocateNv12 } from '../native/convert.js';
import type { Nv12Frame } from '../vision/picture/nv12-frame.js';
import { RING_FRAMES } from './frame-ring.js';

/** A frame that has arrived. */
export interface Arrival {
  readonly frame: Nv12Frame;
  /** Position among all that have arrived, from 0. */
  readonly index: number;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/**
 * Hands over the newest of the frames that arrive: one waits at most, and is dropped when the next comes before it has been taken.
 *
 * A frame that has been taken stays valid for the next RING_FRAMES - 1 ones, as with FrameRing. Memory is allocated on first use only.
 */
export class NewestFrame {
  /** Frames that were never taken. */
  dropped = 0;
  #arrived = 0;
  #waiting: Arrival | undefined;
  /** Taken lately, oldest first. */
  readonly #lent: Nv12Frame[] = [];
  readonly #free: Nv12Frame[] = [];
  #wake: (() => void) | undefined;

  /** @param now milliseconds since 1970 */
  constructor(
    private readonly width: number,
    private readonly height: number,
    private readonly now: () => number,
  ) {}

  /** Memory for the frame that arrives next. */
  next(): Nv12Frame {
    return this.#free.pop() ?? allocateNv12(this.width, this.height);
  }

  /** Takes all `frames` as they come, whose memory is that of next(). @returns ends, or throws, after their end */
  of(frames: AsyncIterable<{ readonly frame: Nv12Frame }>): AsyncGenerator<Arrival, void, void> {
    // Of these frames: those of a lost connection may end after the next ones have begun.
    const state = { ended: false };
    const coming = (async (): Promise<void> => {
      for await (const { frame } of frames) this.#add(frame);
    })().finally(() => {
      state.ended = true;
      this.#wake?.();
    });
    // Its error is thrown below; whoever leaves early does not get there.
    coming.catch(() => undefined);
    return this.#arrivals(coming, state);
  }

  async *#arrivals(
    coming: Promise<void>,
    state: { readonly ended: boolean },
  ): AsyncGenerator<Arrival, void, void> {
    for (;;) {
      // A new promise for each frame: reactions to one that lasts as long as the stream would pile up.
      if (!this.#waiting && !state.ended) await new Promise<void>((resolve) => (this.#wake = resolve));
      if (this.#waiting) yield this.#take(this.#waiting);
      else if (state.ended) return coming;
    }
  }

  #add(frame: Nv12Frame): void {
    if (this.#waiting) {
      this.dropped++;
      this.#free.push(this.#waiting.frame);
    }
    this.#waiting = { frame, index: this.#arrived++, time: this.now() };
    this.#wake?.();
  }

  #take(arrival: Arrival): Arrival {
    this.#waiting = undefined;
    this.#lent.push(arrival.frame);
    if (this.#lent.length > RING_FRAMES) this.#free.push(this.#lent.shift()!);
    return arrival;
  }
}
