import type { ColorRange } from '../../vision/picture/color-range.js';
import type { PictureSize } from '../../vision/picture/picture-size.js';

/** A request to the pictures' thread: a frame, as packed NV12. The thread reads the memory until it has answered. */
export interface PictureRequest extends PictureSize {
  readonly id: number;
  readonly memory: SharedArrayBuffer;
  readonly range: ColorRange;
  /** The size of the JPEG, if it is to be scaled to another one. */
  readonly scaled: PictureSize | undefined;
  /** The picture within the frame, if it is smaller. */
  readonly picture: PictureSize | undefined;
  /** Of JPEG, 1 to 100. */
  readonly quality: number;
}

/** The answer to a request, in any order: a JPEG file, or the reason why there is none. */
export interface PictureAnswer {
  readonly id: number;
  readonly file: Uint8Array<ArrayBuffer> | undefined;
  readonly failure: string;
}
