import sharp from 'sharp';
import { ExpectationError, messageOf } from '../expect.js';
import { allocateNv12, packedToNv12, type PackedFormat } from './convert.js';
import type { RawImage } from './image-message.js';
import { nv12Frame, type Nv12Frame } from './nv12-frame.js';

/** Encodings of raw images that become frames; of compressed ones, jpeg and png. */
export const ACCEPTED_ENCODINGS = ['nv12', 'bgr8', 'rgb8', 'mono8'] as const;

const BYTES_PER_PIXEL: Readonly<Record<PackedFormat, number>> = { bgr8: 3, rgb8: 3, mono8: 1 };

/**
 * Makes frames of what cameras send. NV12 becomes a view on the bytes that arrived; everything else is converted into
 * one of `count` buffers that are used in turn, so a frame stays valid until `count` - 1 more have been made.
 */
export class CameraImageReader {
  readonly #targets: (Nv12Frame | undefined)[];
  #next = 0;

  /** @param count frames that are in use at once, at most: waiting, in flight and being made */
  constructor(count: number) {
    this.#targets = new Array<Nv12Frame | undefined>(count).fill(undefined);
  }

  /**
   * @throws ExpectationError for an encoding that is not accepted, sizes that make no frame and data that is too short
   */
  read(image: RawImage): Nv12Frame {
    const { encoding, data, step } = image;
    switch (encoding) {
      case 'nv12':
        return nv12Frame(data, image);
      case 'bgr8':
      case 'rgb8':
      case 'mono8':
        return this.#convert(data, encoding, image.width, image.height, step);
      default:
        throw new ExpectationError(
          `an image with encoding ${ACCEPTED_ENCODINGS.join(', ')}`,
          encoding,
          'Set the camera driver to one of them, NV12 where it can: it needs no conversion.',
        );
    }
  }

  /**
   * Decompresses a JPEG or PNG file, off the JS thread. Turning by EXIF is left alone: cameras do not turn.
   *
   * Rejects with an ExpectationError for data that is no picture or is cut off.
   */
  async decompress(file: Uint8Array): Promise<Nv12Frame> {
    let picture;
    try {
      // MJPEG cameras send stray bytes that libjpeg warns of; only errors are a reason to lose a frame.
      picture = await sharp(file, { failOn: 'error' })
        .removeAlpha()
        .toColourspace('srgb')
        .raw()
        .toBuffer({ resolveWithObject: true });
    } catch (error) {
      throw new ExpectationError(
        'a compressed image in JPEG or PNG',
        messageOf(error),
        'Video (H.264, H.265) and compressedDepth are not read.',
        { cause: error },
      );
    }
    const { width, height, channels } = picture.info;
    return this.#convert(picture.data, channels === 1 ? 'mono8' : 'rgb8', width, height, width * channels);
  }

  #convert(
    data: Uint8Array,
    format: PackedFormat,
    width: number,
    height: number,
    claimedStep: number,
  ): Nv12Frame {
    // NV12 has even sizes only; the last column or row of an odd one is left out.
    const even = { width: width - (width % 2), height: height - (height % 2) };
    const row = width * BYTES_PER_PIXEL[format];
    if (data.length < row * height) {
      throw new ExpectationError(
        `at least ${row * height} bytes for a ${width}x${height} ${format} image`,
        `${data.length} bytes`,
        'Check width, height and encoding of the publisher.',
      );
    }
    // hobot_codec claims the width for every encoding, others 0: such steps count as packed (facts: tros.md 3.3).
    const step = claimedStep >= row && claimedStep * (height - 1) + row <= data.length ? claimedStep : row;
    const image = { data, format, step, ...even };
    return packedToNv12(image, undefined, this.#target(even.width, even.height));
  }

  /** The buffer whose turn it is, if it can be used again; packedToNv12 judges the size. */
  #target(width: number, height: number): Nv12Frame {
    const index = this.#next;
    this.#next = (index + 1) % this.#targets.length;
    const target = this.#targets[index];
    if (target?.width === width && target.height === height) return target;
    return (this.#targets[index] = allocateNv12(width, height));
  }
}
