import { IMAGE_MESSAGE_NAMES } from '../message/image-messages.js';
import { IMAGE_QOS_NAMES } from '../message/qos.js';
import { IMAGE_TRANSPORTS } from './camera.js';
import { parameterTable } from './parameter.js';

/** Parameters of the node `segment` for its cameras: their topics, and how images are received and read. */
export const IMAGE_PARAMETERS = parameterTable({
  images: {
    type: 'string_array',
    default: ['image'],
    help: 'image topics, one for each camera; the cameras share the engine in turn. With native subscriptions, the node NAME_camera subscribes to them',
    zh: '图像话题，每台相机一个；各相机轮流使用引擎。使用原生订阅时，由节点 NAME_camera 订阅',
  },
  max_rate: {
    type: 'integer_array',
    default: [0],
    range: [0, 1000],
    dynamic: true,
    help: 'maximum number of frames per second that are processed of a camera, for a BPU with other users; one for each camera, or one for all; 0: all frames',
    zh: '每台相机每秒最多处理的帧数，适合与其他程序共用 BPU 的情况；每台相机一个值，或所有相机共用一个；0：处理所有帧',
  },
  queue_size: {
    type: 'integer',
    default: 1,
    range: [1, 1000],
    help: 'number of frames of a camera that may wait for the engine; when it is exceeded, the oldest is dropped. 1: results are of the newest frame. Larger values: to process bags without loss',
    zh: '一台相机最多有多少帧可以等待引擎；超出时丢弃最旧的。1：结果总是对应最新的帧；更大的值用于不丢帧地处理 bag',
  },
  roi: {
    type: 'string_array',
    default: [],
    placed: true,
    dynamic: true,
    help: "region of interest as x,y,width,height in pixels: the part of the picture that the model gets; results are in pixels of the whole picture; one for each camera ('': whole picture), or one for all; empty: whole pictures",
    zh: "感兴趣区域，格式为 x,y,width,height，单位像素：只把画面的这一部分送入模型，结果仍是整幅画面的像素坐标；每台相机一个（''：整幅画面），或所有相机共用一个；留空：整幅画面",
  },
  camera_names: {
    type: 'string_array',
    default: [],
    help: 'names of the cameras, used in the topics of their results if there are several cameras: ~/NAME/detections; empty: from the image topics',
    zh: '相机的名称，有多台相机时用在结果的话题里：~/NAME/detections；留空则由图像话题得出',
  },
  image_type: {
    type: 'string',
    default: 'auto',
    choices: ['auto', ...IMAGE_MESSAGE_NAMES],
    help: 'message type of the image topics; auto: determined when a publisher appears',
    zh: '图像话题的消息类型；auto：发布者出现时自动判断',
  },
  image_qos: {
    type: 'string',
    default: 'match',
    choices: [...IMAGE_QOS_NAMES, 'match'],
    help: 'QoS of the image subscriptions: match (reliable if the publishers are, which loses the fewest frames; depth 5), sensor_data (best effort, depth 5), reliable (depth 5), default (reliable, depth 10)',
    zh: '图像订阅的 QoS：match（发布者可靠则可靠，丢帧最少；深度 5）、sensor_data（尽力而为，深度 5）、reliable（可靠，深度 5）、default（可靠，深度 10）',
  },
  image_step: {
    type: 'integer_array',
    default: [0],
    range: [0, 1_048_576],
    help: "bytes from one row of an image to the next, if the camera's messages give a wrong value; one for each camera, or one for all; 0: as in the message",
    zh: '图像一行到下一行的字节数，用于相机消息中的值有误的情况；每台相机一个值，或所有相机共用一个；0：以消息为准',
  },
  image_rows: {
    type: 'integer_array',
    default: [0],
    range: [0, 65_536],
    help: 'rows of luma before the chroma (nv12 and similar encodings), if the camera pads them below and its messages do not say so; one for each camera, or one for all; 0: as in the message',
    zh: '色度之前的亮度行数（nv12 及类似编码），用于相机在下方补了行而消息没有说明的情况；每台相机一个值，或所有相机共用一个；0：以消息为准',
  },
  mono16_max: {
    type: 'integer',
    default: 65_535,
    range: [1, 65_535],
    help: 'value of mono16 and 16UC1 images that is shown as white: 4095 for a 12-bit camera, 10000 for depth in millimeters up to 10 m',
    zh: 'mono16 和 16UC1 图像中显示为白色的值：12 位相机用 4095；以毫米为单位、最远 10 m 的深度图用 10000',
  },
  camera_transport: {
    type: 'string',
    default: 'auto',
    choices: IMAGE_TRANSPORTS,
    help: 'how images are received: native (in C++, not through JavaScript, without a copy if the middleware lends messages), rclnodejs; auto: native if it was built',
    zh: '如何接收图像：native（在 C++ 中接收，不经过 JavaScript；中间件出借消息时零拷贝）、rclnodejs；auto：编译时包含 native 就使用它',
  },
  hbm_frame_id: {
    type: 'string',
    default: '',
    help: "frame_id of results for HbmMsg images, which have none; empty: the message's index, as in TROS's dnn_node",
    zh: 'HbmMsg 图像没有 frame_id，这里指定结果的 frame_id；留空则用消息的 index，与 TROS 的 dnn_node 相同',
  },
});
