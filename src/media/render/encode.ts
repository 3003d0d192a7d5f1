import sharp, { type Sharp } from 'sharp';
import type { RgbPicture } from './rgb-picture.js';

/** Huffman tables of a JPEG file: its own, made for its picture, or those of the standard (ITU-T T.81, K.3). */
export type JpegTables = 'own' | 'standard';

/** Options of sharp for JPEG files with the tables of the standard. */
export const STANDARD_TABLES = { optimiseCoding: false } as const;

/**
 * Encodes a picture as a JPEG file, off the JS thread. Its bytes must not change until the promise settles.
 *
 * @param quality 1 to 100; at the default, text and outlines stay clean
 * @param chroma 4:2:0 keeps the color of every second pixel in each direction, as cameras do; thin colored lines bleed then
 * @param tables `standard` takes half the time, for pictures that are made many times a second. The pixels are the same, the files larger
 * (docs/performance.md, "JPEG files")
 */
export async function encodeJpeg(
  picture: RgbPicture,
  quality = 90,
  chroma: '4:4:4' | '4:2:0' = '4:4:4',
  tables: JpegTables = 'own',
): Promise<Buffer> {
  const options = { quality, chromaSubsampling: chroma, ...(tables === 'standard' && STANDARD_TABLES) };
  return asSharp(picture).jpeg(options).toBuffer();
}

/** Encodes a picture as a PNG file, off the JS thread. Its bytes must not change until the promise settles. */
export async function encodePng(picture: RgbPicture): Promise<Buffer> {
  return asSharp(picture).png().toBuffer();
}

/**
 * Encodes numbers of 16 bits as a PNG file without loss, off the JS thread. They must not change until the promise settles.
 *
 * Packed quickly rather than tightly: maps of instances are mostly runs.
 */
export async function encodeGray16(values: Uint16Array, width: number, height: number): Promise<Buffer> {
  const raw = { width, height, channels: 1 } as const;
  return sharp(values, { raw, limitInputPixels: false })
    .toColourspace('grey16')
    .png({ compressionLevel: 1 })
    .toBuffer();
}

/** Encodes numbers of 8 bits as a gray PNG file without loss, like encodeGray16. */
export async function encodeGray8(values: Uint8Array, width: number, height: number): Promise<Buffer> {
  const raw = { width, height, channels: 1 } as const;
  return sharp(values, { raw, limitInputPixels: false })
    .toColourspace('b-w')
    .png({ compressionLevel: 1 })
    .toBuffer();
}

/** Scales a picture down to fit into `width` x `height`, keeping its aspect ratio. Never enlarges it. */
export async function shrinkToFit(picture: RgbPicture, width: number, height: number): Promise<RgbPicture> {
  const { data, info } = await asSharp(picture)
    .resize({ width, height, fit: 'inside', withoutEnlargement: true })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}

function asSharp({ data, width, height }: RgbPicture): Sharp {
  return sharp(data, { raw: { width, height, channels: 3 }, limitInputPixels: false });
}
