import { Durations } from '../pipeline/statistics.js';
import { stampFromNanoseconds } from '../frame/source.js';
import type { PlayedFrame, Playlist } from './camera-playlist.js';
import type { MessageForm } from './camera-messages.js';
import { Schedule, Sleeper } from './camera-schedule.js';

/** Milliseconds between the lines about how it goes. */
const REPORT_PERIOD = 10_000;
/** Share of the frames that may miss their turn before anybody is warned. */
const TOLERATED_MISSES = 0.05;
/** Milliseconds between looks at the number of subscribers that are waited for. */
const SUBSCRIBER_PERIOD = 20;

export interface PlayerOptions {
  /** Frames per second, 0: by the stamps; asked for before each frame. */
  readonly rate: () => number;
  /** Nanoseconds since the epoch; undefined: the input's own stamps. */
  readonly now: (() => bigint) | undefined;
  readonly publish: (message: Buffer) => void;
  readonly debug: (line: string) => void;
  readonly warn: (line: string) => void;
  /** Told of the first frame. */
  readonly begun: (frame: PlayedFrame) => void;
}

/** Publishes the frames of a playlist when they are due. */
export class CameraPlayer {
  readonly #schedule = new Schedule();
  readonly #sleeper = new Sleeper();
  #stopped = false;
  /** Frames published. */
  published = 0;
  #window = new Window(0, 0, 0);

  constructor(
    private readonly playlist: Playlist,
    private readonly form: MessageForm,
    private readonly options: PlayerOptions,
  ) {}

  /** Turns that passed without a frame. */
  get missed(): number {
    return this.#schedule.missed;
  }

  /** Resolves when all is published, or soon after `stop`. */
  async play(): Promise<void> {
    const { rate, now, publish, begun } = this.options;
    for await (const frame of this.playlist.frames()) {
      if (this.#stopped) return;
      const wanted = rate();
      const period = wanted > 0 ? 1000 / wanted : frame.pause;
      if (this.published === 0) {
        this.#window = new Window(performance.now(), 0, 0);
        begun(frame);
      }
      await this.#sleeper.until(this.#schedule.next(period, performance.now()));
      if (this.#stopped) return;
      const stamp = now ? stampFromNanoseconds(now()) : frame.stamp;
      this.form.seal(frame.message, stamp, this.published);
      const begin = performance.now();
      publish(frame.message);
      const end = performance.now();
      this.published++;
      this.#window.publishing.add(end - begin);
      if (end - this.#window.begin >= REPORT_PERIOD) this.#report(end);
    }
  }

  /** Waits until `count()` is at least `wanted`, or for `stop`. */
  async waitFor(wanted: number, count: () => number): Promise<void> {
    while (!this.#stopped && count() < wanted) {
      await this.#sleeper.until(performance.now() + SUBSCRIBER_PERIOD);
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#sleeper.end();
  }

  #report(end: number): void {
    const { begin, published, missed, publishing } = this.#window;
    const frames = this.published - published;
    const misses = this.missed - missed;
    const seconds = (end - begin) / 1000;
    const rate = (frames / seconds).toFixed(1);
    this.options.debug(
      `${frames} frames in ${seconds.toFixed(1)} s (${rate} a second), ${misses} turns missed; ` +
        `publishing ${publishing.quantile(0.5).toFixed(2)} ms, at most ${publishing.quantile(1).toFixed(2)} ms`,
    );
    if (misses > TOLERATED_MISSES * (frames + misses)) {
      this.options.warn(
        `Expected ${((frames + misses) / seconds).toFixed(1)} frames a second but only ${rate} could be sent in time. ` +
          'The machine is busy: lower the rate or the size, or let the cache hold all frames of a short input.',
      );
    }
    this.#window = new Window(end, this.published, this.missed);
  }
}

/** What a report begins from. */
class Window {
  readonly publishing = new Durations(1024);

  constructor(
    readonly begin: number,
    readonly published: number,
    readonly missed: number,
  ) {}
}
