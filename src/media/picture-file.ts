import { readFile } from 'node:fs/promises';
import { parse } from 'node:path';
import sharp, { type Metadata, type Sharp } from 'sharp';
import { ExpectationError, messageOf, errorOf } from '../base/expect.js';
import { packedToNv12 } from '../native/convert.js';
import { DEFAULT_RATE, fileStamp } from './file-clock.js';
import { MAX_DIMENSION, type Nv12Frame } from '../vision/picture/nv12-frame.js';
import type { BadFrame, FrameSource, SourceFrame } from '../vision/picture/frame-source.js';

/** Largest picture that is decoded: above any camera, below what a small file could use to eat a robot's memory. */
export const MAX_PICTURE_PIXELS = 2 ** 27;

/** Background of transparent pictures: the gray of the letterbox. */
const BACKGROUND = { r: 114, g: 114, b: 114 };

const FORMATS = 'a picture in JPEG, PNG, WebP, TIFF, GIF or AVIF';

/** Kinds of samples that have no white of their own. */
const OPEN_DEPTHS: readonly string[] = ['float', 'double', 'int', 'uint'];

/**
 * Decodes a picture file to full-range NV12, off the JS thread.
 *
 * Turned upright by EXIF; transparency is laid over gray; grayscale, CMYK and 16-bit pictures become 8-bit sRGB, those of floats
 * and of 32-bit integers as toBytes() says.
 *
 * @param page of a file with several pages or animation frames
 * @throws ExpectationError for what is no picture, is cut off or damaged, is wider or taller than MAX_DIMENSION or
 *   larger than MAX_PICTURE_PIXELS
 */
export async function decodePicture(file: Uint8Array, page = 0): Promise<Nv12Frame> {
  const { depth, space } = await pictureMetadata(file, page);
  // Warnings are ignored: many cameras write stray bytes that decoders warn about.
  const picture = sharp(file, { failOn: 'error', limitInputPixels: MAX_PICTURE_PIXELS, page })
    .autoOrient()
    .flatten({ background: BACKGROUND });
  if (OPEN_DEPTHS.includes(depth)) return decodeOpenDepth(picture, space);
  const { data, info } = await sharpened(
    picture.toColorspace('srgb').raw().toBuffer({ resolveWithObject: true }),
  );
  const { width, height, channels } = info;
  return packedToNv12({ data, width, height, format: channels === 1 ? 'mono8' : 'rgb8' });
}

/** Reads samples as they are in the file, without any color conversion. */
async function decodeOpenDepth(picture: Sharp, space: Metadata['space']): Promise<Nv12Frame> {
  const { data, info } = await sharpened(
    picture
      .pipelineColorspace(space)
      .toColorspace(space)
      .raw({ depth: 'float' })
      .toBuffer({ resolveWithObject: true }),
  );
  const { width, height, channels } = info;
  const samples = new Float32Array(data.buffer, data.byteOffset, data.byteLength / 4);
  return packedToNv12({
    ...{ data: toBytes(samples), width, height, step: width * channels },
    format: channels === 1 ? 'mono8' : 'rgb8',
  });
}

/**
 * Samples that have no white of their own as bytes. Values from 0 to 1: 1 is white; from 0 to more than 127 and no more than 255:
 * bytes already; any others: the least is black, the greatest white. NaN is black, infinity white.
 */
export function toBytes(samples: Float32Array): Uint8Array {
  let least = Infinity;
  let greatest = -Infinity;
  for (const value of samples) {
    if (!Number.isFinite(value)) continue;
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
  }
  let [black, white] = [least, greatest];
  if (least >= 0 && greatest <= 1) [black, white] = [0, 1];
  else if (least >= 0 && greatest > 127 && greatest <= 255) [black, white] = [0, 255];
  const scale = white > black ? 255 / (white - black) : 1;
  return Uint8Array.from(samples, (value) =>
    Number.isNaN(value) ? 0 : Math.round(Math.max(0, Math.min(255, (value - black) * scale))),
  );
}

/** Reads the header, so that a huge picture is refused before its pixels take any memory. */
async function pictureMetadata(file: Uint8Array | string, page = 0): Promise<Metadata> {
  if (file.length === 0)
    throw new ExpectationError(
      FORMATS,
      'an empty file',
      'If other programs open it, save it from there as PNG or JPEG; else copy or download it again.',
    );
  const metadata = await sharpened(sharp(file, { limitInputPixels: false, page }).metadata());
  const { width, height } = metadata.autoOrient;
  if (Math.max(width, height) > MAX_DIMENSION || width * height > MAX_PICTURE_PIXELS) {
    throw new ExpectationError(
      `a picture of at most ${MAX_PICTURE_PIXELS} pixels, ${MAX_DIMENSION} a side`,
      `${width}x${height}`,
      'Scale it down: the model sees no more than its input size anyway.',
    );
  }
  return metadata;
}

/** The result of a sharp pipeline, with its errors in our words. */
async function sharpened<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const reason = messageOf(error).split('\n')[0]!;
    if (reason.includes('unsupported image format')) {
      throw new ExpectationError(
        FORMATS,
        'something else or only a piece of one',
        'If other programs open it, save it from there as PNG or JPEG; else copy or download it again.',
        {
          cause: error,
        },
      );
    }
    throw new ExpectationError(
      'a complete picture',
      `a truncated or damaged one (${reason})`,
      'Copy or record it again.',
      { cause: error },
    );
  }
}

export interface PictureOptions {
  /** Frames per second, for the stamps of files without timestamps. */
  readonly rate?: number | undefined;
  /** Frames without timestamps before this file; its stamps continue from there. */
  readonly first?: number | undefined;
}

/**
 * A picture file as a source of frames: one, or each page of a TIFF and each frame of an animated WebP, with the times of
 * the animation. frame_id is the file's name without its suffix. Each frame has its own memory.
 */
export class PictureSource implements FrameSource {
  private constructor(
    readonly name: string,
    readonly count: number,
    /** Seconds from the beginning of all inputs. */
    private readonly seconds: readonly number[],
    private readonly warning: string | undefined,
    readonly rate: number,
  ) {}

  /** An animation is a recording. */
  get still(): boolean {
    return this.count === 1;
  }

  /** Reads only the header of the file. A damaged file becomes a BadFrame later. */
  static async open(path: string, options: PictureOptions = {}): Promise<PictureSource> {
    const { rate = DEFAULT_RATE, first = 0 } = options;
    const { pages = 1, delay, format } = await pictureMetadata(path).catch((): Partial<Metadata> => ({}));
    const count = format === 'webp' || format === 'tiff' ? pages : 1;
    const seconds = [first / rate];
    for (let page = 1; page < count; page++) {
      const milliseconds = delay?.[page - 1] ?? 0;
      seconds.push(seconds.at(-1)! + (milliseconds > 0 ? milliseconds / 1000 : 1 / rate));
    }
    const warning =
      pages > count
        ? `Only the first of ${pages} pictures in ${path} is taken: those of ${format} are not read. Save it as a video.`
        : undefined;
    return new PictureSource(path, count, seconds, warning, rate);
  }

  async *frames(): AsyncGenerator<SourceFrame | BadFrame, void, void> {
    const frameId = parse(this.name).name;
    let file: Uint8Array | undefined;
    for (let index = 0; index < this.count; index++) {
      const place = { source: this.name, index };
      let item: SourceFrame | BadFrame;
      try {
        file ??= await readFile(this.name);
        const frame = await decodePicture(file, index);
        item = { ...place, frame, stamp: fileStamp(this.seconds[index]!), frameId, warning: this.warning };
      } catch (error) {
        item = { ...place, error: errorOf(error) };
      }
      yield item;
      if (file === undefined) return;
    }
  }
}
