import type { ColorRange } from '../vision/picture/color-range.js';
import type { Nv12Frame } from '../vision/picture/nv12-frame.js';

/** The addon's functions for JPEG files (native/jpeg). */
export interface JpegAddon {
  /** Whether this machine has libturbojpeg. */
  jpegAvailable(): boolean;

  /**
   * Compresses a frame on libuv's thread pool. Do not touch or transfer its data until the promise settles. Resizable buffers are
   * rejected at once.
   *
   * @param width of the picture: the frame's, or one less; so is its height
   * @param quality 1 to 100
   * @returns the file
   */
  jpegEncode(
    frame: Nv12Frame,
    width: number,
    height: number,
    range: ColorRange,
    quality: number,
  ): Promise<Uint8Array>;
}
