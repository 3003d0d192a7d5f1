import type { ColorRange } from '../vision/picture/color-range.js';
import type { NativePlanes } from './nv12.js';

/** The addon's functions for JPEG files (native/jpeg). */
export interface JpegAddon {
  /** Whether this machine has libturbojpeg. */
  jpegAvailable(): boolean;

  /**
   * Compresses a frame on libuv's thread pool. Do not touch or transfer its data until the promise settles. Resizable buffers are
   * rejected at once.
   *
   * @param rest width and height of the picture, which are the frame's, or one less; its range; quality from 1 to 100
   * @returns the file
   */
  jpegEncode(
    ...rest: [...frame: NativePlanes, width: number, height: number, range: ColorRange, quality: number]
  ): Promise<Uint8Array>;
}
