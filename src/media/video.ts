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

/** As much of ffmpeg's messages as is kept. */
const MAX_STDERR = 4096;

/**
 * A video file, decoded by the program ffmpeg to full-range BT.601 NV12, by way of RGB where its size is odd. frame_id is the file's name without its ending.
 *
 * Every decoded frame comes once, with its own presentation time (variable frame rates keep theirs), turned upright, of the size
 * the video begins with. Frames arrive through a pipe into a ring: one stays valid for the RING_FRAMES - 1 iterations that
 * follow; ffmpeg waits while the reader does, and is ended when the iteration is. What ffmpeg complains about becomes a
 * BadFrame after the frames that could be decoded.
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

  /** @throws ExpectationError when ffmpeg is not installed or the file holds no video */
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
          'The file is cut off or damaged.',
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

/** One run of ffmpeg: raw frames on its stdout, their timestamps on descriptor 3, complaints on stderr. */
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
    this.#closed.catch(() => {}); // awaited in complaint(), perhaps long after it failed
    this.#times = this.#process.stdio[3] as Readable;
    this.#process.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-MAX_STDERR);
    });
  }

  async *frames(): AsyncGenerator<{ frame: Nv12Frame; seconds: number }, void, void> {
    const { width, height } = frameSize(this.info);
    const ring = new FrameRing(width, height);
    // What cannot be NV12 comes as RGB, and is converted when it is whole.
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
      // Times of frames that never came would keep the process from closing.
      this.#times.destroy();
    }
  }

  /** Waits for the end. @returns why it was no good one, if so */
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

  /** Ends ffmpeg if it still runs, and waits until it is gone. */
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
    // The size is fixed: a stream whose size changes on its way would no longer be cut into frames rightly.
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
