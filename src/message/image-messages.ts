import { rowNames } from '../base/row-names.js';
import { IMAGE_QOS, type Qos, SENSOR_QOS } from './qos.js';
import type { CameraImageReader } from './read/camera-image.js';
import { type CameraImage, readCompressed, readHbm, readImage } from './read/camera-message.js';
import { HBM_OFFSETS, type HbmMessage } from './write/hbm-image.js';
import {
  type CdrForm,
  CompressedForm,
  HEADER_STAMP,
  HbmForm,
  ImageForm,
  type Packing,
  type SentOn,
} from './write/image-form.js';

/** A type of messages that cameras send. */
export interface ImageMessage {
  /** Name of the type, as in `ros2 topic info`. */
  readonly type: string;
  /**
   * Views a serialized message.
   *
   * @param reader makes its frame
   * @throws ExpectationError for bytes that are truncated or not such a message
   */
  read(cdr: Uint8Array, reader: CameraImageReader): CameraImage;
  /** Offset of the stamp in a serialized message: int32 sec, uint32 nanosec. */
  readonly stampAt: number;
  /** Whether native subscriptions accept it (native/ros/subscriber.cc), if its package was installed at build time. */
  readonly native: boolean;
  /** Name of TROS's struct: of fixed size, so that the middleware can lend it; it may contain JPEG. */
  readonly hbm?: HbmMessage;
  /** Topics that are likely to have this type, for as long as there is no publisher. */
  readonly likelyOn?: RegExp;
  /** How the camera stand-in sends it; absent if it cannot. */
  readonly standIn?: StandIn;
}

export interface StandIn {
  readonly topic: string;
  /** The QoS of cameras that send this message. */
  readonly qos: Qos;
  form(sent: SentOn, packing: Packing): CdrForm;
}

/**
 * Messages that cameras send, by the values of parameters `image_type` of the node `segment` and `message` of the camera stand-in.
 * The only table of them: used by subscriptions, bags, native subscriptions, the stand-in, docs/parameters.md and launch files.
 */
export const IMAGE_MESSAGES = {
  image: {
    type: 'sensor_msgs/msg/Image',
    read: readImage,
    stampAt: HEADER_STAMP,
    native: true,
    // As in most camera drivers, including mipi_cam: compatible with subscribers of either reliability.
    standIn: { topic: 'image', qos: IMAGE_QOS.reliable, form: (sent) => new ImageForm(sent) },
  },
  compressed: {
    type: 'sensor_msgs/msg/CompressedImage',
    read: readCompressed,
    stampAt: HEADER_STAMP,
    native: false,
    likelyOn: /\/compressed$/,
    // As image_transport names it.
    standIn: {
      topic: 'image/compressed',
      qos: IMAGE_QOS.reliable,
      form: (sent, { jpeg }) => new CompressedForm(sent, jpeg),
    },
  },
  hbm480p: hbm('HbmMsg480P'),
  hbm540p: hbm('HbmMsg540P'),
  hbm1080p: { ...hbm('HbmMsg1080P'), likelyOn: /hbmem/ },
} as const satisfies Readonly<Record<string, ImageMessage>>;

function hbm(message: HbmMessage): ImageMessage & { readonly hbm: HbmMessage; readonly standIn: StandIn } {
  return {
    type: `hbm_img_msgs/msg/${message}`,
    read: readHbm,
    stampAt: HBM_OFFSETS.stamp,
    native: true,
    hbm: message,
    // rclcpp's SensorDataQoS, as in TROS's cameras.
    standIn: {
      topic: '/hbmem_img',
      qos: SENSOR_QOS,
      form: (sent, packing) => new HbmForm(message, sent, packing),
    },
  };
}

export type ImageMessageName = keyof typeof IMAGE_MESSAGES;
export const IMAGE_MESSAGE_NAMES = rowNames(IMAGE_MESSAGES);

/** Messages that the camera stand-in can send. */
export type StandInName = {
  [Name in ImageMessageName]: (typeof IMAGE_MESSAGES)[Name] extends { readonly standIn: StandIn }
    ? Name
    : never;
}[ImageMessageName];
export const STAND_IN_NAMES = IMAGE_MESSAGE_NAMES.filter(
  (name): name is StandInName => 'standIn' in IMAGE_MESSAGES[name],
);

/** All types, for errors. */
export const IMAGE_TYPES_TEXT = Object.values(IMAGE_MESSAGES)
  .map(({ type }) => type)
  .join(', ');

/** The row for messages of this type; undefined if they are not images. */
export function imageMessage(type: string): ImageMessage | undefined {
  return Object.values(IMAGE_MESSAGES).find((row) => row.type === type);
}
