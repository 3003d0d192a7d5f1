import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { parse } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { endWithUs } from '../base/child-processes.js';
import { ExpectationError, errorOf } from '../base/expect.js';
import { fileStamp } from './file-clock.js';
import { packedToNv12 } from '../native/convert.js';
import { FrameRing } from './frame-ring.js';
import { frameSize, type Nv12Frame } from '../vision/picture/nv12-frame.js';
import type { BadFrame, FrameSource, SourceFrame } from '../vision/picture/frame-source.js';
import {
  ffmpegMissing,
  inputArguments,
  lastWords,
  probeVideo,
  type VideoFormat,
  type VideoInfo,
} from './video-probe.js';

/** Characters of ffmpeg's messages to keep. */
const MAX_STDERR = 4096;

/**
 * A video file, decoded by the program ffmpeg to full-range BT.601 NV12, via RGB if its size is odd. frame_id is the file's
 * name without its suffix.
 *
 * Every decoded frame is yielded once, with its own presentation time (also for variable frame rates), turned upright, in
 * the size with which the video begins. Frames arrive through a pipe into a ring: a frame stays valid for the next
 * RING_FRAMES - 1 iterations. ffmpeg waits when the reader does, and is ended with the iteration. Errors of ffmpeg become a
 * BadFrame after the decoded frames.
 */
export class VideoSource implements FrameSource {
  readonly count: number | undefined;

  private constructor(
    readonly name: string,
    private readonly info: VideoInfo,
    private readonly format: VideoFormat,
  ) {
    this.count = info.count;
  }

  /** @throws ExpectationError when ffmpeg is not installed or the file contains no video */
  static async open(path: string, format: VideoFormat = {}): Promise<VideoSource> {
    return new VideoSource(path, await probeVideo(path, format), format);
  }

  async *frames(): AsyncGenerator<SourceFrame | BadFrame, void, void> {
    const ffmpeg = new Ffmpeg(this.name, this.info, this.format);
    const frameId = parse(this.name).name;
    let index = 0;
    try {
      for await (const { frame, seconds } of ffmpeg.frames()) {
        yield { frame, source: this.name, index: index++, stamp: fileStamp(seconds), frameId };
      }
      const complaint = await ffmpeg.complaint();
      if (complaint !== undefined || index === 0) {
        const error = new ExpectationError(
          `${this.name} to be decoded to its end`,
          `${index} frames, then: ${complaint ?? 'nothing more'}`,
          'The file is truncated or damaged.',
        );
        yield { source: this.name, index, error };
      }
    } catch (error) {
      yield { source: this.name, index, error: errorOf(error) };
    } finally {
      await ffmpeg.end();
    }
  }
}

/** One run of ffmpeg: raw frames on its stdout, their timestamps on descriptor 3, error messages on stderr. */
class Ffmpeg {
  readonly #process: ChildProcess;
  /** Resolves when the process has ended and its pipes are empty. */
  readonly #closed: Promise<unknown[]>;
  readonly #times: Readable;
  #stderr = '';

  constructor(
    path: string,
    private readonly info: VideoInfo,
    format: VideoFormat,
  ) {
    this.#process = endWithUs(
      spawn('ffmpeg', ffmpegArguments(path, info, format), { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] }),
    );
    this.#closed = once(this.#process, 'close');
    this.#closed.catch(() => {}); // awaited in complaint(), possibly long after it failed
    this.#times = this.#process.stdio[3] as Readable;
    this.#process.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-MAX_STDERR);
    });
  }

  async *frames(): AsyncGenerator<{ frame: Nv12Frame; seconds: number }, void, void> {
    const { width, height } = frameSize(this.info);
    const ring = new FrameRing(width, height);
    // Frames of odd size arrive as RGB and are converted when complete.
    const rgb = isOdd(this.info) ? new Uint8Array(3 * this.info.width * this.info.height) : undefined;
    const times = presentationTimes(this.#times, this.info.rate);
    let frame = ring.next();
    let bytes = rgb ?? frame.data;
    let filled = 0;
    try {
      for await (const chunk of this.#process.stdout as AsyncIterable<Buffer>) {
        for (let used = 0; used < chunk.length;) {
          const part = chunk.subarray(used, used + bytes.length - filled);
          bytes.set(part, filled);
          used += part.length;
          filled += part.length;
          if (filled < bytes.length) continue;
          const time = await times.next();
          // ffmpeg writes a frame's time before its pixels.
          if (time.done) throw new ExpectationError('a time for every frame from ffmpeg', 'no more of them');
          if (rgb) {
            const { width, height } = this.info;
            frame = packedToNv12({ data: rgb, width, height, format: 'rgb8' }, undefined, frame);
          }
          yield { frame, seconds: time.value };
          frame = ring.next();
          bytes = rgb ?? frame.data;
          filled = 0;
        }
      }
    } finally {
      // Unread times of missing frames would keep the process from closing.
      this.#times.destroy();
    }
  }

  /** Waits for the end. @returns the reason of a failure, if any */
  async complaint(): Promise<string | undefined> {
    try {
      await this.#closed;
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? ffmpegMissing(error) : error;
    }
    const { exitCode, signalCode } = this.#process;
    const words = lastWords(this.#stderr);
    if (exitCode === 0 && words === '') return undefined;
    return words || `ffmpeg ended with ${signalCode ?? `exit code ${exitCode}`}`;
  }

  /** Ends ffmpeg if it is still running, and waits until it has exited. */
  async end(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#closed.catch(() => {});
  }
}

function isOdd({ width, height }: VideoInfo): boolean {
  return width % 2 !== 0 || height % 2 !== 0;
}

function ffmpegArguments(path: string, info: VideoInfo, format: VideoFormat): string[] {
  const { width, height, matrix, frameModeOption } = info;
  const size = `scale=${width}:${height}:in_color_matrix=${matrix}`;
  const filters = [
    // Every frame's presentation time, in microseconds, as a line on descriptor 3 (print wants some metadata to print).
    'settb=1/1000000',
    'metadata=mode=add:key=frame:value=0',
    'metadata=mode=print:direct=1:file=pipe\\\\:3',
    // The size is fixed: otherwise a stream that changes its size could not be split into frames.
    isOdd(info) ? size : `${size}:out_color_matrix=bt601:out_range=full`,
    isOdd(info) ? 'format=rgb24' : 'format=nv12',
  ];
  const output = ['-map', '0:V:0', '-vf', filters.join(','), frameModeOption, 'passthrough'];
  return [
    ...['-nostdin', '-hide_banner', '-v', 'error', ...inputArguments(path, format)],
    ...[...output, '-f', 'rawvideo', 'pipe:1'],
  ];
}

/** Seconds from the lines that ffmpeg's metadata filter prints; a frame without a time follows the last one at `rate`. */
async function* presentationTimes(lines: Readable, rate: number): AsyncGenerator<number, void, void> {
  let next = 0;
  for await (const line of createInterface({ input: lines })) {
    const match = /^frame:\d+\s+pts:(-?\d+|NOPTS)/.exec(line);
    if (!match) continue;
    const seconds = match[1] === 'NOPTS' ? next : Number(match[1]) / 1e6;
    next = seconds + 1 / rate;
    yield seconds;
  }
}
