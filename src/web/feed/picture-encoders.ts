import sharp, { type Sharp } from 'sharp';
import { STANDARD_TABLES } from '../../media/render/encode.js';
import { expectNv12Frame, expectPicture, nv12ToRgb } from '../../native/convert.js';
import { encodeNv12Jpeg, hasTurboJpeg } from '../../native/jpeg.js';
import type { ColorRange } from '../../vision/picture/color-range.js';
import type { Nv12Frame } from '../../vision/picture/nv12-frame.js';

/** Makes JPEG files, 4:2:0, one at a time. */
export interface PictureEncoder {
  /**
   * @param frame must not change until the promise settles; of one with a `picture`, that alone
   * @param quality 1 to 100
   * @param range of the frame
   * @returns the file, which is the caller's
   */
  encode(frame: Nv12Frame, quality: number, range: ColorRange): Promise<Uint8Array>;
}

/** With libturbojpeg, which takes a third of sharp's time, where the machine has it; else with sharp. */
export function newPictureEncoder(): PictureEncoder {
  return hasTurboJpeg() ? new PlanesEncoder() : new RgbEncoder();
}

/** Compresses the planes of frames with libturbojpeg. */
export class PlanesEncoder implements PictureEncoder {
  encode(frame: Nv12Frame, quality: number, range: ColorRange): Promise<Uint8Array> {
    return encodeNv12Jpeg(frame, quality, range);
  }
}

/** What sharp is set up for. */
interface SetUp {
  readonly rgb: Uint8Array;
  /** Compresses whatever pixels `rgb` holds when it is called. */
  readonly sharp: Sharp;
  /** Size, part and quality, to tell whether it can be used again. */
  readonly settings: string;
}

/** Compresses with sharp, which takes R, G, B. Keeps their memory from picture to picture. */
export class RgbEncoder implements PictureEncoder {
  #setUp: SetUp | undefined;

  async encode(frame: Nv12Frame, quality: number, range: ColorRange): Promise<Uint8Array> {
    expectNv12Frame('the frame', frame);
    expectPicture('the frame', frame);
    const { rgb, sharp } = this.#setUpFor(frame, quality);
    nv12ToRgb(frame, range, rgb);
    return await sharp.toBuffer();
  }

  /** Setting sharp up anew would take 0.15 ms more for each picture. */
  #setUpFor({ width, height, picture }: Nv12Frame, quality: number): SetUp {
    const settings = `${width}x${height} ${picture?.width}x${picture?.height} ${quality}`;
    if (this.#setUp?.settings === settings) return this.#setUp;
    const rgb = new Uint8Array(3 * width * height);
    let made = sharp(rgb, { raw: { width, height, channels: 3 }, limitInputPixels: false });
    // The last column or row of an odd picture is there twice.
    if (picture) made = made.extract({ left: 0, top: 0, ...picture });
    return (this.#setUp = { rgb, sharp: made.jpeg({ quality, ...STANDARD_TABLES }), settings });
  }
}
