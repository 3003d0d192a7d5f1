import { errorOf } from '../../base/expect.js';
import { DEFAULT_RATE } from '../../media/file-clock.js';
import { nv12Size } from '../../vision/picture/nv12-frame.js';
import type { PictureSize } from '../../vision/picture/picture-size.js';
import {
  isBadFrame,
  type FrameSource,
  type Stamp,
  stampToNanoseconds,
  guardedFrames,
} from '../../vision/picture/frame-source.js';
import type { MessageForm, Sized } from '../../message/write/image-form.js';

/** Longest pause between two frames, in milliseconds: their stamps may be nonsense. */
const MAX_PAUSE = 10_000;

/** A frame as a message that is complete except for its stamp and index. */
export interface PlayedFrame<Message extends object = Buffer> {
  /** Valid until the next frame is asked for. */
  readonly message: Message;
  /** The input's own. */
  readonly stamp: Stamp;
  /** Milliseconds since the previous frame, by the input's stamps. */
  readonly pause: number;
  readonly size: PictureSize;
}

interface KeptFrame<Kept> {
  readonly kept: Kept;
  readonly stamp: Stamp;
  readonly size: PictureSize;
}

export interface PlaylistOptions {
  readonly loop: boolean;
  /** Empty: that of the source. */
  readonly frameId: string;
  /** Maximum number of bytes of frames to keep. */
  readonly cacheBytes: number;
  /** Called once for each frame and each source that cannot be read. */
  readonly report: (name: string, error: Error) => void;
}

/**
 * The frames of several sources as messages, once or in a loop.
 *
 * In a loop, sources whose frames fit into the cache are read only once. If the number of frames is known, they are read in advance,
 * so that the first round can be played at any rate; otherwise they are read during the first round.
 */
export class Playlist<Message extends object = Buffer, Kept extends Sized = Sized> {
  readonly #kept = new Map<FrameSource, readonly KeptFrame<Kept>[]>();
  readonly #tooLarge = new Set<FrameSource>();
  #cacheLeft: number;
  readonly #reported = new Set<string>();
  readonly #pace = new Pace();
  /** Where the present frame is from. */
  source: FrameSource | undefined;

  constructor(
    private readonly sources: readonly FrameSource[],
    private readonly form: MessageForm<Message, Kept>,
    private readonly options: PlaylistOptions,
  ) {
    this.#cacheLeft = options.loop ? options.cacheBytes : 0;
  }

  /** Ends after the last source. A loop only ends when no source has any frame left. */
  async *frames(): AsyncGenerator<PlayedFrame<Message>, void, void> {
    let played: number;
    do {
      played = 0;
      for (const source of this.sources) {
        this.#pace.begin();
        this.source = source;
        if (!this.#kept.has(source)) {
          for await (const frame of this.#stream(source)) {
            played++;
            yield frame;
          }
        } else {
          const kept = this.#kept.get(source)!;
          played += kept.length;
          yield* this.#play(kept);
        }
      }
    } while (this.options.loop && played > 0);
  }

  /** Frames as they are read, kept if they fit; frames of a source that is read in advance come from memory. */
  async *#stream(source: FrameSource): AsyncGenerator<PlayedFrame<Message>, void, void> {
    const { form, options } = this;
    let kept: KeptFrame<Kept>[] | undefined = this.#tooLarge.has(source) ? undefined : [];
    let left = this.#cacheLeft;
    let beforehand = false;
    let first = true;
    for await (const item of guardedFrames(source)) {
      if (isBadFrame(item)) {
        this.#report(`${item.source}, frame ${item.index}`, item.error);
        continue;
      }
      const { frame, stamp } = item;
      let message: Message;
      try {
        const written = form.write(frame, options.frameId || item.frameId);
        // Most are there at once.
        message = written instanceof Promise ? await written : written;
      } catch (error) {
        this.#report(item.source, errorOf(error));
        continue;
      }
      const size = { width: frame.width, height: frame.height };
      if (first) {
        first = false;
        if ((source.count ?? 1) * nv12Size(size.width, size.height) > left) kept = undefined;
        beforehand = kept !== undefined && source.count !== undefined;
      }
      if (kept) {
        const copy = form.keep(message);
        left -= copy.byteLength;
        kept.push({ kept: copy, stamp, size });
        if (left < 0) {
          // The frames are larger, or more, than announced. Play those kept so far, including this one.
          if (beforehand) yield* this.#play(kept);
          kept = undefined;
          if (beforehand) {
            beforehand = false;
            continue;
          }
        }
      }
      if (!beforehand) yield { message, stamp, size, pause: this.#pace.next(stamp) };
    }
    if (!kept) {
      this.#tooLarge.add(source);
      return;
    }
    this.#kept.set(source, kept);
    this.#cacheLeft = left;
    if (beforehand) yield* this.#play(kept);
  }

  *#play(frames: readonly KeptFrame<Kept>[]): Generator<PlayedFrame<Message>, void, void> {
    for (const { kept, stamp, size } of frames) {
      yield { message: this.form.restore(kept), stamp, size, pause: this.#pace.next(stamp) };
    }
  }

  #report(name: string, error: Error): void {
    const text = `${name}: ${error.message}`;
    if (this.#reported.has(text)) return;
    this.#reported.add(text);
    this.options.report(name, error);
  }
}

/** Pauses between frames by their stamps. */
class Pace {
  #last: bigint | undefined;
  #pause = 1000 / DEFAULT_RATE;

  /** For a new source, or a new round of one: its stamps are unrelated to the previous ones. */
  begin(): void {
    this.#last = undefined;
  }

  /** The pause before the first frame of a source is the last pause of the previous source. */
  next(stamp: Stamp): number {
    const now = stampToNanoseconds(stamp);
    if (this.#last !== undefined) {
      const pause = Number(now - this.#last) / 1e6;
      if (pause > 0) this.#pause = Math.min(pause, MAX_PAUSE);
    }
    this.#last = now;
    return this.#pause;
  }
}
