import { ExpectationError } from '../base/expect.js';
import type { PictureSize } from '../vision/picture/picture-size.js';
import { RemoteVideo } from './remote-video.js';
import { isCamera, isRtsp } from './stream-address.js';
import { hidden, withoutPassword } from './stream-connection.js';
import { StreamSource, type StreamSourceOptions } from './stream-source.js';
import { UnprobedStream } from './unprobed-stream.js';
import { installedFrameMode, probeInput, USUAL_RATE, type VideoInfo } from './video-probe.js';

/** Protocols of streams; a playlist from the network must not name files of this machine. */
const PROTOCOLS = 'rtsp,rtsps,rtp,srtp,udp,tcp,tls,http,https,httpproxy,crypto,data';

export interface StreamOptions extends StreamSourceOptions {
  /** Of a camera: the size that it is asked for. Of a stream: the size that it is scaled to. @default its own */
  readonly size?: PictureSize | undefined;
  /** Frames per second that a camera is asked for. */
  readonly rate?: number | undefined;
  /** Further input options of ffmpeg: `rtsp_transport=udp`, `input_format=mjpeg`. */
  readonly options?: readonly string[] | undefined;
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
  if (isCamera(name)) {
    return [
      ...['-f', 'v4l2'],
      ...(size ? ['-video_size', `${size.width}x${size.height}`] : []),
      ...(rate === undefined ? [] : ['-framerate', String(rate)]),
      ...[...given, '-i', name],
    ];
  }
  const rtsp = isRtsp(name) && !given.includes('-rtsp_transport') ? ['-rtsp_transport', 'tcp'] : [];
  return [...rtsp, '-protocol_whitelist', PROTOCOLS, ...given, '-i', name];
}

/**
 * Opens a camera of this machine (V4L2) or a stream of the network, which the program ffmpeg reads.
 *
 * @returns a StreamSource, a RemoteVideo of what has a length, or an UnprobedStream that finds out which of them it is
 * @throws ExpectationError when there is no such camera or stream, or ffmpeg is not installed
 */
export async function openStream(
  address: string,
  options: StreamOptions = {},
): Promise<StreamSource | RemoteVideo | UnprobedStream> {
  const input = streamArguments(address, options);
  const { size, rate } = options;
  // A size that is given saves a first connection, which cameras with few places refuse.
  if (size && !isCamera(address)) {
    const frameModeOption = await installedFrameMode();
    const known = { ...size, count: undefined, matrix: 'auto', frameModeOption } as const;
    const stream = { address, input, info: { ...known, rate: rate ?? USUAL_RATE } };
    // RTSP is always live.
    return isRtsp(address) ? new StreamSource(stream, options) : new UnprobedStream(stream, options);
  }
  const info = await probe(address, input);
  const stream = { address, input, info };
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
