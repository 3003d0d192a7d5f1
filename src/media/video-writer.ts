import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { ExpectationError } from '../base/expect.js';
import { WholeFile } from '../base/files/whole-file.js';
import { writeError } from '../base/files/write-error.js';
import type { RgbPicture } from './render/rgb-picture.js';
import { ffmpegMissing, lastWords } from './video-probe.js';

/** What ffmpeg calls the container of each suffix, and the encoder that is used for it unless another one is asked for. */
const CONTAINERS = {
  '.mp4': { format: 'mp4', encoder: 'libx264' },
  '.mkv': { format: 'matroska', encoder: 'libx264' },
  '.webm': { format: 'webm', encoder: 'libvpx-vp9' },
} as const;

export const VIDEO_SUFFIXES = Object.keys(CONTAINERS) as (keyof typeof CONTAINERS)[];

/** Bits for each pixel and frame of encoders that have no setting for quality. Overlays have sharp edges. */
const BITS_PER_PIXEL = 0.15;
const MAX_STDERR = 4096;

export interface VideoFormat {
  readonly width: number;
  readonly height: number;
  /** Frames per second. */
  readonly rate: number;
  /** An encoder of ffmpeg, for example h264_nvenc. @default libx264, for WebM libvpx-vp9 */
  readonly encoder?: string | undefined;
}

/** @throws ExpectationError unless the name ends as a video that can be written */
export function videoSuffix(path: string): keyof typeof CONTAINERS {
  const suffix = extname(path).toLowerCase();
  const known = VIDEO_SUFFIXES.find((each) => each === suffix);
  if (known) return known;
  throw new ExpectationError(
    `a video with the suffix ${VIDEO_SUFFIXES.join(', ')}`,
    path || 'none',
    'The suffix chooses the format, for example out.mp4.',
  );
}

/**
 * Arguments of ffmpeg that encode packed RGB from its standard input, without sound, in BT.709 and limited range, which all
 * players expect. Sides of odd length get a row or column more, because 4:2:0 needs even ones.
 *
 * @param path of the finished file, whose suffix decides on the container
 * @param part where ffmpeg writes
 */
export function encoderArguments(path: string, part: string, video: VideoFormat): string[] {
  const { width, height, rate } = video;
  const { format, encoder: usual } = CONTAINERS[videoSuffix(path)];
  const encoder = video.encoder ?? usual;
  const vaapi = encoder.endsWith('_vaapi');
  const filters = [
    'pad=ceil(iw/2)*2:ceil(ih/2)*2',
    'scale=out_color_matrix=bt709:out_range=tv',
    `format=${vaapi ? 'nv12' : 'yuv420p'}`,
    ...(vaapi ? ['hwupload'] : []),
  ];
  return [
    // Without -xerror, ffmpeg 5.1 ends with 0 although the end of the file was not written.
    ...['-nostdin', '-hide_banner', '-v', 'error', '-xerror', '-y'],
    ...(vaapi ? ['-vaapi_device', '/dev/dri/renderD128'] : []),
    ...[
      '-f',
      'rawvideo',
      '-pix_fmt',
      'rgb24',
      '-s',
      `${width}x${height}`,
      '-r',
      String(rate),
      '-i',
      'pipe:0',
    ],
    ...['-an', '-vf', filters.join(','), '-c:v', encoder, ...qualityOf(encoder, video)],
    ...['-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709', '-color_range', 'tv'],
    // The index at the beginning lets a browser start before the whole file is there.
    ...(format === 'mp4' ? ['-movflags', '+faststart'] : []),
    ...['-f', format, part],
  ];
}

/** What to do about ffmpeg's last words. */
function hintFor(reason: string): string {
  if (/no space|SIGXFSZ|file too large|quota/i.test(reason)) return 'Free some space, or write elsewhere.';
  if (/no such file|permission denied|read-only|not permitted|input\/output error/i.test(reason)) {
    return 'Choose another folder, one that can be written to.';
  }
  return 'ffmpeg -encoders lists the encoders that --video-encoder accepts here.';
}

/** Settings for about the same, good quality. */
function qualityOf(encoder: string, { width, height, rate }: VideoFormat): string[] {
  if (encoder === 'libx264' || encoder === 'libx265') return ['-preset', 'veryfast', '-crf', '20'];
  if (encoder.startsWith('libvpx')) {
    return ['-deadline', 'realtime', '-cpu-used', '6', '-row-mt', '1', '-crf', '30', '-b:v', '0'];
  }
  if (encoder.endsWith('_nvenc')) return ['-cq', '23', '-b:v', '0'];
  if (encoder.endsWith('_vaapi')) return ['-qp', '22'];
  if (encoder.endsWith('_qsv')) return ['-global_quality', '22'];
  return ['-b:v', String(Math.round(BITS_PER_PIXEL * width * height * rate))];
}

/**
 * Encodes pictures as a video with the program ffmpeg. The file appears under its name when it is complete; writing waits
 * when the encoder is slower.
 *
 *     const video = new VideoWriter('out.mp4', { width: 640, height: 480, rate: 30 });
 *     await video.write(picture);
 *     await video.close();
 */
export class VideoWriter {
  readonly #file: WholeFile;
  readonly #process: ChildProcess;
  readonly #closed: Promise<unknown[]>;
  #stderr = '';

  constructor(
    readonly path: string,
    readonly format: VideoFormat,
    private readonly replace = false,
  ) {
    this.#file = new WholeFile(path);
    // A process group of its own: Ctrl-C in a terminal must not end it before it has all frames. It ends with its input.
    this.#process = spawn('ffmpeg', encoderArguments(path, this.#file.part, format), {
      stdio: ['pipe', 'ignore', 'pipe'],
      detached: true,
    });
    this.#closed = once(this.#process, 'close');
    this.#closed.catch(() => undefined); // awaited in #failure()
    // A broken pipe is reported with what ffmpeg has said.
    this.#process.stdin!.on('error', () => undefined);
    this.#process.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-MAX_STDERR);
    });
  }

  /**
   * Adds a frame. Its bytes may change when the promise has settled.
   *
   * @throws ExpectationError when the encoder has failed
   */
  async write({ data }: RgbPicture): Promise<void> {
    const stdin = this.#process.stdin!;
    const error = await new Promise<Error | null | undefined>((resolve) => {
      if (stdin.destroyed) resolve(new Error('closed'));
      else stdin.write(data, resolve);
    });
    if (error) throw await this.#failure();
  }

  /** Finishes the file. @throws ExpectationError when the encoder has failed; nothing is left then */
  async close(): Promise<void> {
    this.#process.stdin!.end();
    const [code] = (await this.#closed.catch(() => [-1])) as [number | null];
    if (code !== 0) throw await this.#failure();
    try {
      this.#file.finish(this.replace);
    } catch (error) {
      this.#file.discard();
      throw writeError(this.path, error);
    }
  }

  /** Ends the encoder and leaves no file. */
  discard(): void {
    this.#process.kill('SIGKILL');
    this.#file.discard();
  }

  async #failure(): Promise<Error> {
    const cause: unknown = await this.#closed.then(
      () => undefined,
      (error: unknown) => error,
    );
    this.#file.discard();
    if ((cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return ffmpegMissing(cause);
    const { exitCode, signalCode } = this.#process;
    const reason = lastWords(this.#stderr) || `ffmpeg ended with ${signalCode ?? `exit code ${exitCode}`}`;
    return new ExpectationError(`ffmpeg to write ${this.path}`, reason, hintFor(reason), { cause });
  }
}
