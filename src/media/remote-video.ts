import { basename } from 'node:path';
import { ExpectationError } from '../base/expect.js';
import type { BadFrame, FrameSource, SourceFrame } from '../vision/picture/frame-source.js';
import { frameSize } from '../vision/picture/nv12-frame.js';
import { FfmpegFrames, type TimedFrame } from './ffmpeg-frames.js';
import { fileStamp } from './file-clock.js';
import { FrameRing, RING_FRAMES } from './frame-ring.js';
import { Connection, type ConnectionOptions, type Stream, withoutPassword } from './stream-connection.js';

/** Attempts in a row without a new frame after which a video counts as unreadable. The pauses between them take half a minute. */
export const ATTEMPTS = 5;
/** Frames that a decoder of H.264 or HEVC reorders at most: the size of its memory of pictures. */
const MOST_REORDERED = 16;
/** Containers with an index of frames that can be decoded alone. In others, what comes first after a jump may be damaged. */
const INDEXED = /\b(mp4|matroska)\b/;

/**
 * A video of the network that has a length: a file on a server. Like a file of this machine it is read once, waits for its reader, and
 * its stamps are its own times. frame_id is the last part of its address.
 *
 * If the connection is lost, an MP4 or Matroska is read again from the last frame that has come, which the first one must then be. If
 * it is another, and with other containers, the video is read from its beginning, and what was read before is left out. A video that
 * ends twice in the same way is damaged: it ends with a BadFrame, as after five attempts that bring nothing new.
 *
 * Frames are handed over when some more have come, as many as the decoder reorders: the last ones before a loss may be damaged, or lack
 * one in between. They are read again.
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
    const uncertain = 1 + (info.reordered ?? MOST_REORDERED);
    const { width, height } = frameSize(info);
    let index = 0;
    let last: string | undefined;
    /** What has not been handed over, of the connection that came furthest. */
    let rest: readonly TimedFrame[] = [];
    const use = ({ frame, seconds }: TimedFrame): SourceFrame => {
      place.passed(seconds);
      return { frame, source: this.name, index: index++, stamp: fileStamp(seconds), frameId };
    };
    for (let running = first; ; running = undefined) {
      const before = index;
      // The last attempts do without, in case that this is the trouble.
      const from = connection.failures < ATTEMPTS - 1 ? place.seconds : undefined;
      let reached = from === undefined ? 0 : index - 1;
      const ffmpeg = running ?? new FfmpegFrames([...seekArguments(from), ...input], info);
      const held: TimedFrame[] = [];
      const frames = ffmpeg.frames(new FrameRing(width, height, RING_FRAMES + uncertain));
      const loss = yield* connection.read(ffmpeg, frames, (timed) => {
        if (from !== undefined) place.verify(timed.seconds);
        if (reached++ < index) return undefined;
        held.push(timed);
        if (held.length <= uncertain) return undefined;
        connection.works();
        return use(held.shift()!);
      });
      if (connection.stopped) return;
      if (from !== undefined && place.isMissed(loss)) continue;
      if (held.length >= rest.length || index > before) rest = held;
      const whole = loss === undefined && index + rest.length > 0;
      const again = loss === last && index === before && held.length > 0;
      if (whole) connection.works();
      if (whole || again || connection.failures === ATTEMPTS) {
        yield* rest.map(use);
        if (!whole) yield damaged(this.name, index, loss);
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
    'It is damaged on the server, the connection is not good enough, or it is an MP4 with its index at the end and the server has no ' +
      'parts (Accept-Ranges): download it first.',
  );
  return { source, index, error };
}

/** The last part of an address, or the name of a device. */
export function frameIdOf(name: string): string {
  return basename(name).replace(/[?#].*/, '') || 'camera';
}
