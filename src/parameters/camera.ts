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
    zh: '依次发布的内容：图片、视频（需要 ffmpeg）、原始 .nv12 文件、MCAP bag（BAG#/TOPIC）、文件夹，或生成的场景（scene:?size=1920x1080&frames=60&seed=3）',
  },
  rate: {
    type: 'double',
    default: 30,
    range: [0, 1000],
    dynamic: true,
    help: "frames per second; 0: the inputs' own pace, by their stamps",
    zh: '每秒帧数；0：按输入自带的时间戳播放',
  },
  loop: {
    type: 'bool',
    default: true,
    help: 'whether to start over after the last input; false: the node ends then',
    zh: '最后一个输入之后是否从头再来；false：播放完毕后节点退出',
  },
  message: {
    type: 'string',
    default: 'image',
    choices: STAND_IN_NAMES,
    help: "message type: sensor_msgs/Image (nv12) on topic image, CompressedImage (JPEG) on image/compressed, or TROS's HbmMsg480P, 540P or 1080P on /hbmem_img; remap to use another topic",
    zh: '消息类型：话题 image 上的 sensor_msgs/Image（nv12）、image/compressed 上的 CompressedImage（JPEG），或 /hbmem_img 上的 TROS HbmMsg480P、540P、1080P；要用别的话题请重映射',
  },
  depth: {
    type: 'string',
    default: '',
    help: 'depth pictures to publish beside the images, on depth/image_raw, with their CameraInfo on depth/camera_info: scene for those of the generated scene, which are exact, or the topic of those in bags; empty: none',
    zh: '与图像一起发布的深度图，话题 depth/image_raw，其 CameraInfo 在 depth/camera_info：scene 为生成场景的精确深度，或 bag 中的深度话题；留空则不发布',
  },
  depth_info: {
    type: 'string',
    default: '',
    help: 'topic of CameraInfo of the depth pictures in bags; empty: camera_info below or beside the depth topic',
    zh: 'bag 中深度图的 CameraInfo 话题；留空：深度话题之下或旁边的 camera_info',
  },
  hbm_encoding: {
    type: 'string',
    default: 'nv12',
    choices: HBM_ENCODINGS,
    help: "what HbmMsg messages carry: nv12, as cameras send it, or jpeg, as TROS's codec does",
    zh: 'HbmMsg 消息的内容：nv12，与相机相同；或 jpeg，与 TROS 的编解码器相同',
  },
  transport: {
    type: 'string',
    default: 'auto',
    choices: IMAGE_TRANSPORTS,
    help: "how messages are sent: native (HbmMsg only, in memory that the middleware lends: zero-copy with TROS's settings), rclnodejs; auto: native if it was built and the message allows it",
    zh: '如何发送消息：native（仅 HbmMsg，写在中间件出借的内存里；用 TROS 的设置即零拷贝）、rclnodejs；auto：编译时包含 native 且消息类型允许，就使用它',
  },
  qos: {
    type: 'string',
    default: 'auto',
    choices: ['auto', 'sensor_data', 'reliable'],
    help: 'QoS of the topic, depth 5: sensor_data (best effort) or reliable, which is compatible with every subscriber; auto: reliable for Image, sensor_data for HbmMsg, as in TROS',
    zh: '话题的 QoS，深度 5：sensor_data（尽力而为），或 reliable（可靠，与所有订阅者兼容）；auto：Image 用 reliable，HbmMsg 与 TROS 一样用 sensor_data',
  },
  frame_id: {
    type: 'string',
    default: 'camera',
    help: 'frame_id of the images (HbmMsg has none); empty: the frame_id of the input, which for files is the file name',
    zh: '图像的 frame_id（HbmMsg 没有）；留空则用输入的 frame_id，对文件而言即文件名',
  },
  stamps: {
    type: 'string',
    default: 'now',
    choices: ['now', 'input'],
    help: 'stamps of the images: now (the time of publishing) or input (the stamps of the input, which start over in every round)',
    zh: '图像的时间戳：now（发布的时刻）或 input（输入的时间戳，每一轮从头开始）',
  },
  size: {
    type: 'string',
    default: '',
    help: "WIDTHxHEIGHT of raw NV12 files and scenes; empty: from the file's name, 1280x720 for scenes",
    zh: '原始 NV12 文件和场景的 WIDTHxHEIGHT；留空则取自文件名，场景为 1280x720',
  },
  cache: {
    type: 'integer',
    default: 256,
    range: [0, 65_536],
    help: 'megabytes of frames kept in memory when looping, so that inputs that fit are decoded or rendered only once; 0: none',
    zh: '循环播放时在内存中保留多少兆字节的帧，放得下的输入只解码或渲染一次；0：不保留',
  },
  wait_for_subscribers: {
    type: 'integer',
    default: 0,
    range: [0, 1000],
    help: 'number of subscribers to wait for before the first frame, so that they miss no frame',
    zh: '发出第一帧之前等待多少个订阅者，以免它们漏帧',
  },
});

export type CameraParameters = ParameterValues<typeof CAMERA_PARAMETERS>;
