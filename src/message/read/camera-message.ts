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

/** A message type that cameras send. */
export interface CameraMessageType {
  /** ROS name of the type. */
  readonly type: string;
  /**
   * Views a serialized message.
   *
   * @param reader reads its frame
   * @throws ExpectationError for bytes that are truncated or not such a message
   */
  read(cdr: Uint8Array, reader: CameraImageReader): CameraImage;
}

function readImage(cdr: Uint8Array, reader: CameraImageReader): CameraImage {
  const view = imageView(cdr);
  return { stamp: view.stamp, frameId: view.frameId, index: undefined, pixels: () => reader.read(view) };
}

function readCompressed(cdr: Uint8Array, reader: CameraImageReader): CameraImage {
  const { stamp, frameId, data } = compressedImageView(cdr);
  return { stamp, frameId, index: undefined, pixels: () => reader.decompress(data) };
}

/** hobot_codec sends JPEG in HbmMsg, too. */
function readHbm(cdr: Uint8Array, reader: CameraImageReader): CameraImage {
  const view = hbmView(cdr);
  const pixels = (): Nv12Frame | Promise<Nv12Frame> =>
    view.encoding === 'jpeg' ? reader.decompress(view.data) : reader.read(view);
  return { stamp: view.stamp, frameId: undefined, index: view.index, pixels };
}

/**
 * The message types of cameras, by the values of parameter `image_type`. This is the only such table, for topics and bags.
 */
export const CAMERA_MESSAGE_TYPES = {
  image: { type: 'sensor_msgs/msg/Image', read: readImage },
  compressed: { type: 'sensor_msgs/msg/CompressedImage', read: readCompressed },
  hbm480p: { type: 'hbm_img_msgs/msg/HbmMsg480P', read: readHbm },
  hbm540p: { type: 'hbm_img_msgs/msg/HbmMsg540P', read: readHbm },
  hbm1080p: { type: 'hbm_img_msgs/msg/HbmMsg1080P', read: readHbm },
} as const satisfies Readonly<Record<string, CameraMessageType>>;

/** The row for a ROS message type; undefined if it is not an image. */
export function cameraMessageType(type: string): CameraMessageType | undefined {
  return Object.values(CAMERA_MESSAGE_TYPES).find((row) => row.type === type);
}
