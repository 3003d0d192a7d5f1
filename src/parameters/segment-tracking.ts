import { DEFAULT_TRACKING } from '../vision/track/options.js';
import { ZONE_ANCHORS } from '../vision/track/zone-counter.js';
import { parameterTable } from './parameter.js';

/** Parameters of the node `segment` for tracks, steadier results, zones and lines. */
export const TRACKING_PARAMETERS = parameterTable({
  tracking: {
    type: 'bool',
    default: false,
    dynamic: true,
    help: 'whether objects get an id that they keep from frame to frame',
    zh: '物体是否得到逐帧保持不变的 id',
  },
  track_low_score: {
    type: 'double',
    default: DEFAULT_TRACKING.lowScore,
    range: [0, 1],
    dynamic: true,
    help: 'lowest score of a detection that continues a track. Below `score` it is not reported, unless `steady_scores` says so',
    zh: '能延续轨迹的检测的最低得分。低于 `score` 的不输出，除非设置了 `steady_scores`',
  },
  track_high_score: {
    type: 'double',
    default: DEFAULT_TRACKING.highScore,
    range: [0, 1],
    dynamic: true,
    help: 'lowest score of a detection that begins a track, or finds a lost one again',
    zh: '能开始一条轨迹或找回丢失轨迹的检测的最低得分',
  },
  track_overlap: {
    type: 'double',
    default: DEFAULT_TRACKING.overlap,
    range: [0, 1],
    dynamic: true,
    help: 'lowest IoU of a detection with the place where a tracked object is expected; objects left over are looked for farther away, too',
    zh: '检测与被跟踪物体预期位置的最低 IoU；剩下的物体还会到更远处寻找',
  },
  track_hits: {
    type: 'integer',
    default: DEFAULT_TRACKING.hits,
    range: [1, 100],
    dynamic: true,
    help: 'detections after which an object gets its id',
    zh: '检测到多少次之后物体得到 id',
  },
  track_lost_time: {
    type: 'double',
    default: DEFAULT_TRACKING.lostTime,
    range: [0, 60],
    dynamic: true,
    help: 'seconds, by the stamps of the images, for which an object that is not seen keeps its id',
    zh: '看不见的物体保留 id 的秒数，以图像时间戳计',
  },
  steady_scores: {
    type: 'bool',
    default: false,
    dynamic: true,
    help: 'whether a tracked object stays reported while its score is between `track_low_score` and `score`',
    zh: '被跟踪物体的得分在 `track_low_score` 与 `score` 之间时是否继续输出',
  },
  steady_shapes: {
    type: 'double',
    default: 0,
    range: [0, 2],
    dynamic: true,
    help: 'seconds over which boxes and masks of tracked objects are smoothed, so that still objects do not flicker; 0.3 does it; 0: not at all',
    zh: '被跟踪物体的框和掩码在多少秒内做平滑，使静止的物体不闪烁；0.3 就够了；0：不平滑',
  },
  zones: {
    type: 'string_array',
    default: [],
    dynamic: true,
    help: 'areas in which tracked objects are counted, each as NAME=X,Y X,Y X,Y ...: the corners of a polygon, in shares of the picture if no number is above 1, else in pixels; CAMERA/NAME=... for one of several cameras',
    zh: '统计被跟踪物体的区域，每个写作 NAME=X,Y X,Y X,Y ...：多边形的各个顶点，没有大于 1 的数时按画面的比例，否则按像素；有多台相机时，CAMERA/NAME=... 只用于其中一台',
  },
  lines: {
    type: 'string_array',
    default: [],
    dynamic: true,
    help: 'lines across which tracked objects are counted, each as NAME=X,Y X,Y ..., as `zones`. Entered: from the left to the right of its direction, so downward for a line from left to right',
    zh: '统计被跟踪物体穿越的线，每条写作 NAME=X,Y X,Y ...，规则同 `zones`。沿线的方向看，从左侧越到右侧算进入：线从左画到右时，就是向下越线',
  },
  zone_anchor: {
    type: 'string',
    default: 'bottom',
    choices: ZONE_ANCHORS,
    dynamic: true,
    help: 'which point of an object is counted in zones and across lines: the middle of the lower edge of its box (bottom), where it stands, or of the box (center)',
    zh: '在区域内和越线时按物体的哪一点计：框下边的中点（bottom），即它站立的位置；或框的中心（center）',
  },
});
