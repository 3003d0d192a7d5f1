import { ExpectationError, expectInteger } from '../base/expect.js';
import { type ColorRange, DEFAULT_COLOR_RANGE } from '../vision/picture/color-range.js';
import type { Nv12Frame } from '../vision/picture/nv12-frame.js';
import { addon } from './addon.js';
import { expectNv12Frame, expectRange } from './convert.js';

/** Whether this machine has libturbojpeg (Debian: libturbojpeg0, Ubuntu: libturbojpeg), so that there can be an Nv12JpegEncoder. */
export function hasTurboJpeg(): boolean {
  return addon().jpegMostBytes(2, 2) !== undefined;
}

/**
 * Compresses NV12 frames to JPEG files with libturbojpeg, 4:2:0, off the calling thread. Frames of full range are not converted: JPEG
 * has the same luma and chroma. Keeps its memory from file to file, so it makes one at a time.
 *
 *     if (hasTurboJpeg()) {
 *       const encoder = new Nv12JpegEncoder();
 *       socket.write(Buffer.from(await encoder.encode(frame, 80)));
 *     }
 */
export class Nv12JpegEncoder {
  #file = new Uint8Array(0);

  /**
   * @param frame must not change until the promise settles; of one with a `picture`, that alone
   * @param quality 1 to 100
   * @param range of the frame
   * @returns the file, valid until the next call
   *
   * Rejects with an ExpectationError for wrong arguments and where libturbojpeg is missing, with an Error for what the library refuses
   */
  async encode(
    frame: Nv12Frame,
    quality: number,
    range: ColorRange = DEFAULT_COLOR_RANGE,
  ): Promise<Uint8Array> {
    expectNv12Frame('the frame', frame);
    expectInteger('the quality of JPEG', quality, 1, 100);
    expectRange(range);
    const { width, height } = frame.picture ?? frame;
    const most = addon().jpegMostBytes(width, height);
    if (most === undefined) throw new ExpectationError('libturbojpeg', 'a machine without it', HOW_TO_GET);
    if (this.#file.length !== most) this.#file = new Uint8Array(most);
    const bytes = await addon().jpegEncode(frame, width, height, range, quality, this.#file);
    return this.#file.subarray(0, bytes);
  }
}

const HOW_TO_GET = 'Install it: sudo apt install libturbojpeg (Ubuntu), libturbojpeg0 (Debian).';
