import { type Clock, steadyClock } from '../../base/clock.js';

/** Milliseconds between lines about one camera. */
const PAUSE = 1000;

/**
 * Tells the log of a camera's frames that cannot be used, one line a second at most. It goes by counters, so that it does
 * not matter whether C++ or JavaScript refused a frame.
 */
export class RefusedFrames {
  #reported = 0;
  #next = -Infinity;

  /** @param topic fully resolved: what `ros2 topic info` knows */
  constructor(
    private readonly topic: string,
    private readonly warn: (line: string) => void,
    private readonly clock: Clock = steadyClock,
  ) {}

  /**
   * To be called about twice a second.
   *
   * @param count of frames refused so far; it begins again when the node is activated
   * @param reason why the last of them was
   */
  update(count: number, reason: string | undefined): void {
    if (count < this.#reported) this.#reported = 0;
    const now = this.clock();
    if (count === this.#reported || now < this.#next) return;
    const fresh = count - this.#reported;
    this.#reported = count;
    this.#next = now + PAUSE;
    const what = fresh === 1 ? 'A frame' : `${fresh} frames`;
    this.warn(`${this.topic}: ${what} cannot be used. ${reason ?? ''}`.trimEnd());
  }
}
