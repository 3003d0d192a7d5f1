import type { ColorRange } from '../../vision/picture/color-range.js';
import type { PictureSize } from '../../vision/picture/picture-size.js';

/** A request to the pictures' thread. */
export interface PictureRequest {
  readonly id: number;
  readonly start: MessageStart;
  /** Absent: the message has no picture. */
  readonly picture: PictureOrder | undefined;
}

/** What comes before the JPEG file in a message for pages. */
export interface MessageStart {
  /** Of writeFrame(); no bytes: the file alone is wanted. */
  readonly frame: Uint8Array;
  /** The masks of the frame, whose contours the thread adds (MaskPacker); absent: it adds none. */
  readonly masks: Int32Array | undefined;
  /** Of the contours, in pixels of the picture. */
  readonly tolerance: number;
}

/** A picture to be compressed, as packed NV12. The thread reads the memory until it has answered. */
export interface PictureOrder extends PictureSize {
  readonly memory: SharedArrayBuffer;
  readonly range: ColorRange;
  /** The size of the JPEG, if it is to be scaled to another one. */
  readonly scaled: PictureSize | undefined;
  /** The picture within the frame, if it is smaller. */
  readonly part: PictureSize | undefined;
  /** Of JPEG, 1 to 100. */
  readonly quality: number;
}

/** The answer to a request, in any order: bytes, or the reason why there are none. */
export interface PictureAnswer {
  readonly id: number;
  /** A WebSocket frame, ready for the network: its header, the beginning of the message, and the JPEG file. */
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
  /** Where the file begins in them. */
  readonly fileAt: number;
  readonly failure: string;
}
