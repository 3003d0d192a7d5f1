import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ExpectationError, messageOf } from '../base/expect.js';

/** Properties of a video that are needed to read its frames from a pipe. */
export interface VideoInfo {
  /** Size of the upright picture; may be odd. */
  readonly width: number;
  readonly height: number;
  /** Number of frames, if the container gives it. */
  readonly count: number | undefined;
  /** Frames per second, for frames without a timestamp. */
  readonly rate: number;
  /** YUV matrix; `auto` if the video specifies it. */
  readonly matrix: 'auto' | 'bt601' | 'bt709';
  /**
   * The option of the installed ffmpeg that passes every frame unchanged, without duplicating or dropping any for a constant
   * rate.
   */
  readonly frameModeOption: '-fps_mode' | '-vsync';
  /** Seconds, if it has a length. */
  readonly duration?: number | undefined;
  /** ffmpeg's names of the container: `matroska,webm`. */
  readonly container?: string | undefined;
  /** Frames that the decoder keeps to bring them into order. */
  readonly reordered?: number | undefined;
}

/** The rate of a video that does not tell its own. Used for frames without times only. */
export const USUAL_RATE = 25;

/** Properties of a video that ffmpeg cannot reliably find out. */
export interface VideoFormat {
  /** ffmpeg's name of its container. @default found by ffmpeg */
  readonly demuxer?: 'mjpeg' | 'apng' | undefined;
  /** Frames per second of raw Motion JPEG, which has no timestamps. @default 25 */
  readonly rate?: number | undefined;
}

/**
 * Input options for ffmpeg and ffprobe: local files only, even if a playlist refers to others, and no path is mistaken for a
 * URL.
 */
export function inputArguments(path: string, { demuxer, rate }: VideoFormat = {}): string[] {
  const format = demuxer === undefined ? [] : ['-f', demuxer];
  const pace = demuxer === 'mjpeg' && rate !== undefined ? ['-framerate', String(rate)] : [];
  return [...format, ...pace, '-protocol_whitelist', 'file', '-i', `file:${path}`];
}

/** The used part of ffprobe's output. */
interface ProbedStream {
  width?: number;
  height?: number;
  nb_frames?: string;
  avg_frame_rate?: string;
  color_space?: string;
  has_b_frames?: number;
  tags?: { rotate?: string };
  side_data_list?: { rotation?: number }[];
}

/** Time-out of ffprobe, which reads only headers. */
const PROBE_TIMEOUT_MS = 30_000;
const SILENT_HINT = 'Check with ffplay or a browser whether it sends anything.';
const UNKNOWN_HINT = 'Check its name, and with ffprobe what is in it.';

/** @throws ExpectationError when ffprobe is missing or finds no video in the file, with its reason */
export function probeVideo(path: string, format: VideoFormat = {}): Promise<VideoInfo> {
  return probeInput(path, inputArguments(path, format));
}

/**
 * Like probeVideo(), for any input of ffmpeg.
 *
 * @param name of the input, for messages
 * @param input ffmpeg's options for it, the input included
 */
export async function probeInput(name: string, input: readonly string[]): Promise<VideoInfo> {
  const { stream, version, duration, container } = await firstVideoStream(name, input);
  const { width = 0, height = 0 } = stream;
  if (width < 2 || height < 2) {
    throw new ExpectationError(
      `a video of at least 2x2 pixels in ${name}`,
      `${width}x${height}`,
      'Record or export it in a larger size.',
    );
  }
  // Phones record sideways and mark it: in the display matrix, or in a tag before ffmpeg 5.
  const rotation = stream.side_data_list?.find((data) => data.rotation !== undefined)?.rotation;
  const sideways = Math.abs(rotation ?? Number(stream.tags?.rotate ?? 0)) % 180 === 90;
  const [upright, across] = sideways ? [height, width] : [width, height];
  const [numerator = 0, denominator = 0] = (stream.avg_frame_rate ?? '').split('/').map(Number);
  const frames = Number(stream.nb_frames);
  return {
    width: upright,
    height: across,
    count: frames > 0 ? frames : undefined,
    rate: numerator > 0 && denominator > 0 ? numerator / denominator : USUAL_RATE,
    matrix: colorMatrix(stream.color_space, height),
    frameModeOption: frameModeOption(version),
    duration: duration > 0 ? duration : undefined,
    container,
    reordered: stream.has_b_frames,
  };
}

/** If a video does not specify it, players assume BT.709 from high definition on. */
function colorMatrix(said: string | undefined, height: number): VideoInfo['matrix'] {
  if (said !== undefined && said !== 'unknown' && said !== 'reserved') return 'auto';
  return height >= 720 ? 'bt709' : 'bt601';
}

/** ffmpeg 5.1 introduced -fps_mode, and 9 removed -vsync; Ubuntu 22.04, and so TROS, has 4.4. */
function frameModeOption(version: string): VideoInfo['frameModeOption'] {
  const [, major, minor] = /^n?(\d+)\.(\d+)/.exec(version) ?? [];
  const old = major !== undefined && (Number(major) < 5 || (Number(major) === 5 && Number(minor) === 0));
  return old ? '-vsync' : '-fps_mode';
}

/**
 * The option of the installed ffmpeg that passes every frame unchanged.
 *
 * @throws ExpectationError when ffmpeg is missing
 */
export async function installedFrameMode(): Promise<VideoInfo['frameModeOption']> {
  try {
    const { stdout } = await promisify(execFile)('ffmpeg', ['-version'], { timeout: PROBE_TIMEOUT_MS });
    return frameModeOption(/^ffmpeg version (\S+)/.exec(stdout)?.[1] ?? '');
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? ffmpegMissing(error) : error;
  }
}

async function firstVideoStream(
  name: string,
  input: readonly string[],
): Promise<{ stream: ProbedStream; version: string; duration: number; container: string | undefined }> {
  let output: string;
  try {
    const what =
      'stream=width,height,nb_frames,avg_frame_rate,color_space,has_b_frames:stream_tags=rotate:stream_side_data=rotation:program_version=version:format=duration,format_name';
    const options = [
      '-v',
      'error',
      '-select_streams',
      'V:0',
      '-show_program_version',
      '-show_entries',
      what,
      '-of',
      'json',
    ];
    ({ stdout: output } = await promisify(execFile)('ffprobe', [...options, ...input], {
      timeout: PROBE_TIMEOUT_MS,
    }));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw ffmpegMissing(error);
    const { stderr = '', killed } = error as { stderr?: string; killed?: boolean };
    const silence = `nothing for ${PROBE_TIMEOUT_MS / 1000} s`;
    const reason = killed ? silence : lastWords(stderr) || messageOf(error);
    throw new ExpectationError(`a video in ${name}`, reason, killed ? SILENT_HINT : UNKNOWN_HINT, {
      cause: error,
    });
  }
  const answer = JSON.parse(output) as {
    streams?: ProbedStream[];
    program_version?: { version?: string };
    format?: { duration?: string; format_name?: string };
  };
  const stream = answer.streams?.[0];
  if (!stream)
    throw new ExpectationError(
      `a video in ${name}`,
      'a file without a video stream',
      'It may contain only sound: ffprobe shows what is in it.',
    );
  const { duration, format_name: container } = answer.format ?? {};
  const version = answer.program_version?.version ?? '';
  return { stream, version, duration: Number(duration ?? NaN), container };
}

export function ffmpegMissing(cause: unknown): ExpectationError {
  return new ExpectationError(
    'the programs ffmpeg and ffprobe, which read and write videos',
    'none on the PATH',
    'Install them: sudo apt-get install ffmpeg.',
    { cause },
  );
}

/** The end of what ffmpeg wrote to stderr, as one line: its last two messages without the addresses in front. */
export function lastWords(stderr: string): string {
  const lines = stderr
    .split('\n')
    .map((line) => line.replace(/^\[[^\]]*\] /, '').trim())
    .filter((line) => line !== '');
  return [...new Set(lines)].slice(-2).join('; ');
}
