import { readFile } from 'node:fs/promises';
import { parse } from 'node:path';
import sharp from 'sharp';
import { ExpectationError, messageOf } from '../expect.js';
import { packedToNv12 } from './convert.js';
import { fileStamp } from './file-clock.js';
import { MAX_DIMENSION, type Nv12Frame } from './nv12-frame.js';
import type { PictureSize } from './picture-size.js';
import type { BadFrame, FrameSource, SourceFrame, Stamp } from './source.js';

/** Largest picture that is decoded: above any camera, below what a small file could use to eat a robot's memory. */
export const MAX_PICTURE_PIXELS = 2 ** 27;

/** Shows through where a picture is transparent: the grey of the letterbox. */
const BACKGROUND = { r: 114, g: 114, b: 114 };

export interface DecodedPicture {
  readonly frame: Nv12Frame;
  /** True size of a picture with odd sides; the frame is larger. */
  readonly picture?: PictureSize | undefined;
}

const FORMATS = 'a picture in JPEG, PNG, WebP, TIFF, GIF or AVIF';

/**
 * Decodes a picture file to full-range NV12, off the JS thread.
 *
 * Turned upright by EXIF; transparency is laid over grey; greyscale, CMYK and 16-bit pictures become 8-bit sRGB. Of several
 * pages or animation frames the first counts. NV12 has even sizes only: an odd picture's last column or row is repeated, and
 * `picture` tells its true size.
 *
 * @throws ExpectationError for what is no picture, is cut off or damaged, is wider or taller than MAX_DIMENSION or
 *   larger than MAX_PICTURE_PIXELS
 */
export async function decodePicture(file: Uint8Array): Promise<DecodedPicture> {
  const picture = await pictureSize(file);
  const odd = { right: picture.width % 2, bottom: picture.height % 2 };
  const { data, info } = await sharpened(
    // Warnings are passed over: many cameras write stray bytes that decoders warn of.
    sharp(file, { failOn: 'error', limitInputPixels: MAX_PICTURE_PIXELS })
      .autoOrient()
      .flatten({ background: BACKGROUND })
      .extend({ ...odd, extendWith: 'copy' })
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true }),
  );
  const { width, height, channels } = info;
  const frame = packedToNv12({ data, width, height, format: channels === 1 ? 'mono8' : 'rgb8' });
  return odd.right + odd.bottom > 0 ? { frame, picture } : { frame };
}

/** Size of the upright picture, from the header only, so that a huge one is refused before its pixels take any memory. */
async function pictureSize(file: Uint8Array): Promise<PictureSize> {
  if (file.length === 0) throw new ExpectationError(FORMATS, 'an empty file');
  const { width, height } = (await sharpened(sharp(file, { limitInputPixels: false }).metadata())).autoOrient;
  if (Math.max(width, height) > MAX_DIMENSION || width * height > MAX_PICTURE_PIXELS) {
    throw new ExpectationError(
      `a picture of at most ${MAX_PICTURE_PIXELS} pixels, ${MAX_DIMENSION} a side`,
      `${width}x${height}`,
      'Scale it down: the model sees no more than its input size anyway.',
    );
  }
  return { width, height };
}

/** The result of a sharp pipeline, with its errors in our words. */
async function sharpened<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const reason = messageOf(error).split('\n')[0]!;
    if (reason.includes('unsupported image format')) {
      throw new ExpectationError(FORMATS, 'something else or only a piece of one', undefined, {
        cause: error,
      });
    }
    throw new ExpectationError(
      'a whole picture',
      `one that is cut off or damaged (${reason})`,
      'Copy or record it again.',
      { cause: error },
    );
  }
}

/** One picture file as a source of one frame; frame_id is the file's name without its ending. */
export class PictureSource implements FrameSource {
  readonly count = 1;

  constructor(
    readonly name: string,
    private readonly stamp: Stamp = fileStamp(0),
  ) {}

  /** The frame has bytes of its own. */
  async *frames(): AsyncGenerator<SourceFrame | BadFrame, void, void> {
    const place = { source: this.name, index: 0 };
    let item: SourceFrame | BadFrame;
    try {
      const decoded = await decodePicture(await readFile(this.name));
      item = { ...place, ...decoded, stamp: this.stamp, frameId: parse(this.name).name };
    } catch (error) {
      item = { ...place, error: error instanceof Error ? error : new Error(String(error)) };
    }
    yield item;
  }
}
