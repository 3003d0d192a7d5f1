import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ExpectationError, messageOf } from '../base/expect.js';
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
import { installedFrameMode, probeInput, type VideoInfo } from './video-probe.js';

const CAMERA = /^\/dev\/(video\d+|v4l\/.+)$/;
const STREAM = /^(rtsps?|https?):\/\//i;
const RTSP = /^rtsps?:\/\//i;

/** Protocols of streams; a playlist from the network must not name files of this machine. */
const PROTOCOLS = 'rtsp,rtsps,rtp,srtp,udp,tcp,tls,http,https,httpproxy,crypto,data';

/** Seconds before the first attempt to connect again, and between later ones at most. Each wait is twice the one before. */
const [FIRST_WAIT, LONGEST_WAIT] = [1, 30];
/** Seconds without a frame after which a stream counts as lost. */
const SILENCE = 10;
/** The rate of a stream that does not tell its own. Used for frames without times only. */
const USUAL_RATE = 25;

/** Whether an input is a camera (`/dev/video0`) or a stream (`rtsp://`, `http://`). */
export function isLiveInput(name: string): boolean {
  return CAMERA.test(name) || STREAM.test(name);
}

export interface StreamOptions {
  /** Of a camera: the size that it is asked for. Of a stream: the size that it is scaled to. @default its own */
  readonly size?: PictureSize | undefined;
  /** Frames per second that a camera is asked for. */
  readonly rate?: number | undefined;
  /** Further input options of ffmpeg: `rtsp_transport=udp`, `input_format=mjpeg`. */
  readonly options?: readonly string[] | undefined;
  /** Receives a line when the stream is lost, and when it is back. */
  readonly onNote?: ((text: string) => void) | undefined;
  /** For tests: milliseconds since 1970; a pause of so many milliseconds; seconds of silence that are a loss. */
  readonly now?: (() => number) | undefined;
  readonly pause?: ((milliseconds: number) => Promise<unknown>) | undefined;
  readonly silence?: number | undefined;
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
 * A camera of this machine (V4L2) or a stream of the network, read by the program ffmpeg. Stamps are the times at which frames
 * arrive; frame_id is the device's name, or the last part of the address.
 *
 * Of a camera and of RTSP the newest frame is used: if they come faster than they are used, those in between are dropped and counted.
 * What has a length waits for its reader, and so does http, where a file and a camera cannot be told apart. A stream that is lost is connected again, after pauses that grow from one second to half a minute, for as long as it
 * takes; one that has a length ends at its end.
 */
export class StreamSource implements FrameSource {
  /** As given, without a password. */
  readonly name: string;
  readonly rate: number;
  readonly #newest: NewestFrame | undefined;
  #arrived = 0;

  private constructor(
    private readonly address: string,
    private readonly input: readonly string[],
    private readonly info: VideoInfo,
    private readonly options: StreamOptions,
  ) {
    this.name = withoutPassword(address);
    this.rate = info.rate;
    if ((CAMERA.test(address) || RTSP.test(address)) && info.duration === undefined) {
      const { width, height } = frameSize(info);
      this.#newest = new NewestFrame(width, height, options.now ?? Date.now);
    }
  }

  /** @throws ExpectationError when there is no such camera or stream, or ffmpeg is not installed */
  static async open(name: string, options: StreamOptions = {}): Promise<StreamSource> {
    const input = streamArguments(name, options);
    const shown = withoutPassword(name);
    const { size, rate = USUAL_RATE } = options;
    // A size that is given saves a first connection, which cameras with few places refuse.
    const info: VideoInfo =
      size && !CAMERA.test(name)
        ? { ...size, rate, count: undefined, matrix: 'auto', frameModeOption: await installedFrameMode() }
        : await probeInput(shown, input).catch((error: unknown) => {
            if (!(error instanceof ExpectationError)) throw error;
            const received = hidden(String(error.received), name);
            throw new ExpectationError(error.expected, received, error.hint);
          });
    return new StreamSource(name, input, info, options);
  }

  get dropped(): number {
    return this.#newest?.dropped ?? 0;
  }

  async *frames(): AsyncGenerator<SourceFrame | BadFrame, void, void> {
    const { pause = sleep, onNote = (): void => undefined, silence = SILENCE } = this.options;
    const frameId = basename(this.name).replace(/[?#].*/, '') || 'camera';
    for (let lost = 0; ; lost++) {
      const ffmpeg = new FfmpegFrames(this.input, this.info);
      let reason: string | undefined;
      try {
        const newest = this.#newest;
        const frames = newest ? newest.of(ffmpeg.frames(newest)) : this.#inTurn(ffmpeg);
        for (;;) {
          const next = await within(silence, frames.next());
          if (next === undefined) reason = `no frame for ${silence} s`;
          if (next === undefined || next.done) break;
          if (lost > 0) onNote(`${this.name} is back.`);
          lost = 0;
          const { frame, index, time } = next.value;
          yield { frame, source: this.name, index, stamp: stampFromSeconds(time / 1000), frameId };
        }
        reason ??= await ffmpeg.complaint();
        if (reason === undefined && this.info.duration !== undefined) return;
      } catch (error) {
        reason = messageOf(error);
      } finally {
        await ffmpeg.end();
      }
      const seconds = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** lost);
      const why = hidden(reason ?? 'it ended', this.address);
      onNote(`${this.name} is lost (${why}). Connecting again in ${seconds} s.`);
      await pause(1000 * seconds);
    }
  }

  /** One frame after the other, as they are used. */
  async *#inTurn(ffmpeg: FfmpegFrames): AsyncGenerator<Arrival, void, void> {
    const { now = Date.now } = this.options;
    for await (const { frame } of ffmpeg.frames()) yield { frame, index: this.#arrived++, time: now() };
  }
}

/** The result of `work`; undefined if it takes longer than so many seconds. */
function within<T>(seconds: number, work: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(undefined), 1000 * seconds);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** ffmpeg's words without the password of the address, which it repeats. */
function hidden(text: string, address: string): string {
  return text.replaceAll(address, withoutPassword(address));
}

/**
 * `rtsp://user:***@host/`: names of inputs are written to results and logs. Like ffmpeg, it takes the last @ before the path as the end
 * of a password, which may have one, too.
 */
export function withoutPassword(name: string): string {
  return name.replace(/^(\w+:\/\/[^/?#@:]*:)[^/?#]*@/, '$1***@');
}
