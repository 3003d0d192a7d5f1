import { ExpectationError } from '../../base/expect.js';
import type { CameraImageReader } from '../../message/read/camera-image.js';
import { IMAGE_MESSAGES, type ImageMessageName } from '../../message/image-messages.js';
import type { Nv12Frame } from '../../vision/picture/nv12-frame.js';
import type { FrameHeader, Stamp } from '../../vision/picture/frame-source.js';
import type { CameraFrameInfo } from '../../engine/engine.js';
import type { LiveFrame } from '../../pipeline/live-segmenter.js';

/** An image from a topic: its header has been read, its pixels not yet. */
export class ReceivedImage implements LiveFrame, FrameHeader {
  private constructor(
    readonly stamp: Stamp,
    readonly frameId: string,
    readonly prepare: () => Nv12Frame | Promise<Nv12Frame>,
    /** Time of reception, on the clock of its receiver. */
    readonly received: number,
  ) {}

  /** A frame received in C++: its pixels are already in the engine. */
  static arrived({ stamp, frameId, index, received }: CameraFrameInfo, hbmFrameId: string): ReceivedImage {
    const name = frameId ?? (hbmFrameId === '' ? String(index) : hbmFrameId);
    return new ReceivedImage(stamp, name, noPixels, received);
  }

  /**
   * Views a serialized message of a camera. NV12 pixels are not copied.
   *
   * @param reader converts other encodings to NV12
   * @param hbmFrameId frame_id of HbmMsg images, which have none; empty: their index
   * @param received time of reception, in milliseconds
   * @throws ExpectationError for bytes that are truncated or not such a message
   */
  static read(
    cdr: Uint8Array,
    message: ImageMessageName,
    reader: CameraImageReader,
    hbmFrameId: string,
    received: number,
  ): ReceivedImage {
    const image = IMAGE_MESSAGES[message].read(cdr, reader);
    const frameId = image.frameId ?? (hbmFrameId === '' ? String(image.index) : hbmFrameId);
    return new ReceivedImage(image.stamp, frameId, () => image.pixels(), received);
  }
}

function noPixels(): never {
  throw new ExpectationError(
    'a frame of rclnodejs',
    'one of a native subscription, which is in the engine already',
  );
}
