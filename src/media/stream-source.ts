import { ExpectationError } from '../base/expect.js';
import {
  type BadFrame,
  type FrameSource,
  type SourceFrame,
  stampFromSeconds,
} from '../vision/picture/frame-source.js';
import type { PictureSize } from '../vision/picture/picture-size.js';
import { frameSize } from '../vision/picture/nv12-frame.js';
import { FfmpegFrames } from './ffmpeg-frames.js';
import { type Arrival, NewestFrame } from './newest-frame.js';
import { damaged, frameIdOf, RemoteVideo } from './remote-video.js';
import {
  Connection,
  type ConnectionOptions,
  hidden,
  type Stream,
  withoutPassword,
} from './stream-connection.js';
import { installedFrameMode, probeInput, type VideoInfo } from './video-probe.js';

const CAMERA = /^\/dev\/(video\d+|v4l\/.+)$/;
const STREAM = /^(rtsps?|https?):\/\//i;
const RTSP = /^rtsps?:\/\//i;

/** Protocols of streams; a playlist from the network must not name files of this machine. */
const PROTOCOLS = 'rtsp,rtsps,rtp,srtp,udp,tcp,tls,http,https,httpproxy,crypto,data';

/** The rate of a stream that does not tell its own. Used for frames without times only. */
const USUAL_RATE = 25;

/** Whether an input is a camera (`/dev/video0`) or a stream (`rtsp://`, `http://`). */
export function isLiveInput(name: string): boolean {
  return CAMERA.test(name) || STREAM.test(name);
}

export interface StreamOptions extends ConnectionOptions {
  /** Of a camera: the size that it is asked for. Of a stream: the size that it is scaled to. @default its own */
  readonly size?: PictureSize | undefined;
  /** Frames per second that a camera is asked for. */
  readonly rate?: number | undefined;
  /** Further input options of ffmpeg: `rtsp_transport=udp`, `input_format=mjpeg`. */
  readonly options?: readonly string[] | undefined;
  /** For tests: milliseconds since 1970. */
  readonly now?: (() => number) | undefined;
}

/**
 * ffmpeg's options for a camera or stream, the input included. RTSP is carried over TCP unless an option says otherwise: lost packets
 * of UDP smear the picture.
 *
 * @throws ExpectationError for an option that is not NAME=VALUE
 */
export function streamArguments(name: string, { size, rate, options = [] }: StreamOptions = {}): string[] {
  const given = options.flatMap((option) => {
    const [, key, value] = /^-?(\w+)=(.*)$/s.exec(option) ?? [];
    if (key === undefined) {
      throw new ExpectationError('NAME=VALUE for --input-option', option, 'For example rtsp_transport=udp.');
    }
    return [`-${key}`, value!];
  });
  if (CAMERA.test(name)) {
    return [
      ...['-f', 'v4l2'],
      ...(size ? ['-video_size', `${size.width}x${size.height}`] : []),
      ...(rate === undefined ? [] : ['-framerate', String(rate)]),
      ...[...given, '-i', name],
    ];
  }
  const rtsp = RTSP.test(name) && !given.includes('-rtsp_transport') ? ['-rtsp_transport', 'tcp'] : [];
  return [...rtsp, '-protocol_whitelist', PROTOCOLS, ...given, '-i', name];
}

/**
 * Opens a camera of this machine (V4L2) or a stream of the network, which the program ffmpeg reads.
 *
 * @returns a StreamSource, or a RemoteVideo of what has a length
 * @throws ExpectationError when there is no such camera or stream, or ffmpeg is not installed
 */
export async function openStream(
  address: string,
  options: StreamOptions = {},
): Promise<StreamSource | RemoteVideo> {
  const input = streamArguments(address, options);
  const { size, rate = USUAL_RATE } = options;
  // A size that is given saves a first connection, which cameras with few places refuse.
  if (size && !CAMERA.test(address)) {
    const frameModeOption = await installedFrameMode();
    const info: VideoInfo = { ...size, rate, count: undefined, matrix: 'auto', frameModeOption };
    return new StreamSource({ address, input, info, probed: false }, options);
  }
  const info = await probe(address, input);
  const stream = { address, input, info, probed: true };
  return info.duration === undefined ? new StreamSource(stream, options) : new RemoteVideo(stream, options);
}

async function probe(address: string, input: readonly string[]): Promise<VideoInfo> {
  try {
    return await probeInput(withoutPassword(address), input);
  } catch (error) {
    if (!(error instanceof ExpectationError)) throw error;
    throw new ExpectationError(error.expected, hidden(String(error.received), address), error.hint);
  }
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
    private readonly options: StreamOptions = {},
  ) {
    const { address, info } = stream;
    this.name = withoutPassword(address);
    this.rate = info.rate;
    if (CAMERA.test(address) || RTSP.test(address) || info.container === 'mpjpeg') {
      const { width, height } = frameSize(info);
      this.#newest = new NewestFrame(width, height, options.now ?? Date.now);
    }
  }

  get dropped(): number {
    return this.#newest?.dropped ?? 0;
  }

  async *frames(): AsyncGenerator<SourceFrame | BadFrame, void, void> {
    const { address, input, info } = this.stream;
    const frameId = frameIdOf(this.name);
    const connection = new Connection(address, this.options);
    const newest = this.#newest;
    const use = ({ frame, index, time }: Arrival): SourceFrame => {
      connection.works();
      return { frame, source: this.name, index, stamp: stampFromSeconds(time / 1000), frameId };
    };
    for (;;) {
      const ffmpeg = new FfmpegFrames(input, info);
      const arrivals = newest ? newest.of(ffmpeg.frames(newest)) : this.#inTurn(ffmpeg);
      const loss = yield* connection.read(ffmpeg, arrivals, use);
      if (connection.stopped) return;
      if (await this.#isWhole()) {
        // A file: from its beginning it would come again.
        if (loss !== undefined) yield damaged(this.name, this.#arrived, loss);
        return;
      }
      await connection.wait(loss ?? 'it ended');
      if (connection.stopped) return;
    }
  }

  /** Whether what came over HTTP has a length after all, where nobody has asked for it yet. */
  async #isWhole(): Promise<boolean> {
    const { address, input, probed } = this.stream;
    if (probed || RTSP.test(address) || this.#arrived === 0) return false;
    const found = await probe(address, input).catch(() => undefined);
    return found?.duration !== undefined;
  }

  /** One frame after the other, as they are used. */
  async *#inTurn(ffmpeg: FfmpegFrames): AsyncGenerator<Arrival, void, void> {
    const { now = Date.now } = this.options;
    for await (const { frame } of ffmpeg.frames()) yield { frame, index: this.#arrived++, time: now() };
  }
}
