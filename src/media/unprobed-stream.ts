import { ExpectationError } from '../base/expect.js';
import type { BadFrame, FrameSource, SourceFrame } from '../vision/picture/frame-source.js';
import { FfmpegFrames } from './ffmpeg-frames.js';
import type { InputDescription } from './ffmpeg-messages.js';
import { ATTEMPTS, RemoteVideo } from './remote-video.js';
import { Connection, hidden, SILENT, type Stream, withoutPassword } from './stream-connection.js';
import { StreamSource, type StreamSourceOptions } from './stream-source.js';

/**
 * A stream over HTTP whose size was given, so that nobody has asked it what it is. The first connection tells, and goes on as what it
 * is: a RemoteVideo if it has a length, else a StreamSource. A second connection is not made: cameras with few places refuse it.
 */
export class UnprobedStream implements FrameSource {
  /** As given, without a password. */
  readonly name: string;
  #known: StreamSource | RemoteVideo | undefined;

  /** @param stream `info` holds what is used until the stream has said more */
  constructor(
    private readonly stream: Stream,
    private readonly options: StreamSourceOptions = {},
  ) {
    this.name = withoutPassword(stream.address);
  }

  /** Frames per second; undefined until the first frame has come. */
  get rate(): number | undefined {
    return this.#known?.rate;
  }

  get dropped(): number {
    return this.#known instanceof StreamSource ? this.#known.dropped : 0;
  }

  async *frames(): AsyncGenerator<SourceFrame | BadFrame, void, void> {
    const connection = new Connection(this.stream.address, this.options);
    for (;;) {
      const ffmpeg = new FfmpegFrames(this.stream.input, this.stream.info, true);
      let reason: string | undefined;
      try {
        const answer = await connection.within(ffmpeg.description().then((found) => ({ found })));
        if (connection.stopped) return;
        if (answer?.found) {
          connection.works();
          this.#known = this.#sourceOf(answer.found);
          return yield* this.#known.frames(ffmpeg);
        }
        reason = answer ? await ffmpeg.complaint() : SILENT;
      } finally {
        await ffmpeg.end();
      }
      reason = hidden(reason ?? 'nothing', this.stream.address);
      if (connection.failures === ATTEMPTS) {
        yield { source: this.name, index: 0, error: nothingIn(this.name, reason) };
        return;
      }
      await connection.wait(reason);
      if (connection.stopped) return;
    }
  }

  #sourceOf(found: InputDescription): StreamSource | RemoteVideo {
    const { info } = this.stream;
    const stream = { ...this.stream, info: { ...info, ...found, rate: found.rate ?? info.rate } };
    return found.duration === undefined
      ? new StreamSource(stream, this.options)
      : new RemoteVideo(stream, this.options);
  }
}

function nothingIn(name: string, reason: string): ExpectationError {
  const hint = 'Check its name, and with ffplay or a browser whether it sends anything.';
  return new ExpectationError(`a video in ${name}`, reason, hint);
}
