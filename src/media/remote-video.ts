import { basename } from 'node:path';
import { ExpectationError } from '../base/expect.js';
import type { BadFrame, FrameSource, SourceFrame } from '../vision/picture/frame-source.js';
import { FfmpegFrames } from './ffmpeg-frames.js';
import { fileStamp } from './file-clock.js';
import { Connection, type ConnectionOptions, type Stream, withoutPassword } from './stream-connection.js';

/** Attempts in a row without a new frame after which a video counts as unreadable. The pauses between them take half a minute. */
export const ATTEMPTS = 5;

/**
 * A video of the network that has a length: a file on a server. Like a file of this machine it is read once, waits for its reader, and
 * its stamps are its own times. frame_id is the last part of its address.
 *
 * If the connection is lost, the video is read again, and what was read before is left out. A video that ends twice in the same way is
 * damaged: it ends with a BadFrame, as after five attempts that bring nothing new.
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
    let index = 0;
    let last: string | undefined;
    for (let running = first; ; running = undefined) {
      const before = index;
      let reached = 0;
      const ffmpeg = running ?? new FfmpegFrames(input, info);
      const loss = yield* connection.read(ffmpeg, ffmpeg.frames(), ({ frame, seconds }) => {
        if (reached++ < index) return undefined;
        connection.works();
        return { frame, source: this.name, index: index++, stamp: fileStamp(seconds), frameId };
      });
      if (connection.stopped || (loss === undefined && index > 0)) return;
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
