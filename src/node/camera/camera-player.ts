import type { Timing } from '../../base/clock.js';
import { Durations } from '../../base/durations.js';
import { type Stamp, stampFromNanoseconds } from '../../vision/picture/frame-source.js';
import type { PlayedFrame, Playlist } from './camera-playlist.js';
import type { MessageForm } from '../../message/write/image-form.js';
import { Schedule, Sleeper } from './camera-schedule.js';

/** Milliseconds between progress lines. */
const REPORT_PERIOD = 10_000;
/** Share of periods that may pass without a frame before there is a warning. */
const TOLERATED_MISSES = 0.05;
/** Milliseconds between checks of the number of subscribers. */
const SUBSCRIBER_PERIOD = 20;
/** Milliseconds between checks of the rate while waiting for a frame: at low rates it may change long before the frame is due. */
const RATE_PERIOD = 100;

/** Durations of publishing kept for the summary: eighteen minutes at 60 frames per second. */
const KEPT_DURATIONS = 65_536;

export interface PlayerOptions<Message extends object = Buffer> {
  /** Frames per second, 0: by the stamps; called before each frame and while waiting for it. */
  readonly rate: () => number;
  /** Nanoseconds since the epoch; undefined: the input's own stamps. */
  readonly now: (() => bigint) | undefined;
  /** @returns false if the middleware has no room for the frame, which is then lost */
  readonly publish: (message: Message) => boolean;
  readonly debug: (line: string) => void;
  readonly warn: (line: string) => void;
  /**
   * Makes what belongs to a frame besides its image.
   *
   * @returns sends it, with the stamp that the image had
   */
  readonly beside?:
    ((frame: PlayedFrame<Message>) => Promise<((stamp: Stamp) => void) | undefined>) | undefined;
  /** Called with the first frame. */
  readonly begun: (frame: PlayedFrame<Message>) => void;
}

/** Publishes the frames of a playlist when they are due. */
export class CameraPlayer<Message extends object = Buffer> {
  readonly #schedule = new Schedule();
  #stopped = false;
  /** Frames published. */
  published = 0;
  /** Frames for which the middleware had no room. */
  lost = 0;
  /** Duration of each call of `publish`, in milliseconds. */
  readonly #publishing = new Durations(KEPT_DURATIONS);
  #longest = 0;
  #begin = 0;
  #end = 0;
  #window = new Window(0, 0, 0, 0);

  constructor(
    private readonly playlist: Playlist<Message>,
    private readonly form: MessageForm<Message>,
    private readonly options: PlayerOptions<Message>,
    private readonly timing: Timing = new Sleeper(),
  ) {}

  /** Periods that passed without a frame. */
  get missed(): number {
    return this.#schedule.missed;
  }

  /** Resolves when all frames are published, or soon after `stop`. */
  async play(): Promise<void> {
    const { timing } = this;
    const { now, publish, begun, beside } = this.options;
    for await (const frame of this.playlist.frames()) {
      if (this.#stopped) return;
      if (this.published + this.lost === 0) {
        this.#begin = timing.now();
        this.#window = new Window(this.#begin, 0, 0, 0);
        begun(frame);
      }
      const sendBeside = await beside?.(frame);
      await this.#turn(frame);
      if (this.#stopped) return;
      const stamp = now ? stampFromNanoseconds(now()) : frame.stamp;
      this.form.setStamp(frame.message, stamp, this.published + this.lost);
      const begin = timing.now();
      sendBeside?.(stamp);
      const sent = publish(frame.message);
      const end = timing.now();
      if (sent) this.published++;
      else this.lost++;
      this.#window.publishing.add(end - begin);
      this.#publishing.add(end - begin);
      this.#longest = Math.max(this.#longest, end - begin);
      this.#end = end;
      if (end - this.#window.begin >= REPORT_PERIOD) this.#report(end);
    }
  }

  /** Waits until the frame is due. A change of the rate takes effect at once. */
  async #turn(frame: PlayedFrame<Message>): Promise<void> {
    const { timing } = this;
    let period = this.#period(frame);
    let due = this.#schedule.next(period, timing.now());
    for (;;) {
      const look = timing.now() + RATE_PERIOD;
      if (due <= look) return timing.until(due);
      await timing.until(look);
      if (this.#stopped) return;
      const wanted = this.#period(frame);
      if (wanted !== period) due = this.#schedule.again((period = wanted), timing.now());
    }
  }

  /** Milliseconds since the previous frame. */
  #period(frame: PlayedFrame<Message>): number {
    const rate = this.options.rate();
    return rate > 0 ? 1000 / rate : frame.pause;
  }

  /** Waits until `count()` is at least `wanted`, or for `stop`. */
  async waitFor(wanted: number, count: () => number): Promise<void> {
    while (!this.#stopped && count() < wanted) {
      await this.timing.until(this.timing.now() + SUBSCRIBER_PERIOD);
    }
  }

  stop(): void {
    this.#stopped = true;
    this.timing.end();
  }

  /** A summary for the log. */
  summary(): string {
    const publishing = this.#publishing;
    const seconds = (this.#end - this.#begin) / 1000;
    const share = (part: number): string => publishing.quantile(part).toFixed(2);
    return (
      `${this.published} frames in ${seconds.toFixed(1)} s, ${this.missed} turns missed, ${this.lost} frames lost; calls of publish: ` +
      `p50 ${share(0.5)}, p95 ${share(0.95)}, p99 ${share(0.99)}, at most ${this.#longest.toFixed(2)} ms`
    );
  }

  #report(end: number): void {
    const { begin, published, missed, lost, publishing } = this.#window;
    const frames = this.published - published;
    const misses = this.missed - missed;
    const losses = this.lost - lost;
    const turns = frames + losses + misses;
    const seconds = (end - begin) / 1000;
    const rate = (frames / seconds).toFixed(1);
    this.options.debug(
      `${frames} frames in ${seconds.toFixed(1)} s (${rate} a second), ${misses} turns missed; ` +
        `calls of publish: p50 ${publishing.quantile(0.5).toFixed(2)}, p95 ${publishing.quantile(0.95).toFixed(2)}, ` +
        `at most ${publishing.quantile(1).toFixed(2)} ms`,
    );
    if (losses > 0) {
      this.options.warn(
        `Expected the middleware to have room for every frame but ${losses} of ${frames + losses} were lost: ` +
          'a subscriber holds on to the frames that it was lent.',
      );
    }
    if (misses > TOLERATED_MISSES * turns) {
      this.options.warn(
        `Expected ${(turns / seconds).toFixed(1)} frames a second but only ${rate} could be sent in time. ` +
          'The machine is busy: lower the rate or the size, or let the cache hold all frames of a short input.',
      );
    }
    this.#window = new Window(end, this.published, this.missed, this.lost);
  }
}

/** Counters at the start of a report. */
class Window {
  readonly publishing = new Durations(1024);

  constructor(
    readonly begin: number,
    readonly published: number,
    readonly missed: number,
    readonly lost: number,
  ) {}
}
