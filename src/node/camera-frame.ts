import { ExpectationError } from '../expect.js';
import { CameraImageReader } from '../frame/camera-image.js';
import { compressedImageView, hbmView, imageView, type RawImage } from '../frame/image-message.js';
import type { Nv12Frame } from '../frame/nv12-frame.js';
import type { FrameHeader, Stamp } from '../frame/source.js';
import type { CameraArrival } from '../engine/engine.js';
import type { LiveFrame } from '../pipeline/live-segmenter.js';

/** Message types of cameras, by the value of parameter `image_type`. */
export const IMAGE_MESSAGES = {
  image: 'sensor_msgs/msg/Image',
  compressed: 'sensor_msgs/msg/CompressedImage',
  hbm480p: 'hbm_img_msgs/msg/HbmMsg480P',
  hbm540p: 'hbm_img_msgs/msg/HbmMsg540P',
  hbm1080p: 'hbm_img_msgs/msg/HbmMsg1080P',
} as const;
export type ImageMessage = keyof typeof IMAGE_MESSAGES;

/** An image as it came from a topic: its header is read, its pixels are not yet. */
export class CameraFrame implements LiveFrame, FrameHeader {
  private constructor(
    readonly stamp: Stamp,
    readonly frameId: string,
    readonly prepare: () => Nv12Frame | Promise<Nv12Frame>,
    /** By the clock of who took it, when the message was there. */
    readonly received: number,
  ) {}

  /** A frame that came through C++: its pixels are in the engine already. */
  static arrived({ stamp, frameId, index, received }: CameraArrival, hbmFrameId: string): CameraFrame {
    const name = frameId ?? (hbmFrameId === '' ? String(index) : hbmFrameId);
    return new CameraFrame(stamp, name, noPixels, received);
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
    message: ImageMessage,
    reader: CameraImageReader,
    hbmFrameId: string,
    received: number,
  ): CameraFrame {
    switch (message) {
      case 'image': {
        const view = imageView(cdr);
        return new CameraFrame(view.stamp, view.frameId, () => reader.read(view), received);
      }
      case 'compressed': {
        const view = compressedImageView(cdr);
        return new CameraFrame(view.stamp, view.frameId, () => reader.decompress(view.data), received);
      }
      case 'hbm480p':
      case 'hbm540p':
      case 'hbm1080p': {
        const view = hbmView(cdr);
        const frameId = hbmFrameId === '' ? String(view.index) : hbmFrameId;
        return new CameraFrame(view.stamp, frameId, () => readHbm(view, reader), received);
      }
    }
  }
}

function noPixels(): never {
  throw new ExpectationError(
    'a frame of rclnodejs',
    'one of a native camera, which is in the engine already',
  );
}

/** hobot_codec sends JPEG in HbmMsg, too. */
function readHbm(view: RawImage, reader: CameraImageReader): Nv12Frame | Promise<Nv12Frame> {
  return view.encoding === 'jpeg' ? reader.decompress(view.data) : reader.read(view);
}
