import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../base/expect.js';
import type { FfmpegFrames } from './ffmpeg-frames.js';
import type { VideoInfo } from './video-probe.js';

/** A stream, and what ffmpeg is told of it. */
export interface Stream {
  /** As given, with its password. */
  readonly address: string;
  /** ffmpeg's options, the input included. */
  readonly input: readonly string[];
  readonly info: VideoInfo;
}

export interface ConnectionOptions {
  /** Receives a line when the stream is lost, and when it is back. */
  readonly onNote?: ((text: string) => void) | undefined;
  /** Ends the waiting for a stream that is lost. */
  readonly signal?: AbortSignal | undefined;
  /** For tests: a pause of so many milliseconds. */
  readonly pause?: ((milliseconds: number) => Promise<unknown>) | undefined;
  /** For tests: calls back after so many seconds, unless what it returns is called before. */
  readonly timer?: ((over: () => void, seconds: number) => () => void) | undefined;
}

/** Seconds before the first attempt to connect again, and between later ones at most. Each wait is twice the one before. */
const [FIRST_WAIT, LONGEST_WAIT] = [1, 30];
/** Seconds without a frame after which a stream counts as lost. */
const SILENCE = 10;
/** The reason of such a loss. */
export const SILENT = `no frame for ${SILENCE} s`;

/** A stream that is connected again whenever it is lost. */
export class Connection {
  /** Attempts in a row that brought no frame. */
  failures = 0;
  readonly #name: string;

  constructor(
    private readonly address: string,
    private readonly options: ConnectionOptions,
  ) {
    this.#name = withoutPassword(address);
  }

  /** Whether nobody wants more of it. */
  get stopped(): boolean {
    return this.options.signal?.aborted === true;
  }

  /** A frame has come. */
  works(): void {
    if (this.failures > 0) this.options.onNote?.(`${this.#name} is back.`);
    this.failures = 0;
  }

  /**
   * Yields what `use` makes of the frames, without those of which it makes nothing, until ffmpeg ends or none has come for 10 seconds.
   * ffmpeg has ended then.
   *
   * @returns the reason of the loss; undefined if the stream has ended
   */
  async *read<Frame, Item>(
    ffmpeg: FfmpegFrames,
    frames: AsyncIterator<Frame, void>,
    use: (frame: Frame) => Item | undefined,
  ): AsyncGenerator<Item, string | undefined, void> {
    try {
      for (;;) {
        const next = await this.within(frames.next());
        if (next === undefined) return SILENT;
        if (next.done) break;
        const item = use(next.value);
        if (item !== undefined) yield item;
      }
      const complaint = await ffmpeg.complaint();
      return complaint && hidden(complaint, this.address);
    } catch (error) {
      return hidden(messageOf(error), this.address);
    } finally {
      await ffmpeg.end();
    }
  }

  /** Says that the stream is lost, and waits until it is time to connect again, or the signal comes. */
  async wait(reason: string): Promise<void> {
    const { onNote, signal } = this.options;
    const { pause = (milliseconds) => sleep(milliseconds, undefined, { signal }) } = this.options;
    const seconds = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.failures++);
    onNote?.(`${this.#name} is lost (${reason}). Connecting again in ${seconds} s.`);
    try {
      await pause(1000 * seconds);
    } catch (error) {
      if (!this.stopped) throw error;
    }
  }

  /** The result of `work`; undefined if it takes too long. */
  within<T>(work: Promise<T>): Promise<T | undefined> {
    const { timer = startTimer } = this.options;
    return new Promise((resolve, reject) => {
      const cancel = timer(() => resolve(undefined), SILENCE);
      void work.then(resolve, reject).finally(cancel);
    });
  }
}

function startTimer(over: () => void, seconds: number): () => void {
  const timer = setTimeout(over, 1000 * seconds);
  return () => clearTimeout(timer);
}

/** ffmpeg's words without the password of the address, which it repeats. */
export function hidden(text: string, address: string): string {
  return text.replaceAll(address, withoutPassword(address));
}

/**
 * `rtsp://user:***@host/`: names of inputs are written to results and logs. Like ffmpeg, it takes the last @ before the path as the end
 * of a password, which may have one, too.
 */
export function withoutPassword(name: string): string {
  return name.replace(/^(\w+:\/\/[^/?#@:]*:)[^/?#]*@/, '$1***@');
}
