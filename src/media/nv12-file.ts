import { open, stat, type FileHandle } from 'node:fs/promises';
import { parse } from 'node:path';
import { ExpectationError, expectInteger } from '../base/expect.js';
import { DEFAULT_RATE, fileStamp } from './file-clock.js';
import type { ImageReading } from '../native/camera.js';
import { RING_FRAMES } from './frame-ring.js';
import { MAX_DIMENSION, nv12Size, type Nv12Frame } from '../vision/picture/nv12-frame.js';
import { parseSize, type PictureSize } from '../vision/picture/picture-size.js';
import type { BadFrame, FrameSource, SourceFrame } from '../vision/picture/frame-source.js';

/** Sizes that cameras and TROS use, most common first; only for suggestions in error messages. */
const COMMON_SIZES: readonly PictureSize[] = [
  [1920, 1080],
  [1280, 720],
  [640, 480],
  [960, 544],
  [640, 640],
  [3840, 2160],
  [2560, 1440],
  [1920, 1088],
  [1920, 1536],
  [1280, 800],
  [1280, 960],
  [1280, 1088],
  [1088, 1280],
  [1600, 1200],
  [1024, 768],
  [960, 540],
  [848, 480],
  [800, 600],
  [768, 432],
  [672, 672],
  [640, 400],
  [640, 384],
  [640, 360],
  [512, 512],
  [416, 416],
  [320, 240],
].map(([width, height]) => ({ width: width!, height: height! }));

/** The size in a file's name: `people_960x544.nv12`. If there are several, the last one counts. */
export function sizeInName(path: string): PictureSize | undefined {
  const found = parse(path).name.match(/(?<!\d)\d{1,5}x\d{1,5}(?!\d)/gi);
  return found ? parseSize(found.at(-1)!) : undefined;
}

/** Common sizes that divide `bytes` into complete NV12 frames, fewest frames first: `640x480 (1 frame)`. */
export function plausibleSizes(bytes: number): string[] {
  return COMMON_SIZES.map((size) => ({ size, frames: bytes / nv12Size(size.width, size.height) }))
    .filter(({ frames }) => frames >= 1 && Number.isInteger(frames))
    .sort((a, b) => a.frames - b.frames)
    .slice(0, 5)
    .map(({ size, frames }) => `${size.width}x${size.height} (${frames} frame${frames === 1 ? '' : 's'})`);
}

export interface Nv12FileOptions {
  /** Size of the frames. @default the size in the file's name */
  readonly size?: PictureSize | undefined;
  /** Frames per second, for the stamps. */
  readonly rate?: number | undefined;
  /** Frames without timestamps before this file; its stamps continue from there. */
  readonly first?: number | undefined;
  /** How rows are padded. @default packed */
  readonly reading?: Pick<ImageReading, 'step' | 'rows'> | undefined;
}

/**
 * A file of consecutive raw NV12 frames, packed unless `reading` says otherwise. frame_id is the file's name without its
 * suffix.
 *
 * Frames are read into a ring: a frame stays valid for the next RING_FRAMES - 1 iterations. A truncated frame at the end of
 * the file is a BadFrame.
 */
export class Nv12FileSource implements FrameSource {
  private constructor(
    readonly name: string,
    readonly count: number,
    private readonly size: PictureSize,
    /** Bytes from row to row, and rows of luma, including padding. */
    private readonly room: PictureSize,
    /** Size of the whole file in bytes. */
    private readonly bytes: number,
    private readonly first: number,
    readonly rate: number,
  ) {}

  /** @throws ExpectationError when the size is missing, odd or too large for the file; it suggests sizes that fit */
  static async open(path: string, options: Nv12FileOptions = {}): Promise<Nv12FileSource> {
    const { size: bytes } = await stat(path);
    const size = options.size ?? sizeInName(path);
    if (!size) {
      throw new ExpectationError(
        'the size of the raw NV12 frames, as an option or in the file name (name_1920x1080.nv12)',
        path,
        suggestion(bytes),
      );
    }
    for (const [axis, length] of Object.entries(size) as [string, number][]) {
      expectInteger(`the ${axis} of ${path}`, length, 2, MAX_DIMENSION);
      if (length % 2 !== 0) throw new ExpectationError(`an even ${axis} for NV12`, length, suggestion(bytes));
    }
    const { step = 0, rows = 0 } = options.reading ?? {};
    if (step > 0) expectInteger(`the bytes of a row in ${path}`, step, size.width, 2 ** 20);
    if (rows > 0) expectInteger(`the rows of a frame in ${path}`, rows, size.height, 2 ** 16);
    const room = { width: step || size.width, height: rows || size.height };
    const frame = frameBytes(room);
    if (bytes < frame) {
      throw new ExpectationError(
        `at least ${frame} bytes, one ${size.width}x${size.height} NV12 frame, in ${path}`,
        `${bytes} bytes`,
        suggestion(bytes),
      );
    }
    const count = Math.floor(bytes / frame);
    const { first = 0, rate = DEFAULT_RATE } = options;
    return new Nv12FileSource(path, count, size, room, bytes, first, rate);
  }

  async *frames(): AsyncGenerator<SourceFrame | BadFrame, void, void> {
    const { width: stride, height: rows } = this.room;
    const length = frameBytes(this.room);
    const layout = { lumaOffset: 0, lumaStride: stride, chromaStride: stride, chromaOffset: stride * rows };
    const ring: Nv12Frame[] = [];
    const file = await open(this.name);
    try {
      for (let index = 0; index * length < this.bytes; index++) {
        const frame = (ring[index % RING_FRAMES] ??= {
          ...this.size,
          ...layout,
          data: new Uint8Array(length),
        });
        const read = await fill(frame.data, file, index * length);
        if (read < length) {
          yield { source: this.name, index, error: this.partialFrame(index, read) };
          return;
        }
        yield {
          frame,
          source: this.name,
          index,
          stamp: fileStamp((this.first + index) / this.rate),
          frameId: parse(this.name).name,
        };
      }
    } finally {
      await file.close();
    }
  }

  private partialFrame(index: number, bytes: number): ExpectationError {
    const { width, height } = this.size;
    return new ExpectationError(
      `${frameBytes(this.room)} bytes for frame ${index} of ${this.name} (${width}x${height} NV12)`,
      `${bytes} bytes at the end of the file`,
      `The recording is truncated, or the size is wrong. ${suggestion(this.bytes)}`,
    );
  }
}

function frameBytes({ width, height }: PictureSize): number {
  return Math.ceil(nv12Size(width, height));
}

/** Reads until `target` is full or the file ends. @returns the bytes read */
async function fill(target: Uint8Array, file: FileHandle, position: number): Promise<number> {
  let read = 0;
  while (read < target.length) {
    const { bytesRead } = await file.read(target, read, target.length - read, position + read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return read;
}

function suggestion(bytes: number): string {
  const sizes = plausibleSizes(bytes);
  return sizes.length > 0
    ? `Common sizes that fit its ${bytes} bytes: ${sizes.join(', ')}.`
    : `No common size fits its ${bytes} bytes: width x height x 1.5 for each frame.`;
}
