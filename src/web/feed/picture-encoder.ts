import sharp from 'sharp';
import { allocateNv12, letterboxNv12, nv12ToRgb } from '../../native/convert.js';
import type { ColorRange } from '../../vision/picture/color-range.js';
import { Letterbox } from '../../vision/picture/letterbox.js';
import type { Nv12Frame } from '../../vision/picture/nv12-frame.js';
import type { LivePictureSize } from '../protocol/frame-format.js';

/** Width of small pictures. */
export const SMALL_WIDTH = 960;

/** A picture on its way to a JPEG file. */
interface Buffers {
  small: Nv12Frame | undefined;
  rgb: Uint8Array;
}

/**
 * Encodes a camera's frames as JPEG. The frame is scaled and converted at once, because its bytes are the camera's; compression,
 * which takes most of the time, runs on other threads. Keeps its memory from frame to frame.
 */
export class PictureEncoder {
  readonly #free: Buffers[] = [];
  #letterbox: Letterbox | undefined;

  /** @param quality of JPEG, 1 to 100 */
  constructor(
    private readonly range: ColorRange,
    private readonly quality: number,
  ) {}

  /** @returns a JPEG file of the whole picture, as large as asked for but never enlarged */
  async encode(frame: Nv12Frame, size: LivePictureSize): Promise<Buffer> {
    const buffers = this.#free.pop() ?? { small: undefined, rgb: new Uint8Array(0) };
    try {
      const source = size === 'small' && frame.width > SMALL_WIDTH ? this.#scaled(frame, buffers) : frame;
      const { width, height } = source;
      const length = 3 * width * height;
      if (buffers.rgb.length !== length) buffers.rgb = new Uint8Array(length);
      nv12ToRgb(source, this.range, buffers.rgb);
      let picture = sharp(buffers.rgb, { raw: { width, height, channels: 3 }, limitInputPixels: false });
      // The last column or row of an odd picture is there twice.
      if (source === frame && frame.picture) picture = picture.extract({ left: 0, top: 0, ...frame.picture });
      return await picture.jpeg({ quality: this.quality }).toBuffer();
    } finally {
      this.#free.push(buffers);
    }
  }

  #scaled(frame: Nv12Frame, buffers: Buffers): Nv12Frame {
    const { width, height } = frame;
    const made = this.#letterbox;
    if (made?.sourceWidth !== width || made.sourceHeight !== height) {
      const smallHeight = Math.max(2, 2 * Math.round((height * SMALL_WIDTH) / width / 2));
      this.#letterbox = new Letterbox(width, height, SMALL_WIDTH, smallHeight, 'stretch');
    }
    const letterbox = this.#letterbox!;
    if (buffers.small?.height !== letterbox.modelHeight)
      buffers.small = allocateNv12(letterbox.modelWidth, letterbox.modelHeight);
    letterboxNv12(frame, letterbox, buffers.small);
    return buffers.small;
  }
}
