import { ENGINES } from '../engine/registry.js';
import { HEAD_ROLES } from '../vision/decode/heads.js';
import { MASK_RESOLUTIONS, NMS_MODES } from '../vision/decode/options.js';
import { COLORED_BY } from '../vision/picture/palette.js';
import { COLOR_RANGES, DEFAULT_COLOR_RANGE } from '../vision/picture/color-range.js';
import { PERCEPTION_MASKS } from '../message/write/perception-targets.js';
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
    help: 'path of the model: .bin for the BPU, .onnx (cut into heads or a stock export) for the CPU; or a name from tros-yolo-seg model list; empty: the bundled demo model',
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
    help: "path of a file of class names, one per line; empty: the model's own names, else COCO's for 80 classes (its ids for 91 of RF-DETR), else numbers",
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
    help: 'number of frames that the engine processes at the same time; 0: two',
  },
  threads: {
    type: 'integer',
    default: 0,
    range: [0, 256],
    help: 'threads of the CPU engine; 0: the number of cores',
  },
  model_name: {
    type: 'string',
    default: '',
    help: 'name of the model, for a .bin file that contains several',
  },
  library: {
    type: 'string',
    default: '',
    help: 'path of libdnn.so; empty: $TROS_YOLO_SEG_LIBDNN, else its usual paths on RDK X5 and X3',
  },
  bpu_core: {
    type: 'integer',
    default: 0,
    range: [0, 2],
    help: 'BPU core: 0 for any, 1 or 2 (HB_BPU_CORE_0 or HB_BPU_CORE_1 of libdnn); leave it at 0 on RDK X5, which has one core',
  },
  bpu_priority: {
    type: 'integer',
    default: 0,
    range: [0, 255],
    help: 'priority on the BPU; waiting frames of higher priority run first',
  },
  bpu_timeout: {
    type: 'integer',
    default: 5000,
    range: [1, 600_000],
    help: 'milliseconds after which a frame on the BPU times out',
  },
  color_range: {
    type: 'string',
    default: DEFAULT_COLOR_RANGE,
    choices: COLOR_RANGES,
    help: "range of the cameras' YUV samples; JPEG cameras and TROS send full range",
  },
  images: {
    type: 'string_array',
    default: ['image'],
    help: 'image topics, one for each camera; the cameras share the engine in turn. With native subscriptions, the node NAME_camera subscribes to them',
  },
  max_rate: {
    type: 'integer_array',
    default: [0],
    range: [0, 1000],
    dynamic: true,
    help: 'maximum number of frames per second that are processed of a camera, for a BPU with other users; one for each camera, or one for all; 0: all frames',
  },
  queue_size: {
    type: 'integer',
    default: 1,
    range: [1, 1000],
    help: 'number of frames of a camera that may wait for the engine; when it is exceeded, the oldest is dropped. 1: results are of the newest frame. Larger values: to process bags without loss',
  },
  roi: {
    type: 'string_array',
    default: [],
    placed: true,
    dynamic: true,
    help: "region of interest as x,y,width,height in pixels: the part of the picture that the model gets; results are in pixels of the whole picture; one for each camera ('': whole picture), or one for all; empty: whole pictures",
  },
  camera_names: {
    type: 'string_array',
    default: [],
    help: 'names of the cameras, used in the topics of their results if there are several cameras: ~/NAME/detections; empty: from the image topics',
  },
  image_type: {
    type: 'string',
    default: 'auto',
    choices: ['auto', ...IMAGE_MESSAGE_NAMES],
    help: 'message type of the image topics; auto: determined when a publisher appears',
  },
  image_qos: {
    type: 'string',
    default: 'match',
    choices: [...IMAGE_QOS_NAMES, 'match'],
    help: 'QoS of the image subscriptions: match (reliable if the publishers are, which loses the fewest frames; depth 5), sensor_data (best effort, depth 5), reliable (depth 5), default (reliable, depth 10)',
  },
  image_step: {
    type: 'integer_array',
    default: [0],
    range: [0, 1_048_576],
    help: "bytes from one row of an image to the next, if the camera's messages give a wrong value; one for each camera, or one for all; 0: as in the message",
  },
  image_rows: {
    type: 'integer_array',
    default: [0],
    range: [0, 65_536],
    help: 'rows of luma before the chroma (nv12 and similar encodings), if the camera pads them below and its messages do not say so; one for each camera, or one for all; 0: as in the message',
  },
  mono16_max: {
    type: 'integer',
    default: 65_535,
    range: [1, 65_535],
    help: 'value of mono16 and 16UC1 images that is shown as white: 4095 for a 12-bit camera, 10000 for depth in millimeters up to 10 m',
  },
  camera_transport: {
    type: 'string',
    default: 'auto',
    choices: IMAGE_TRANSPORTS,
    help: 'how images are received: native (in C++, not through JavaScript, without a copy if the middleware lends messages), rclnodejs; auto: native if it was built',
  },
  hbm_frame_id: {
    type: 'string',
    default: '',
    help: "frame_id of results for HbmMsg images, which have none; empty: the message's index, as in TROS's dnn_node",
  },
  tros_topic: {
    type: 'string',
    default: 'hobot_dnn_detection',
    help: 'topic of ai_msgs/PerceptionTargets for TROS (web page, navigation, hobot_hdmi: hobot_detection); the class names are on the same with _info behind it. Empty: none',
  },
  tros_masks: {
    type: 'string',
    default: 'both',
    choices: PERCEPTION_MASKS,
    help: "masks in PerceptionTargets: outlines of each instance, one map of classes as TROS's own node sends it (a float for each cell, 58 KB for 16:9), or both",
  },
  tros_types: {
    type: 'string_array',
    default: [],
    help: 'types of rois in PerceptionTargets for single classes, as CLASS=TYPE, for nodes that look for body, head, face or hand: person=body. The type of the target stays the class name',
  },
  class_map_size: {
    type: 'string',
    default: 'picture',
    dynamic: true,
    help: "size of ~/class_map and ~/confidence: picture, masks (the grid of the masks: with masks: proto that of the model's prototypes), or WIDTHxHEIGHT, as the point cloud has it that they are laid on",
  },
  polygon_tolerance: {
    type: 'double',
    default: 1,
    range: [0, 100],
    dynamic: true,
    help: 'maximum error, in pixels, of simplified outlines in PerceptionTargets and annotations; larger values give fewer points; 0: exact outlines. At least one cell for masks coarser than the picture',
  },
  work_config: {
    type: 'string',
    default: '',
    help: 'path of a TROS work config (JSON) with model_file, cls_names_list, score_threshold, ...; used for parameters that are not set otherwise',
  },
  watchdog: {
    type: 'integer',
    default: 1000,
    range: [100, 600_000],
    dynamic: true,
    help: 'milliseconds without a result of a camera after which ~/alive is false',
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
    help: 'IoU threshold of class-wise NMS: a box that overlaps a better one of its class by more is dropped',
  },
  nms: {
    type: 'string',
    default: 'auto',
    choices: NMS_MODES,
    dynamic: true,
    help: "whether to run NMS; auto: unless the model selects its instances itself ([1, 300, 38], YOLO26's default export) or is RF-DETR",
  },
  max_detections: {
    type: 'integer',
    default: 300,
    range: [1, 10_000],
    dynamic: true,
    help: 'maximum number of instances per frame; the best are kept',
  },
  classes: {
    type: 'string_array',
    default: [],
    dynamic: true,
    help: 'names or ids of the classes to report; empty: all',
  },
  class_scores: {
    type: 'string_array',
    default: [],
    dynamic: true,
    help: 'lowest scores of individual classes, as CLASS=SCORE: person=0.5',
  },
  masks: {
    type: 'string',
    default: 'source',
    choices: MASK_RESOLUTIONS,
    dynamic: true,
    help: "where masks are sampled: on the picture's pixels (source), on the model's coarser prototype grid (proto), or not at all (none)",
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
    help: 'lowest IoU of a detection with the place where a tracked object is expected; objects left over are looked for farther away, too',
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
    help: 'whether the overlay shows class names, scores, and ids of tracked objects',
  },
  overlay_colors: {
    type: 'string',
    default: 'auto',
    choices: COLORED_BY,
    dynamic: true,
    help: 'what has one color in the overlay and ~/instance_picture: each class, or each instance; auto: each tracked object, and the other instances by class',
  },
  overlay_blur: {
    type: 'string_array',
    default: [],
    dynamic: true,
    help: 'names or ids of classes that the overlay shows blurred, for recordings that must not show people; they must be among `classes`; empty: none',
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
    help: 'JPEG quality of ~/overlay/compressed',
  },
});

export type SegmentParameters = ParameterValues<typeof SEGMENT_PARAMETERS>;
