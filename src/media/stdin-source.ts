import type { Readable } from 'node:stream';
import { ExpectationError, errorOf } from '../base/expect.js';
import { nv12Size } from '../vision/picture/nv12-frame.js';
import type { BadFrame, FrameSource, SourceFrame } from '../vision/picture/frame-source.js';
import type { PictureSize } from '../vision/picture/picture-size.js';
import { DEFAULT_RATE, fileStamp } from './file-clock.js';
import { BEGIN_LENGTH, fileKind } from './file-kind.js';
import { FrameRing } from './frame-ring.js';
import { decodePicture, MAX_PICTURE_PIXELS } from './picture-file.js';

/** The input that means standard input. */
export const STDIN = '-';

export interface StdinOptions {
  /** Size of raw NV12 frames; without it a picture is expected. */
  readonly size?: PictureSize | undefined;
  readonly rate?: number | undefined;
  /** Frames without timestamps before. */
  readonly first?: number | undefined;
}

/**
 * Standard input: one picture, or with a size raw NV12 frames, packed, one after the other. frame_id is `stdin`.
 *
 * NV12 frames are read into a ring: a frame stays valid for the next RING_FRAMES - 1 iterations.
 */
export class StdinSource implements FrameSource {
  readonly name = STDIN;
  readonly count: number | undefined;
  readonly rate: number;

  constructor(
    private readonly options: StdinOptions = {},
    private readonly input: Readable = process.stdin,
  ) {
    this.count = options.size ? undefined : 1;
    this.rate = options.rate ?? DEFAULT_RATE;
  }

  get still(): boolean {
    return this.options.size === undefined;
  }

  async *frames(): AsyncGenerator<SourceFrame | BadFrame, void, void> {
    const { size, first = 0 } = this.options;
    let index = 0;
    try {
      for await (const frame of size ? this.#nv12(size) : this.#picture()) {
        const stamp = fileStamp((first + index) / this.rate);
        yield { frame, source: this.name, index: index++, stamp, frameId: 'stdin' };
      }
    } catch (error) {
      yield { source: this.name, index, error: errorOf(error) };
    }
  }

  async *#picture() {
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of this.input as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      // No compressed picture takes more bytes than its pixels would.
      if (length > 8 * MAX_PICTURE_PIXELS)
        throw new ExpectationError(
          'one picture on standard input',
          'much more',
          'Raw NV12 needs --size; a video is given by the name of its file.',
        );
    }
    const bytes = Buffer.concat(chunks);
    const kind = fileKind(STDIN, bytes.subarray(0, BEGIN_LENGTH));
    if (kind !== 'picture' && kind !== 'png') {
      throw new ExpectationError(
        'a picture on standard input',
        length === 0 ? 'nothing' : `${length} bytes of something else`,
        'Raw NV12 needs its size: --size 1920x1080. Videos and bags are named as files.',
      );
    }
    yield await decodePicture(bytes);
  }

  async *#nv12({ width, height }: PictureSize) {
    const ring = new FrameRing(width, height);
    let frame = ring.next();
    let filled = 0;
    for await (const chunk of this.input as AsyncIterable<Buffer>) {
      for (let used = 0; used < chunk.length;) {
        const part = chunk.subarray(used, used + frame.data.length - filled);
        frame.data.set(part, filled);
        used += part.length;
        filled += part.length;
        if (filled < frame.data.length) continue;
        yield frame;
        frame = ring.next();
        filled = 0;
      }
    }
    if (filled > 0) {
      throw new ExpectationError(
        `${nv12Size(width, height)} bytes for each ${width}x${height} NV12 frame on standard input`,
        `${filled} bytes at its end`,
        'It was cut off, or the size is wrong.',
      );
    }
  }
}
