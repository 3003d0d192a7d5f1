import type { CameraImageReader } from './camera-image.js';
import { compressedImageView, hbmView, imageView } from './image-message.js';
import type { Nv12Frame } from '../../vision/picture/nv12-frame.js';
import type { Stamp } from '../../vision/picture/frame-source.js';

/** A camera's message, of which only the header has been read. */
export interface CameraImage {
  readonly stamp: Stamp;
  /** undefined if the message has none (HbmMsg). */
  readonly frameId: string | undefined;
  /** The publisher's counter; undefined if the message has none. */
  readonly index: number | undefined;
  /**
   * Returns a view if the message allows it, or a promise if it has to be decompressed.
   *
   * @throws or rejects with an ExpectationError for an image that cannot be read
   */
  pixels(): Nv12Frame | Promise<Nv12Frame>;
}

/** sensor_msgs/msg/Image. @throws ExpectationError for bytes that are truncated or no such message */
export function readImage(cdr: Uint8Array, reader: CameraImageReader): CameraImage {
  const view = imageView(cdr);
  return { stamp: view.stamp, frameId: view.frameId, index: undefined, pixels: () => reader.read(view) };
}

/** sensor_msgs/msg/CompressedImage, JPEG or PNG. @throws as readImage */
export function readCompressed(cdr: Uint8Array, reader: CameraImageReader): CameraImage {
  const { stamp, frameId, data } = compressedImageView(cdr);
  return { stamp, frameId, index: undefined, pixels: () => reader.decompress(data) };
}

/** hbm_img_msgs/msg/HbmMsg480P, 540P, 1080P; hobot_codec sends JPEG in these, too. @throws as readImage */
export function readHbm(cdr: Uint8Array, reader: CameraImageReader): CameraImage {
  const view = hbmView(cdr);
  const pixels = (): Nv12Frame | Promise<Nv12Frame> =>
    view.encoding === 'jpeg' ? reader.decompress(view.data) : reader.read(view);
  return { stamp: view.stamp, frameId: undefined, index: view.index, pixels };
}
