import { ExpectationError, expectInteger } from '../base/expect.js';
import { type ColorRange, DEFAULT_COLOR_RANGE } from '../vision/picture/color-range.js';
import type { Nv12Frame } from '../vision/picture/nv12-frame.js';
import { addon } from './addon.js';
import { expectNv12Frame, expectPicture, expectRange } from './convert.js';
import { expectation, type NativeFailure } from './failure.js';

/** Whether this machine has libturbojpeg (Debian: libturbojpeg0, Ubuntu: libturbojpeg), which encodeNv12Jpeg() needs. */
export function hasTurboJpeg(): boolean {
  return addon().jpegAvailable();
}

/**
 * Compresses an NV12 frame to a JPEG file with libturbojpeg, 4:2:0, off the calling thread. A frame of full range is not converted: JPEG
 * has the same luma and chroma.
 *
 *     if (hasTurboJpeg()) socket.write(await encodeNv12Jpeg(frame, 80));
 *
 * @param frame must not change until the promise settles; of one with a `picture`, that alone
 * @param quality 1 to 100
 * @param range of the frame
 *
 * Rejects with an ExpectationError for wrong arguments, for what libturbojpeg refuses, and where it is missing
 */
export async function encodeNv12Jpeg(
  frame: Nv12Frame,
  quality: number,
  range: ColorRange = DEFAULT_COLOR_RANGE,
): Promise<Uint8Array> {
  expectNv12Frame('the frame', frame);
  expectPicture('the frame', frame);
  expectInteger('the quality of JPEG', quality, 1, 100);
  expectRange(range);
  if (!hasTurboJpeg()) throw new ExpectationError('libturbojpeg', 'a machine without it', HOW_TO_GET);
  const { data, width, height, lumaOffset, lumaStride, chromaOffset, chromaStride, picture } = frame;
  try {
    return await addon().jpegEncode(
      ...([data, width, height, lumaOffset, lumaStride, chromaOffset, chromaStride] as const),
      ...([picture?.width ?? width, picture?.height ?? height, range, quality] as const),
    );
  } catch (error) {
    const { failure } = error as { failure?: NativeFailure };
    throw failure ? expectation(failure) : error;
  }
}

const HOW_TO_GET = 'Install it: sudo apt install libturbojpeg (Ubuntu), libturbojpeg0 (Debian).';
