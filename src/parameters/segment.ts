import { ENGINES } from '../engine/registry.js';
import { HEAD_ROLES } from '../vision/decode/heads.js';
import { MASK_RESOLUTIONS, NMS_MODES } from '../vision/decode/options.js';
import { COLOR_RANGES, DEFAULT_COLOR_RANGE } from '../vision/picture/color-range.js';
import { PERCEPTION_MASKS } from '../message/write/perception-targets.js';
import { OVERLAY_COLORS } from '../media/render/overlay.js';
import { IMAGE_MESSAGE_NAMES } from '../message/image-messages.js';
import { IMAGE_QOS_NAMES } from '../message/qos.js';
import { DEFAULT_MASK_OPACITY } from '../media/render/mask-layer.js';
import { DEFAULT_TRACKING } from '../vision/track/options.js';
import { IMAGE_TRANSPORTS } from './camera.js';
import { parameterTable, type ParameterValues } from './parameter.js';

/** Parameters of the node `segment`. */
export const SEGMENT_PARAMETERS = parameterTable({
  model: {
    type: 'string',
    default: '',
    help: 'path of the model: .bin for the BPU, .onnx (cut into heads or a stock export) for the CPU; or a name of tros-yolo-seg model list; empty: the bundled demo model',
  },
  engine: {
    type: 'string',
    default: 'auto',
    choices: ENGINES,
    help: 'where the model runs; auto: .bin on the BPU, others on the CPU',
  },
  labels: {
    type: 'string',
    default: '',
    help: "path of a file of class names, one a line; empty: the model's own, else COCO's for 80 classes, else numbers",
  },
  heads: {
    type: 'string_array',
    default: [],
    help: `role of each output in order, for models whose heads cannot be told apart: ${HEAD_ROLES.join(', ')}`,
  },
  slots: {
    type: 'integer',
    default: 0,
    range: [0, 8],
    help: 'frames at work in the engine at once; 0: two',
  },
  threads: {
    type: 'integer',
    default: 0,
    range: [0, 256],
    help: 'threads of the CPU engine; 0: the number of cores',
  },
  model_name: { type: 'string', default: '', help: 'model within a .bin file that has several' },
  library: {
    type: 'string',
    default: '',
    help: 'path of libdnn.so; empty: $TROS_YOLO_SEG_LIBDNN, else where RDK X5 and X3 have it',
  },
  bpu_core: {
    type: 'integer',
    default: 0,
    range: [0, 2],
    help: 'BPU core: 0 any, 1 or 2 (HB_BPU_CORE_0 or HB_BPU_CORE_1 of libdnn); RDK X5 has one: leave it at 0',
  },
  bpu_priority: {
    type: 'integer',
    default: 0,
    range: [0, 255],
    help: 'priority on the BPU, which takes waiting frames of higher priority first',
  },
  bpu_timeout: {
    type: 'integer',
    default: 5000,
    range: [1, 600_000],
    help: 'milliseconds after which a frame on the BPU is given up',
  },
  color_range: {
    type: 'string',
    default: DEFAULT_COLOR_RANGE,
    choices: COLOR_RANGES,
    help: "range of the cameras' YUV samples; JPEG cameras and TROS send full",
  },
  images: {
    type: 'string_array',
    default: ['image'],
    help: 'image topics, one for each camera; all share the engine in turn. With native cameras it is the node NAME_camera that subscribes to them',
  },
  max_rate: {
    type: 'integer_array',
    default: [0],
    range: [0, 1000],
    dynamic: true,
    help: 'most frames a second that are taken of a camera, for a BPU that others use, too; one for each camera, or one for all; 0: all frames',
  },
  queue_size: {
    type: 'integer',
    default: 1,
    range: [1, 1000],
    help: 'frames of a camera that may wait for the engine; the oldest of more is dropped. 1: results are of the newest frame. More: for bags that are to be processed without loss',
  },
  roi: {
    type: 'string_array',
    default: [],
    placed: true,
    dynamic: true,
    help: "region of interest as x,y,width,height in pixels: the model sees that part of the picture only, results are in the whole picture's pixels; one for each camera ('': all of it), or one for all; empty: whole pictures",
  },
  camera_names: {
    type: 'string_array',
    default: [],
    help: 'names of the cameras, which stand in the topics of their results when there are several: ~/NAME/detections; empty: from the image topics',
  },
  image_type: {
    type: 'string',
    default: 'auto',
    choices: ['auto', ...IMAGE_MESSAGE_NAMES],
    help: 'message type of the image topics; auto: found when a publisher appears',
  },
  image_qos: {
    type: 'string',
    default: 'match',
    choices: [...IMAGE_QOS_NAMES, 'match'],
    help: 'QoS of the image subscriptions: match (reliable where the publishers are, which loses least; depth 5), sensor_data (best effort, depth 5), reliable (depth 5), default (reliable, depth 10)',
  },
  image_step: {
    type: 'integer_array',
    default: [0],
    range: [0, 1_048_576],
    help: "bytes from one row of an image to the next, where the camera's messages do not say it rightly; one for each camera, or one for all; 0: as told",
  },
  image_rows: {
    type: 'integer_array',
    default: [0],
    range: [0, 65_536],
    help: 'rows of luma before the chroma (nv12 and its like), where the camera pads them below and its messages do not say so; one for each camera, or one for all; 0: as told',
  },
  mono16_max: {
    type: 'integer',
    default: 65_535,
    range: [1, 65_535],
    help: 'value of mono16 and 16UC1 images that is white: 4095 for a camera of 12 bits, 10000 for depth in millimeters up to 10 m',
  },
  camera_transport: {
    type: 'string',
    default: 'auto',
    choices: IMAGE_TRANSPORTS,
    help: 'what takes the images: native (C++, never through JavaScript, without a copy where the middleware lends messages), rclnodejs; auto: native where it was built',
  },
  hbm_frame_id: {
    type: 'string',
    default: '',
    help: "frame_id of results for HbmMsg images, which carry none; empty: the message's index, as TROS's dnn_node has it",
  },
  tros_topic: {
    type: 'string',
    default: 'hobot_dnn_detection',
    help: 'topic of ai_msgs/PerceptionTargets for TROS (web page, hobot_hdmi); empty: none',
  },
  tros_masks: {
    type: 'string',
    default: 'polygons',
    choices: PERCEPTION_MASKS,
    help: "masks in PerceptionTargets: outlines of each instance, or one map of classes as TROS's own node sends it",
  },
  polygon_tolerance: {
    type: 'double',
    default: 1,
    range: [0, 100],
    dynamic: true,
    help: 'pixels by which the outlines in PerceptionTargets and annotations may be off, so that they have fewer points; 0: every step of the mask. At least a cell of coarser masks',
  },
  work_config: {
    type: 'string',
    default: '',
    help: 'path of a TROS work config (JSON) with model_file, cls_names_list, score_threshold, ...; used for what is not set otherwise',
  },
  watchdog: {
    type: 'integer',
    default: 1000,
    range: [100, 600_000],
    dynamic: true,
    help: 'milliseconds without a result of a camera after which ~/alive says false',
  },
  autostart: {
    type: 'bool',
    default: true,
    help: 'whether the node configures and activates itself; false: it waits for `ros2 lifecycle set`',
  },
  score: {
    type: 'double',
    default: 0.25,
    range: [0, 1],
    dynamic: true,
    help: 'lowest score of an instance',
  },
  iou: {
    type: 'double',
    default: 0.7,
    range: [0, 1],
    dynamic: true,
    help: 'class-wise NMS drops boxes that overlap a better one of their class by more',
  },
  nms: {
    type: 'string',
    default: 'auto',
    choices: NMS_MODES,
    dynamic: true,
    help: "whether there is NMS; auto: unless the model chooses its instances itself ([1, 300, 38], YOLO26's default export)",
  },
  max_detections: {
    type: 'integer',
    default: 300,
    range: [1, 10_000],
    dynamic: true,
    help: 'most instances of a frame, best first',
  },
  classes: {
    type: 'string_array',
    default: [],
    dynamic: true,
    help: 'classes to report, names or ids; empty: all',
  },
  class_scores: {
    type: 'string_array',
    default: [],
    dynamic: true,
    help: 'lowest scores of single classes, as CLASS=SCORE: person=0.5',
  },
  masks: {
    type: 'string',
    default: 'source',
    choices: MASK_RESOLUTIONS,
    dynamic: true,
    help: "where masks are sampled: on the image's pixels, on the model's coarser prototype grid, or not at all",
  },
  tracking: {
    type: 'bool',
    default: false,
    dynamic: true,
    help: 'whether objects get an id that they keep from frame to frame',
  },
  track_low_score: {
    type: 'double',
    default: DEFAULT_TRACKING.lowScore,
    range: [0, 1],
    dynamic: true,
    help: 'lowest score of a detection that continues a track. Below `score` it is not reported, unless `steady_scores` says so',
  },
  track_high_score: {
    type: 'double',
    default: DEFAULT_TRACKING.highScore,
    range: [0, 1],
    dynamic: true,
    help: 'lowest score of a detection that begins a track, or finds a lost one again',
  },
  track_overlap: {
    type: 'double',
    default: DEFAULT_TRACKING.overlap,
    range: [0, 1],
    dynamic: true,
    help: 'lowest IoU of a detection with the place where a tracked object is expected',
  },
  track_hits: {
    type: 'integer',
    default: DEFAULT_TRACKING.hits,
    range: [1, 100],
    dynamic: true,
    help: 'detections after which an object gets its id',
  },
  track_lost_time: {
    type: 'double',
    default: DEFAULT_TRACKING.lostTime,
    range: [0, 60],
    dynamic: true,
    help: 'seconds, by the stamps of the images, for which an object that is not seen keeps its id',
  },
  steady_scores: {
    type: 'bool',
    default: false,
    dynamic: true,
    help: 'whether a tracked object stays reported while its score is between `track_low_score` and `score`',
  },
  overlay_masks: {
    type: 'double',
    default: DEFAULT_MASK_OPACITY,
    range: [0, 1],
    dynamic: true,
    help: 'opacity of masks in the overlay; 0: none',
  },
  overlay_boxes: { type: 'bool', default: true, dynamic: true, help: 'whether the overlay shows boxes' },
  overlay_labels: {
    type: 'bool',
    default: true,
    dynamic: true,
    help: 'whether the overlay shows names, scores, and ids of tracked objects',
  },
  overlay_colors: {
    type: 'string',
    default: 'auto',
    choices: OVERLAY_COLORS,
    dynamic: true,
    help: 'what shares a color in the overlay; auto: tracked objects have their own, others that of their class',
  },
  overlay_trails: {
    type: 'integer',
    default: 0,
    range: [0, 1000],
    dynamic: true,
    help: 'frames before, of which the overlay shows where tracked objects were, as a line; 0: none',
  },
  jpeg_quality: {
    type: 'integer',
    default: 80,
    range: [1, 100],
    dynamic: true,
    help: 'quality of ~/overlay/compressed',
  },
});

export type SegmentParameters = ParameterValues<typeof SEGMENT_PARAMETERS>;
