import sharp from 'sharp';
import { ExpectationError, messageOf } from '../../base/expect.js';
import { addon } from '../../native/addon.js';
import type { ImageReading } from '../../native/camera.js';
import { expectation, fromNative } from '../../native/failure.js';
import { type PackedImage } from '../../vision/picture/packed-image.js';
import { allocateNv12, packedToNv12, withPicture } from '../../native/convert.js';
import type { RawImage } from './image-message.js';
import { frameSize, type Nv12Frame } from '../../vision/picture/nv12-frame.js';
import type { PictureSize } from '../../vision/picture/picture-size.js';
import { cutOut, clipRegion } from '../../native/cut-out.js';
import { partFrame, type Region } from '../../vision/picture/region.js';

/** Images as their messages tell of them. */
export const AS_TOLD: ImageReading = { step: 0, rows: 0, white: 65535 };

/** Bytes of a PNG file that tell its depth and kind of color, and their values for 16-bit grays. */
const PNG_DEPTH = 24;
const PNG_COLOR = 25;

/**
 * Makes frames of what cameras send. NV12 becomes a view on the bytes that arrived; everything else is converted into
 * one of `count` buffers that are used in turn, so a frame stays valid until `count` - 1 more have been made.
 *
 * Which encodings are read, and where their rows lie, is decided by the code that native cameras use (native/camera/rows.h).
 */
export class CameraImageReader {
  readonly #targets: (Nv12Frame | undefined)[];
  readonly #reading: ImageReading;
  #next = 0;
  /** What may be wrong with the last image, though it is read. */
  warning: string | undefined;
  /** What is made a frame of each image; undefined: all of it. */
  region: Region | undefined;
  /** Whether frames of a region come with the whole picture (Cut), which may have to be converted for it. */
  keepsWhole = true;

  /**
   * @param count frames that are in use at once, at most: waiting, in flight and being made
   * @param reading what the user says of the images
   */
  constructor(count: number, reading: ImageReading = AS_TOLD) {
    this.#targets = new Array<Nv12Frame | undefined>(count).fill(undefined);
    this.#reading = reading;
  }

  /**
   * @throws ExpectationError for an encoding that is not read, sizes that make no frame, data that is too short, and a region
   * that has no pixel of the picture
   */
  read(image: RawImage): Nv12Frame {
    this.warning = undefined;
    const { region } = this;
    const report = fromNative(() => addon().inspectImage(image, this.#reading));
    const { encoding, width, height, stride, rows, warning } = report;
    if (warning) this.warning = expectation(warning).message;
    if (encoding === 'nv12') {
      const planes = { lumaStride: stride, chromaStride: stride, lumaOffset: 0, chromaOffset: stride * rows };
      return this.#cut({ width, height, data: image.data, ...planes });
    }
    if (region && !this.keepsWhole) {
      const { part, warning: exceeding } = clipRegion(region, report);
      this.warning ??= exceeding;
      const target = this.#target(part);
      addon().imageToNv12(image, this.#reading, target, region);
      if (part.width === width && part.height === height) return withPicture(target, report);
      const { x, y } = part;
      return partFrame(target, part, { x, y, picture: { width, height }, whole: undefined });
    }
    const target = this.#target(report);
    addon().imageToNv12(image, this.#reading, target);
    return this.#cut(withPicture(target, report));
  }

  /**
   * Decompresses a JPEG or PNG file, off the JS thread. Turning by EXIF is left alone: cameras do not turn.
   *
   * Rejects with an ExpectationError for data that is no picture or is cut off, and a region that has no pixel of it.
   */
  async decompress(file: Uint8Array): Promise<Nv12Frame> {
    this.warning = undefined;
    // What compressed_image_transport makes of mono16 and 16UC1.
    const wide = file[0] === 0x89 && file[PNG_DEPTH] === 16 && file[PNG_COLOR] === 0;
    let picture;
    try {
      // MJPEG cameras send stray bytes that libjpeg warns of; only errors are a reason to lose a frame.
      picture = await sharp(file, { failOn: 'error' })
        .removeAlpha()
        .toColorspace(wide ? 'grey16' : 'srgb')
        .raw(wide ? { depth: 'ushort' } : {})
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
    const format = wide ? 'mono16' : channels === 1 ? 'mono8' : 'rgb8';
    const image: PackedImage = { data: picture.data, width, height, format, white: this.#reading.white };
    return this.#cut(packedToNv12(image, undefined, this.#target(image)));
  }

  /** The region of a frame, if there is one. */
  #cut(frame: Nv12Frame): Nv12Frame {
    if (!this.region) return frame;
    const { view, warning } = cutOut(frame, this.region);
    this.warning ??= warning;
    return view;
  }

  /** The buffer whose turn it is, if it can be used again. */
  #target(picture: PictureSize): Nv12Frame {
    const { width, height } = frameSize(picture);
    const index = this.#next;
    this.#next = (index + 1) % this.#targets.length;
    const target = this.#targets[index];
    if (target?.width === width && target.height === height) return target;
    return (this.#targets[index] = allocateNv12(width, height));
  }
}
