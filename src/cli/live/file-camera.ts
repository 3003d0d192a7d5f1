import type { Timing } from '../../base/clock.js';
import { PictureSource } from '../../media/picture-file.js';
import { Schedule } from '../../node/camera/camera-schedule.js';
import {
  type FrameSource,
  guardedFrames,
  isBadFrame,
  type SourceFrame,
  stampToNanoseconds,
} from '../../vision/picture/frame-source.js';

/** Milliseconds for which a single picture is shown, and the longest pause between frames. */
const PICTURE_PERIOD = 1000;
const MOST_PAUSE = 10_000;

export interface FileCameraOptions {
  /** Frames per second of single pictures; absent: one. */
  readonly rate?: number | undefined;
  readonly timing: Timing;
  readonly offer: (frame: SourceFrame) => void;
  /** A frame or source that cannot be read; each is reported once. */
  readonly report: (where: string, error: Error) => void;
}

/** Plays files as a camera: at the pace of their stamps, again and again. */
export class FileCamera {
  #stopped = false;
  readonly #reported = new Set<string>();

  constructor(
    readonly name: string,
    private readonly sources: readonly FrameSource[],
    private readonly options: FileCameraOptions,
  ) {}

  /** Resolves after stop(), or if no source has a frame. */
  async play(): Promise<void> {
    const { timing, rate } = this.options;
    const schedule = new Schedule();
    let played: number;
    let pause = 1000 / (rate ?? 30);
    do {
      played = 0;
      for (const source of this.sources) {
        const still = source instanceof PictureSource && source.count === 1;
        let last: bigint | undefined;
        for await (const item of guardedFrames(source)) {
          if (this.#stopped) return;
          if (isBadFrame(item)) {
            this.#report(`${item.source}, frame ${item.index}`, item.error);
            continue;
          }
          const stamp = stampToNanoseconds(item.stamp);
          if (still) pause = rate === undefined ? PICTURE_PERIOD : 1000 / rate;
          else if (last !== undefined && stamp > last)
            pause = Math.min(MOST_PAUSE, Number(stamp - last) / 1e6);
          last = stamp;
          await timing.until(schedule.next(pause, timing.now()));
          if (this.#stopped) return;
          played++;
          this.options.offer(item);
        }
      }
    } while (played > 0 && !this.#stopped);
  }

  stop(): void {
    this.#stopped = true;
  }

  #report(where: string, error: Error): void {
    const text = `${where}: ${error.message}`;
    if (this.#reported.has(text)) return;
    this.#reported.add(text);
    this.options.report(where, error);
  }
}
