import { ExpectationError } from '../../base/expect.js';
import type { CameraImageReader } from '../../message/read/camera-image.js';
import { IMAGE_MESSAGES, type ImageMessageName } from '../../message/image-messages.js';
import type { Nv12Frame } from '../../vision/picture/nv12-frame.js';
import type { FrameHeader, Stamp } from '../../vision/picture/frame-source.js';
import type { CameraFrameInfo } from '../../engine/engine.js';
import type { LiveFrame } from '../../pipeline/live-segmenter.js';

/** An image as it came from a topic: its header is read, its pixels are not yet. */
export class ReceivedImage implements LiveFrame, FrameHeader {
  private constructor(
    readonly stamp: Stamp,
    readonly frameId: string,
    readonly prepare: () => Nv12Frame | Promise<Nv12Frame>,
    /** By the clock of who took it, when the message was there. */
    readonly received: number,
  ) {}

  /** A frame that came through C++: its pixels are in the engine already. */
  static arrived({ stamp, frameId, index, received }: CameraFrameInfo, hbmFrameId: string): ReceivedImage {
    const name = frameId ?? (hbmFrameId === '' ? String(index) : hbmFrameId);
    return new ReceivedImage(stamp, name, noPixels, received);
  }

  /**
   * Views a serialized message of a camera. The pixels of NV12 stay where they arrived.
   *
   * @param reader converts what is not NV12
   * @param hbmFrameId frame_id of HbmMsg images, which carry none; empty: their index
   * @param received when the message was there, in milliseconds
   * @throws ExpectationError for bytes that are truncated or no such message
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
    'one of a native camera, which is in the engine already',
  );
}
