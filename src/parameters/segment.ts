import { MASK_RESOLUTIONS, NMS_MODES } from '../vision/decode/options.js';
import { COLORED_BY } from '../vision/picture/palette.js';
import { PERCEPTION_MASKS } from '../message/write/perception-targets.js';
import { DEFAULT_MASK_OPACITY } from '../media/render/mask-layer.js';
import { parameterTable, type ParameterValues } from './parameter.js';
import { MODEL_PARAMETERS } from './segment-model.js';
import { IMAGE_PARAMETERS } from './segment-images.js';
import { DEPTH_PARAMETERS } from './segment-depth.js';
import { TRACKING_PARAMETERS } from './segment-tracking.js';

/**
 * Parameters of the node `segment`, in the order of docs/parameters.md. Those of the model, the images, depth and tracking are in files
 * of their own.
 */
export const SEGMENT_PARAMETERS = parameterTable({
  ...MODEL_PARAMETERS,
  ...IMAGE_PARAMETERS,
  ...DEPTH_PARAMETERS,
  tros_topic: {
    type: 'string',
    default: 'hobot_dnn_detection',
    help: 'topic of ai_msgs/PerceptionTargets for TROS (web page, navigation, hobot_hdmi: hobot_detection); the class names are on the same with _info behind it. Empty: none',
    zh: '面向 TROS 的 ai_msgs/PerceptionTargets 的话题（网页、导航；hobot_hdmi 用 hobot_detection）；类别名称发布在同名加 _info 的话题上。留空：不发布',
  },
  tros_masks: {
    type: 'string',
    default: 'both',
    choices: PERCEPTION_MASKS,
    help: "masks in PerceptionTargets: outlines of each instance, one map of classes as TROS's own node sends it (a float for each cell, 58 KB for 16:9), or both",
    zh: 'PerceptionTargets 中的掩码：每个实例的轮廓、像 TROS 自己的节点那样的一张类别图（每格一个 float，16:9 时 58 KB），或两者都有',
  },
  tros_types: {
    type: 'string_array',
    default: [],
    help: 'types of rois in PerceptionTargets for single classes, as CLASS=TYPE, for nodes that look for body, head, face or hand: person=body. The type of the target stays the class name',
    zh: 'PerceptionTargets 中个别类别的 roi 类型，写作 CLASS=TYPE，供寻找 body、head、face 或 hand 的节点使用：person=body。目标本身的类型仍是类别名称',
  },
  class_map_size: {
    type: 'string',
    default: 'picture',
    dynamic: true,
    help: "size of ~/class_map and ~/confidence: picture, masks (the grid of the masks: with masks: proto that of the model's prototypes), or WIDTHxHEIGHT, as the point cloud has it that they are laid on",
    zh: '~/class_map 和 ~/confidence 的尺寸：picture（画面）、masks（掩码的网格；masks 为 proto 时即模型原型的网格），或 WIDTHxHEIGHT，与要叠加的点云一致',
  },
  polygon_tolerance: {
    type: 'double',
    default: 1,
    range: [0, 100],
    dynamic: true,
    help: 'maximum error, in pixels, of simplified outlines in PerceptionTargets and annotations; larger values give fewer points; 0: exact outlines. At least one cell for masks coarser than the picture',
    zh: 'PerceptionTargets 和 annotations 中简化后的轮廓的最大误差，单位像素；越大点越少；0：精确轮廓。掩码比画面粗时，至少为一格',
  },
  work_config: {
    type: 'string',
    default: '',
    help: 'path of a TROS work config (JSON) with model_file, cls_names_list, score_threshold, ...; used for parameters that are not set otherwise',
    zh: 'TROS 工作配置（JSON）的路径，含 model_file、cls_names_list、score_threshold 等；只用于没有另行设置的参数',
  },
  watchdog: {
    type: 'integer',
    default: 1000,
    range: [100, 600_000],
    dynamic: true,
    help: 'milliseconds without a result of a camera after which ~/alive is false',
    zh: '一台相机多少毫秒没有结果后，~/alive 变为 false',
  },
  autostart: {
    type: 'bool',
    default: true,
    help: 'whether the node configures and activates itself; false: it waits for `ros2 lifecycle set`',
    zh: '节点是否自行 configure 和 activate；false：等待 `ros2 lifecycle set`',
  },
  score: {
    type: 'double',
    default: 0.25,
    range: [0, 1],
    dynamic: true,
    help: 'lowest score of an instance',
    zh: '实例的最低得分',
  },
  iou: {
    type: 'double',
    default: 0.7,
    range: [0, 1],
    dynamic: true,
    help: 'IoU threshold of class-wise NMS: a box that overlaps a better one of its class by more is dropped',
    zh: '按类别 NMS 的 IoU 阈值：与同类更优的框重叠超过此值的框会被去掉',
  },
  nms: {
    type: 'string',
    default: 'auto',
    choices: NMS_MODES,
    dynamic: true,
    help: "whether to run NMS; auto: unless the model selects its instances itself ([1, 300, 38], YOLO26's default export) or is RF-DETR",
    zh: '是否做 NMS；auto：做，除非模型自己挑选实例（[1, 300, 38]，YOLO26 的默认导出）或是 RF-DETR',
  },
  max_detections: {
    type: 'integer',
    default: 300,
    range: [1, 10_000],
    dynamic: true,
    help: 'maximum number of instances per frame; the best are kept',
    zh: '每帧最多的实例数；保留得分最高的',
  },
  classes: {
    type: 'string_array',
    default: [],
    dynamic: true,
    help: 'names or ids of the classes to report; empty: all',
    zh: '要输出的类别的名称或 id；留空：全部',
  },
  class_scores: {
    type: 'string_array',
    default: [],
    dynamic: true,
    help: 'lowest scores of individual classes, as CLASS=SCORE: person=0.5',
    zh: '个别类别的最低得分，写作 CLASS=SCORE：person=0.5',
  },
  masks: {
    type: 'string',
    default: 'source',
    choices: MASK_RESOLUTIONS,
    dynamic: true,
    help: "where masks are sampled: on the picture's pixels (source), on the model's coarser prototype grid (proto), or not at all (none)",
    zh: '掩码在哪里采样：画面的像素上（source）、模型较粗的原型网格上（proto），或不要掩码（none）',
  },
  ...TRACKING_PARAMETERS,
  overlay_masks: {
    type: 'double',
    default: DEFAULT_MASK_OPACITY,
    range: [0, 1],
    dynamic: true,
    help: 'opacity of masks in the overlay; 0: none',
    zh: '叠加图中掩码的不透明度；0：不画',
  },
  overlay_boxes: {
    type: 'bool',
    default: true,
    dynamic: true,
    help: 'whether the overlay shows boxes',
    zh: '叠加图是否画框',
  },
  overlay_labels: {
    type: 'bool',
    default: true,
    dynamic: true,
    help: 'whether the overlay shows class names, scores, and ids of tracked objects',
    zh: '叠加图是否显示类别名称、得分和被跟踪物体的 id',
  },
  overlay_colors: {
    type: 'string',
    default: 'auto',
    choices: COLORED_BY,
    dynamic: true,
    help: 'what has one color in the overlay and ~/instance_picture: each class, or each instance; auto: each tracked object, and the other instances by class',
    zh: '叠加图和 ~/instance_picture 中颜色的分配方式：按类别，或按实例；auto：被跟踪的物体各有一色，其余按类别',
  },
  overlay_blur: {
    type: 'string_array',
    default: [],
    dynamic: true,
    help: 'names or ids of classes that the overlay shows blurred, for recordings that must not show people; they must be among `classes`; empty: none',
    zh: '叠加图中要模糊的类别的名称或 id，用于不得出现人的录像；这些类别必须包含在 `classes` 中；留空：无',
  },
  overlay_trails: {
    type: 'integer',
    default: 0,
    range: [0, 1000],
    dynamic: true,
    help: 'frames before, of which the overlay shows where tracked objects were, as a line; 0: none',
    zh: '叠加图用线画出被跟踪物体在前多少帧里的位置；0：不画',
  },
  jpeg_quality: {
    type: 'integer',
    default: 80,
    range: [1, 100],
    dynamic: true,
    help: 'JPEG quality of ~/overlay/compressed',
    zh: '~/overlay/compressed 的 JPEG 质量',
  },
  web_port: {
    type: 'integer',
    default: 0,
    range: [0, 65_535],
    help: 'port of the live page in the browser (docs/web.md), with /metrics for Prometheus and /foxglove; 0: none',
    zh: '浏览器实时页面的端口（docs/web.md），同一端口还提供供 Prometheus 读取的 /metrics，以及 /foxglove；0：不启用',
  },
  web_host: {
    type: 'string',
    default: '127.0.0.1',
    help: 'address on which the live page is served: 127.0.0.1 for this machine only, 0.0.0.0 for all its networks',
    zh: '实时页面监听的地址：127.0.0.1 只限本机，0.0.0.0 为所有网络',
  },
  web_token: {
    type: 'string',
    default: '',
    help: 'token with which the live page may change parameters, load models and record; at least 8 characters; empty: it is read only',
    zh: '在实时页面上修改参数、加载模型和录制所需的令牌，至少 8 个字符；留空：只读',
  },
  web_hosts: {
    type: 'string_array',
    default: [],
    help: "names under which the live page may be opened, besides localhost, IP addresses and the machine's own name; empty: no others",
    zh: '除 localhost、IP 地址和本机名之外，可以用来打开实时页面的主机名；留空：没有',
  },
  web_origins: {
    type: 'string_array',
    default: ['https://app.foxglove.dev', 'file://'],
    help: "origins of other programs' pages that may read /foxglove: the Foxglove app in the browser and on the desktop",
    zh: '可以读取 /foxglove 的其他网页的来源：浏览器和桌面上的 Foxglove',
  },
  web_recordings: {
    type: 'string',
    default: '',
    help: 'folder of the bags that the live page records; empty: ~/.ros/tros_yolo_seg',
    zh: '实时页面录制的 bag 所在的文件夹；留空：~/.ros/tros_yolo_seg',
  },
});

export type SegmentParameters = ParameterValues<typeof SEGMENT_PARAMETERS>;
