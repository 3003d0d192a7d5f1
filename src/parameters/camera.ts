import { STAND_IN_NAMES } from '../message/image-messages.js';
import { HBM_ENCODINGS } from '../message/write/hbm-image.js';
import { parameterTable, type ParameterValues } from './parameter.js';

/** How images pass between DDS and the nodes; `auto` is native if the native code was built. */
export const IMAGE_TRANSPORTS = ['auto', 'native', 'rclnodejs'] as const;
export type ImageTransport = (typeof IMAGE_TRANSPORTS)[number];

/** Parameters of the node `camera`. */
export const CAMERA_PARAMETERS = parameterTable({
  inputs: {
    type: 'string_array',
    default: ['scene:'],
    help: 'what to publish, one after the other: pictures, videos (needs ffmpeg), raw .nv12 files, MCAP bags (BAG#/TOPIC), folders, or the generated scene (scene:?size=1920x1080&frames=60&seed=3)',
  },
  rate: {
    type: 'double',
    default: 30,
    range: [0, 1000],
    dynamic: true,
    help: "frames per second; 0: the inputs' own pace, by their stamps",
  },
  loop: {
    type: 'bool',
    default: true,
    help: 'whether to start over after the last input; false: the node ends then',
  },
  message: {
    type: 'string',
    default: 'image',
    choices: STAND_IN_NAMES,
    help: "message type: sensor_msgs/Image (nv12) on topic image, CompressedImage (JPEG) on image/compressed, or TROS's HbmMsg480P, 540P or 1080P on /hbmem_img; remap to use another topic",
  },
  hbm_encoding: {
    type: 'string',
    default: 'nv12',
    choices: HBM_ENCODINGS,
    help: "what HbmMsg messages carry: nv12, as cameras send it, or jpeg, as TROS's codec does",
  },
  transport: {
    type: 'string',
    default: 'auto',
    choices: IMAGE_TRANSPORTS,
    help: "how messages are sent: native (HbmMsg only, in memory that the middleware lends: zero-copy with TROS's settings), rclnodejs; auto: native if it was built and the message allows it",
  },
  qos: {
    type: 'string',
    default: 'auto',
    choices: ['auto', 'sensor_data', 'reliable'],
    help: 'QoS of the topic, depth 5: sensor_data (best effort) or reliable, which is compatible with every subscriber; auto: reliable for Image, sensor_data for HbmMsg, as in TROS',
  },
  frame_id: {
    type: 'string',
    default: 'camera',
    help: 'frame_id of the images (HbmMsg has none); empty: the frame_id of the input, which for files is the file name',
  },
  stamps: {
    type: 'string',
    default: 'now',
    choices: ['now', 'input'],
    help: 'stamps of the images: now (the time of publishing) or input (the stamps of the input, which start over in every round)',
  },
  size: {
    type: 'string',
    default: '',
    help: "WIDTHxHEIGHT of raw NV12 files and scenes; empty: from the file's name, 1280x720 for scenes",
  },
  cache: {
    type: 'integer',
    default: 256,
    range: [0, 65_536],
    help: 'megabytes of frames kept in memory when looping, so that inputs that fit are decoded or rendered only once; 0: none',
  },
  wait_for_subscribers: {
    type: 'integer',
    default: 0,
    range: [0, 1000],
    help: 'number of subscribers to wait for before the first frame, so that they miss no frame',
  },
});

export type CameraParameters = ParameterValues<typeof CAMERA_PARAMETERS>;
