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

/** Images as described by their messages. */
export const AS_TOLD: ImageReading = { step: 0, rows: 0, white: 65535 };

/** Offsets of a PNG file's bit depth and color type, and their values for 16-bit grays. */
const PNG_DEPTH = 24;
const PNG_COLOR = 25;

/**
 * Converts cameras' images to frames. NV12 becomes a view of the received bytes. Everything else is converted into one of
 * `count` buffers that are used in turn, so a frame stays valid until `count` - 1 more have been read.
 *
 * The code of native subscriptions decides which encodings are supported and where their rows lie (native/camera/rows.h).
 */
export class CameraImageReader {
  readonly #targets: (Nv12Frame | undefined)[];
  readonly #reading: ImageReading;
  #next = 0;
  /** A possible problem with the last image, which was read nevertheless. */
  warning: string | undefined;
  /** The region of each image to read; undefined for the whole image. */
  region: Region | undefined;
  /** Whether frames of a region include the whole picture (Cut), even if it has to be converted. */
  keepsWhole = true;

  /**
   * @param count maximum number of frames in use at once: waiting, in flight and being read
   * @param reading the user's description of the images
   */
  constructor(count: number, reading: ImageReading = AS_TOLD) {
    this.#targets = new Array<Nv12Frame | undefined>(count).fill(undefined);
    this.#reading = reading;
  }

  /**
   * @throws ExpectationError for an unsupported encoding, invalid sizes, data that is too short, and a region outside the
   * picture
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
   * Decompresses a JPEG or PNG file, off the JS thread. EXIF orientation is ignored: cameras do not turn.
   *
   * Rejects with an ExpectationError for data that is not a picture or truncated, and for a region outside the picture.
   */
  async decompress(file: Uint8Array): Promise<Nv12Frame> {
    this.warning = undefined;
    // compressed_image_transport writes mono16 and 16UC1 like this.
    const wide = file[0] === 0x89 && file[PNG_DEPTH] === 16 && file[PNG_COLOR] === 0;
    let picture;
    try {
      // MJPEG cameras send stray bytes that libjpeg warns about; only errors justify losing a frame.
      picture = await sharp(file, { failOn: 'error' })
        .removeAlpha()
        .toColorspace(wide ? 'grey16' : 'srgb')
        .raw(wide ? { depth: 'ushort' } : {})
        .toBuffer({ resolveWithObject: true });
    } catch (error) {
      throw new ExpectationError(
        'a compressed image in JPEG or PNG',
        messageOf(error),
        'Video (H.264, H.265) and compressedDepth are not supported.',
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

  /** The next buffer to write to, allocated anew if its size differs. */
  #target(picture: PictureSize): Nv12Frame {
    const { width, height } = frameSize(picture);
    const index = this.#next;
    this.#next = (index + 1) % this.#targets.length;
    const target = this.#targets[index];
    if (target?.width === width && target.height === height) return target;
    return (this.#targets[index] = allocateNv12(width, height));
  }
}
