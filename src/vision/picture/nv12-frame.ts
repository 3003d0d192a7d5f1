import { ExpectationError, expectInteger } from '../../base/expect.js';
import type { PictureSize } from './picture-size.js';

/** Widest and tallest frame accepted: 16 K, far above any camera, far below what overflows 32-bit offsets. */
export const MAX_DIMENSION = 16384;

/**
 * An NV12 picture as a view of the received bytes; nothing is copied.
 *
 * NV12 (YUV 4:2:0, semi-planar): `height` rows of 8-bit luma, then `height / 2` rows of interleaved
 * U, V pairs, one pair for each 2x2 luma block. Width and height are even.
 */
export interface Nv12Frame {
  readonly width: number;
  readonly height: number;
  /** The bytes that hold both planes. */
  readonly data: Uint8Array;
  /** Bytes from one luma row to the next, at least `width`. */
  readonly lumaStride: number;
  /** Bytes from one chroma row to the next, at least `width`. */
  readonly chromaStride: number;
  /** Offset in `data` of the first luma byte. */
  readonly lumaOffset: number;
  /** Offset in `data` of the first chroma byte (a U). */
  readonly chromaOffset: number;
  /**
   * Size of the picture if it is odd and so less than that of the frame, whose last column or row then repeats the one
   * before. Results are given for the picture.
   */
  readonly picture?: PictureSize | undefined;
  /** Where the frame lies in the larger picture of which it is a part; `picture` is then the part's size. Results are given for the larger picture. */
  readonly cut?: Cut | undefined;
}

/** Where a frame lies in the picture of which it is a part. */
export interface Cut {
  /** Upper left corner, even. */
  readonly x: number;
  readonly y: number;
  /** Size of the whole picture. */
  readonly picture: PictureSize;
  /** The frame with the whole picture; undefined if it was not made. */
  readonly whole: Nv12Frame | undefined;
}

/** The size of the frame for a picture: NV12 has even sizes only. */
export function frameSize({ width, height }: PictureSize): PictureSize {
  return { width: width + (width % 2), height: height + (height % 2) };
}

/** The layout of the planes in the buffer. Only the size is required, because cameras often do not give the rest. */
export interface Nv12Layout {
  width: number;
  height: number;
  /** Row length in bytes from the message. 0, or any value below the width, counts as unknown. */
  step?: number | undefined;
  /** Offset of the chroma plane; only needed if there is padding below the luma rows. */
  chromaOffset?: number | undefined;
}

/**
 * Views `data` as an NV12 frame. A step is only used if it is at least the width and the data is long enough for
 * it; otherwise rows are assumed to be packed. (CameraImageReader reads the other layouts of camera images.)
 *
 * @throws ExpectationError for odd, zero or huge sizes and for data that is too short
 */
export function nv12Frame(data: Uint8Array, layout: Nv12Layout): Nv12Frame {
  const width = expectInteger('the frame width', layout.width, 2, MAX_DIMENSION);
  const height = expectInteger('the frame height', layout.height, 2, MAX_DIMENSION);
  if (width % 2 !== 0)
    throw new ExpectationError('an even width for NV12', width, 'Crop or scale the picture to an even size.');
  if (height % 2 !== 0) {
    throw new ExpectationError(
      'an even height for NV12',
      height,
      'Crop or scale the picture to an even size.',
    );
  }
  const chromaRows = height / 2;
  const fits = (stride: number, chromaOffset: number): boolean =>
    chromaOffset >= stride * (height - 1) + width &&
    chromaOffset + stride * (chromaRows - 1) + width <= data.length;

  const claimed = layout.step ?? 0;
  for (const stride of [claimed, width]) {
    if (!Number.isInteger(stride) || stride < width) continue;
    const chromaOffset = layout.chromaOffset ?? stride * height;
    if (!fits(stride, chromaOffset)) continue;
    return { width, height, data, lumaStride: stride, chromaStride: stride, lumaOffset: 0, chromaOffset };
  }
  throw new ExpectationError(
    `at least ${(width * height * 3) / 2} bytes for a ${width}x${height} NV12 frame`,
    `${data.length} bytes`,
    'Check width, height and encoding of the publisher.',
  );
}

/** Bytes of a packed NV12 picture of this size. */
export function nv12Size(width: number, height: number): number {
  return (width * height * 3) / 2;
}
