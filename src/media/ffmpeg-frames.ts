import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { endWithUs } from '../base/child-processes.js';
import { ExpectationError } from '../base/expect.js';
import { packedToNv12 } from '../native/convert.js';
import { FrameRing } from './frame-ring.js';
import { frameSize, type Nv12Frame } from '../vision/picture/nv12-frame.js';
import { FfmpegMessages, type InputDescription } from './ffmpeg-messages.js';
import { ffmpegMissing, type VideoInfo } from './video-probe.js';

/** A frame, and its time in the input. */
export interface TimedFrame {
  readonly frame: Nv12Frame;
  readonly seconds: number;
}

/** One run of ffmpeg: raw frames on its stdout, their timestamps on descriptor 3, messages on stderr. */
export class FfmpegFrames {
  readonly #process: ChildProcess;
  /** Resolves when the process has ended and its pipes are empty. */
  readonly #closed: Promise<unknown[]>;
  readonly #times: Readable;
  readonly #messages: FfmpegMessages;

  /**
   * @param input ffmpeg's options for the input, the input included
   * @param described whether description() will be asked for
   */
  constructor(
    input: readonly string[],
    private readonly info: VideoInfo,
    described = false,
  ) {
    const level = described ? 'level+info' : 'error';
    this.#process = endWithUs(
      spawn('ffmpeg', ffmpegArguments(input, info, level), { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] }),
    );
    this.#closed = once(this.#process, 'close');
    this.#closed.catch(() => {}); // awaited in complaint(), possibly long after it failed
    this.#times = this.#process.stdio[3] as Readable;
    this.#messages = new FfmpegMessages(this.#process.stderr!, described);
  }

  /** What ffmpeg says of the input when it has opened it; undefined if it cannot. */
  description(): Promise<InputDescription | undefined> {
    return this.#messages.description;
  }

  /** @param ring memory of the frames, each of which is asked for when the one before has been used. @default a FrameRing */
  async *frames(ring: { next(): Nv12Frame } = this.#ring()): AsyncGenerator<TimedFrame, void, void> {
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
          if (time.done)
            throw new ExpectationError(
              'a time for every frame from ffmpeg',
              'no more of them',
              'Try another version of ffmpeg, 4.4 or newer; ffmpeg -version says which one this is.',
            );
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

  #ring(): FrameRing {
    const { width, height } = frameSize(this.info);
    return new FrameRing(width, height);
  }

  /** Waits for the end. @returns the reason of a failure, if any */
  async complaint(): Promise<string | undefined> {
    try {
      await this.#closed;
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? ffmpegMissing(error) : error;
    }
    const { exitCode, signalCode } = this.#process;
    const words = this.#messages.lastErrors();
    if (exitCode === 0 && words === '') return undefined;
    return words || `ffmpeg ended with ${signalCode ?? `exit code ${exitCode}`}`;
  }

  /** Ends ffmpeg if it is still running, and waits until it has exited. Frames that were not read are lost. */
  async end(): Promise<void> {
    this.#process.kill('SIGKILL');
    // Whoever stopped in the middle of frames() left unread bytes, which would keep the process from closing.
    this.#process.stdout?.destroy();
    this.#times.destroy();
    await this.#closed.catch(() => {});
  }
}

function isOdd({ width, height }: VideoInfo): boolean {
  return width % 2 !== 0 || height % 2 !== 0;
}

function ffmpegArguments(input: readonly string[], info: VideoInfo, level: string): string[] {
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
    ...['-nostdin', '-hide_banner', '-nostats', '-v', level, ...input],
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
