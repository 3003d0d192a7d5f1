import { basename } from 'node:path';
import { ExpectationError } from '../base/expect.js';
import type { BadFrame, FrameSource, SourceFrame } from '../vision/picture/frame-source.js';
import { FfmpegFrames } from './ffmpeg-frames.js';
import { fileStamp } from './file-clock.js';
import { Connection, type ConnectionOptions, type Stream, withoutPassword } from './stream-connection.js';

/** Attempts in a row without a new frame after which a video counts as unreadable. The pauses between them take half a minute. */
export const ATTEMPTS = 5;
/** Containers with an index of frames that can be decoded alone. In others, what comes first after a jump may be damaged. */
const INDEXED = /\b(mp4|matroska)\b/;

/**
 * A video of the network that has a length: a file on a server. Like a file of this machine it is read once, waits for its reader, and
 * its stamps are its own times. frame_id is the last part of its address.
 *
 * If the connection is lost, an MP4 or Matroska is read again from the last frame that has come, which the first one must then be. If
 * it is another, and with other containers, the video is read from its beginning, and what was read before is left out. A video that
 * ends twice in the same way is damaged: it ends with a BadFrame, as after five attempts that bring nothing new.
 */
export class RemoteVideo implements FrameSource {
  /** As given, without a password. */
  readonly name: string;
  readonly count: number | undefined;
  readonly rate: number;

  constructor(
    private readonly stream: Stream,
    private readonly options: ConnectionOptions = {},
  ) {
    this.name = withoutPassword(stream.address);
    this.count = stream.info.count;
    this.rate = stream.info.rate;
  }

  /** @param first ffmpeg that reads the video already. @default a new one */
  async *frames(first?: FfmpegFrames): AsyncGenerator<SourceFrame | BadFrame, void, void> {
    const { address, input, info } = this.stream;
    const frameId = frameIdOf(this.name);
    const connection = new Connection(address, this.options);
    const place = new Place(INDEXED.test(info.container ?? ''));
    let index = 0;
    let last: string | undefined;
    for (let running = first; ; running = undefined) {
      const before = index;
      // The last attempts do without, in case that this is the trouble.
      const from = connection.failures < ATTEMPTS - 1 ? place.seconds : undefined;
      let reached = from === undefined ? 0 : index - 1;
      const ffmpeg = running ?? new FfmpegFrames([...seekArguments(from), ...input], info);
      const loss = yield* connection.read(ffmpeg, ffmpeg.frames(), ({ frame, seconds }) => {
        if (from !== undefined) place.verify(seconds);
        if (reached++ < index) return undefined;
        connection.works();
        place.passed(seconds);
        return { frame, source: this.name, index: index++, stamp: fileStamp(seconds), frameId };
      });
      if (connection.stopped) return;
      if (from !== undefined && place.isMissed(loss)) continue;
      if (loss === undefined && index > 0) return;
      const again = loss === last && index === before && reached === index;
      if ((again && index > 0) || connection.failures === ATTEMPTS) {
        yield damaged(this.name, index, loss);
        return;
      }
      last = loss;
      await connection.wait(loss ?? 'it ended');
      if (connection.stopped) return;
    }
  }
}

/** Seconds that two times of the same frame may differ by. Times are printed in microseconds. */
const SAME_TIME = 0.0005;

/**
 * ffmpeg's options that begin at a time and keep the times of the video, which would begin with 0 there.
 *
 * @param seconds of the first frame that is wanted. @default the beginning
 */
function seekArguments(seconds: number | undefined): string[] {
  if (seconds === undefined) return [];
  return ['-copyts', '-start_at_zero', '-ss', (seconds - SAME_TIME).toFixed(6)];
}

/** Where a video was lost, as the time of the last frame, and whether ffmpeg finds it there again. */
class Place {
  #seconds: number | undefined;
  /** Whether a time stands for one frame, and leads to it. */
  #usable: boolean;
  #found = false;
  #missed = false;

  constructor(indexed: boolean) {
    this.#usable = indexed;
  }

  /** The time to go on from; undefined if that is the beginning. */
  get seconds(): number | undefined {
    this.#found = this.#missed = false;
    return this.#usable && (this.#seconds ?? 0) > SAME_TIME ? this.#seconds : undefined;
  }

  /** A frame was handed over. */
  passed(seconds: number): void {
    if (this.#seconds !== undefined && seconds <= this.#seconds + SAME_TIME) this.#usable = false;
    this.#seconds = seconds;
  }

  /** The first frame from there must be the last one of before. @throws an error if it is not */
  verify(seconds: number): void {
    if (this.#found) return;
    this.#found = Math.abs(seconds - this.#seconds!) <= SAME_TIME;
    this.#missed = !this.#found;
    if (this.#missed) throw new Error('another frame than that of the time asked for');
  }

  /** Whether ffmpeg has not found the frame, though it had the video. It is not asked for a time again then. */
  isMissed(loss: string | undefined): boolean {
    if (this.#found || (!this.#missed && loss !== undefined)) return false;
    this.#usable = false;
    return true;
  }
}

/** What stands for the rest of a video. */
export function damaged(source: string, index: number, reason: string | undefined): BadFrame {
  const error = new ExpectationError(
    `${source} to be read to its end`,
    `${index} frames, then: ${reason ?? 'nothing more'}`,
    'It is truncated or damaged on the server, or the connection is not good enough: download it first.',
  );
  return { source, index, error };
}

/** The last part of an address, or the name of a device. */
export function frameIdOf(name: string): string {
  return basename(name).replace(/[?#].*/, '') || 'camera';
}
