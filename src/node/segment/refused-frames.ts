import { type Clock, steadyClock } from '../../base/clock.js';

/** Milliseconds between log messages about one camera. */
const PAUSE = 1000;

/**
 * Logs a camera's frames that cannot be used, at most one line per second. It uses counters, so it does not matter whether C++ or
 * JavaScript refused a frame.
 */
export class RefusedFrames {
  #reported = 0;
  #next = -Infinity;

  /** @param topic fully resolved, as for `ros2 topic info` */
  constructor(
    private readonly topic: string,
    private readonly warn: (line: string) => void,
    private readonly clock: Clock = steadyClock,
  ) {}

  /**
   * To be called about twice a second.
   *
   * @param count number of frames refused so far; it starts at 0 when the node is activated
   * @param reason why the last one was refused
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
