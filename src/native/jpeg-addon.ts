import type { ColorRange } from '../vision/picture/color-range.js';
import type { Nv12Frame } from '../vision/picture/nv12-frame.js';

/** The addon's functions for JPEG files (native/jpeg). */
export interface JpegAddon {
  /** The most bytes that a file of this size has; undefined if this machine has no libturbojpeg. */
  jpegMostBytes(width: number, height: number): number | undefined;

  /**
   * Compresses a frame on libuv's thread pool. Do not touch the arrays until the promise settles. Resizable buffers are rejected at
   * once; a buffer that is transferred in the meantime rejects the promise.
   *
   * @param width of the picture: the frame's, or one less
   * @param quality 1 to 100
   * @param file of jpegMostBytes() bytes
   * @returns the bytes of the file
   */
  jpegEncode(
    frame: Nv12Frame,
    width: number,
    height: number,
    range: ColorRange,
    quality: number,
    file: Uint8Array,
  ): Promise<number>;
}
