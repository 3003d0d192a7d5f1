import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { lastWords } from './video-probe.js';

/** What ffmpeg says of an input that it has opened. */
export interface InputDescription {
  /** ffmpeg's names of the container: `matroska,webm`. */
  readonly container: string;
  /** Seconds, if it has a length. */
  readonly duration: number | undefined;
  /** Frames per second of its video, if it tells them. */
  readonly rate: number | undefined;
}

/** Characters of ffmpeg's errors to keep. */
const MAX_ERRORS = 4096;
/** Of a message with `-v level+…`: `[mjpeg @ 0x5581] [error] No JPEG data found`. */
const LEVEL = /^((?:\[[^\]]* @ [^\]]*\] )*)\[(quiet|panic|fatal|error|warning|info|verbose|debug|trace)\] /;
const ERROR_LEVELS = ['panic', 'fatal', 'error'];

/** The messages of one ffmpeg: the last of its errors and, if it says more, what it says of its input. */
export class FfmpegMessages {
  /** Resolves when ffmpeg has opened its input, or has ended. */
  readonly description: Promise<InputDescription | undefined>;
  #describe!: (found: InputDescription | undefined) => void;
  #errors = '';
  /** Whether the present message is an error; one may have several lines. */
  #isError = true;
  #container: string | undefined;
  #duration: number | undefined;

  /** @param leveled whether ffmpeg was told to say the level of each message: `-v level+info` */
  constructor(stderr: Readable, leveled: boolean) {
    this.description = new Promise((resolve) => (this.#describe = resolve));
    const lines = createInterface({ input: stderr });
    lines.on('line', (line) => (leveled ? this.#leveled(line) : this.#error(line)));
    // Also if there is no ffmpeg: readline closes at an end only.
    stderr.once('close', () => this.#describe(undefined));
  }

  /** The last two errors, as one line. */
  lastErrors(): string {
    return lastWords(this.#errors);
  }

  #error(line: string): void {
    this.#errors = `${this.#errors}${line}\n`.slice(-MAX_ERRORS);
  }

  #leveled(line: string): void {
    const [all = '', context = '', level] = LEVEL.exec(line) ?? [];
    if (level !== undefined) this.#isError = ERROR_LEVELS.includes(level);
    const text = line.slice(all.length);
    if (this.#isError) this.#error(context + text);
    else this.#read(text);
  }

  /**
   * Reads the lines that libavformat's av_dump_format() prints (libavformat/dump.c):
   *
   *     Input #0, mpjpeg, from 'http://camera/':
   *       Duration: 00:00:03.04, start: 0.000000, bitrate: 1177 kb/s
   *       Stream #0:0: Video: mjpeg, yuvj420p, 64x48, 10 fps, 10 tbr, 1k tbn
   *     Stream mapping:
   */
  #read(text: string): void {
    const input = /^Input #0, (\S+), from /.exec(text);
    if (input) this.#container = input[1];
    if (this.#container === undefined) return;
    const length = /^ {2}Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)/.exec(text);
    if (length) this.#duration = 3600 * Number(length[1]) + 60 * Number(length[2]) + Number(length[3]);
    const video = /^ +Stream #0:\d+.*?: Video: /.test(text);
    if (!video && !text.startsWith('Stream mapping:')) return;
    const [, figure, thousand] = /, ([\d.]+)(k?) fps(?:,|$)/.exec(text) ?? [];
    const rate = Number(figure) * (thousand ? 1000 : 1);
    const duration = this.#duration;
    this.#describe({
      container: this.#container,
      duration: duration !== undefined && duration > 0 ? duration : undefined,
      rate: rate > 0 ? rate : undefined,
    });
  }
}
