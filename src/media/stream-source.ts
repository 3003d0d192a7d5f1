import {
  type BadFrame,
  type FrameSource,
  type SourceFrame,
  stampFromSeconds,
} from '../vision/picture/frame-source.js';
import { frameSize } from '../vision/picture/nv12-frame.js';
import { FfmpegFrames } from './ffmpeg-frames.js';
import { type Arrival, NewestFrame } from './newest-frame.js';
import { frameIdOf } from './remote-video.js';
import { isCamera, isRtsp } from './stream-address.js';
import { Connection, type ConnectionOptions, type Stream, withoutPassword } from './stream-connection.js';

export interface StreamSourceOptions extends ConnectionOptions {
  /** For tests: milliseconds since 1970. */
  readonly now?: (() => number) | undefined;
}

/**
 * A camera, or a stream that has no end. Stamps are the times at which frames arrive; frame_id is the device's name, or the last part
 * of the address.
 *
 * Of cameras, of RTSP and of Motion JPEG in parts (`multipart/x-mixed-replace`), which only cameras send, the newest frame is used: if
 * they come faster than they are used, those in between are dropped and counted. Other streams over HTTP wait for their reader: what
 * they send may be a file.
 *
 * A stream that is lost is connected again, after pauses that grow from one second to half a minute, for as long as it takes.
 */
export class StreamSource implements FrameSource {
  /** As given, without a password. */
  readonly name: string;
  readonly rate: number;
  readonly #newest: NewestFrame | undefined;
  #arrived = 0;

  constructor(
    private readonly stream: Stream,
    private readonly options: StreamSourceOptions = {},
  ) {
    const { address, info } = stream;
    this.name = withoutPassword(address);
    this.rate = info.rate;
    if (isCamera(address) || isRtsp(address) || info.container === 'mpjpeg') {
      const { width, height } = frameSize(info);
      this.#newest = new NewestFrame(width, height, options.now ?? Date.now);
    }
  }

  get dropped(): number {
    return this.#newest?.dropped ?? 0;
  }

  /** @param first ffmpeg that reads the stream already. @default a new one */
  async *frames(first?: FfmpegFrames): AsyncGenerator<SourceFrame | BadFrame, void, void> {
    const { address, input, info } = this.stream;
    const frameId = frameIdOf(this.name);
    const connection = new Connection(address, this.options);
    const newest = this.#newest;
    const use = ({ frame, index, time }: Arrival): SourceFrame => {
      connection.works();
      return { frame, source: this.name, index, stamp: stampFromSeconds(time / 1000), frameId };
    };
    for (let running = first; ; running = undefined) {
      const ffmpeg = running ?? new FfmpegFrames(input, info);
      const arrivals = newest ? newest.of(ffmpeg.frames(newest)) : this.#inTurn(ffmpeg);
      const loss = yield* connection.read(ffmpeg, arrivals, use);
      if (connection.stopped) return;
      await connection.wait(loss ?? 'it ended');
      if (connection.stopped) return;
    }
  }

  /** One frame after the other, as they are used. */
  async *#inTurn(ffmpeg: FfmpegFrames): AsyncGenerator<Arrival, void, void> {
    const { now = Date.now } = this.options;
    for await (const { frame } of ffmpeg.frames()) yield { frame, index: this.#arrived++, time: now() };
  }
}
