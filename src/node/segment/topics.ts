import { LATCHED_QOS, PICTURE_QOS, type Qos, RESULT_QOS } from '../../message/qos.js';

/** A topic that the node `segment` publishes. */
export interface PublishedTopic {
  /** With one camera; with several, `~/` becomes `~/NAME/` where `perCamera` says so. */
  readonly topic: string;
  readonly type: string;
  readonly qos: Qos;
  readonly perCamera: boolean;
  readonly when: string;
  readonly what: string;
}

export interface Service {
  readonly name: string;
  readonly type: string;
  readonly what: string;
}

const EVERY_FRAME = 'every frame, while subscribed to';
const result = (topic: string, type: string, what: string, qos = RESULT_QOS): PublishedTopic => ({
  topic,
  type,
  qos,
  perCamera: true,
  when: EVERY_FRAME,
  what,
});

/** What the node publishes: the table of docs/parameters.md, held against what the node opens by a test. */
export const PUBLISHED_TOPICS: readonly PublishedTopic[] = [
  result('~/detections', 'vision_msgs/msg/Detection2DArray', 'boxes, class names, scores'),
  result('~/instances', 'tros_yolo_seg/msg/InstanceArray', 'the same with one mask each, and timings'),
  result(
    '~/instance_map',
    'sensor_msgs/msg/Image',
    'mono16 as large as the masks: 0 background, i + 1 the i-th instance',
    PICTURE_QOS,
  ),
  result('~/annotations', 'foxglove_msgs/msg/ImageAnnotations', 'outlines and labels that Foxglove draws'),
  result(
    'hobot_dnn_detection',
    'ai_msgs/msg/PerceptionTargets',
    "for TROS's web page and displays: boxes, masks, timings; another name by parameter `tros_topic`",
  ),
  result('~/overlay', 'sensor_msgs/msg/Image', 'rgb8: the image with masks, boxes and labels', PICTURE_QOS),
  result('~/overlay/compressed', 'sensor_msgs/msg/CompressedImage', 'the same as JPEG', PICTURE_QOS),
  {
    topic: '~/alive',
    type: 'std_msgs/msg/Bool',
    qos: LATCHED_QOS,
    perCamera: true,
    when: 'on each change, and every `watchdog` ms',
    what: 'false: no result has come for `watchdog` ms; silence means the same',
  },
  {
    topic: '~/label_info',
    type: 'vision_msgs/msg/LabelInfo',
    qos: LATCHED_QOS,
    perCamera: false,
    when: 'with each model, and when `score` changes',
    what: 'class ids and names, lowest score',
  },
  {
    topic: '/diagnostics',
    type: 'diagnostic_msgs/msg/DiagnosticArray',
    qos: RESULT_QOS,
    perCamera: false,
    when: 'once a second',
    what: 'state of the engine; of each camera rates, drops, latencies, last error',
  },
  {
    topic: '~/transition_event',
    type: 'lifecycle_msgs/msg/TransitionEvent',
    qos: RESULT_QOS,
    perCamera: false,
    when: 'on each transition',
    what: 'steps of the life cycle',
  },
];

const LIFECYCLE = 'as with any managed node: `ros2 lifecycle`';

export const SERVICES: readonly Service[] = [
  {
    name: '~/enable',
    type: 'std_srvs/srv/SetBool',
    what: 'stops and restarts taking images, the model stays loaded',
  },
  {
    name: '~/load_model',
    type: 'tros_yolo_seg/srv/LoadModel',
    what: 'changes the model while running; the old one stays when the new one is bad',
  },
  { name: '~/change_state', type: 'lifecycle_msgs/srv/ChangeState', what: LIFECYCLE },
  { name: '~/get_state', type: 'lifecycle_msgs/srv/GetState', what: LIFECYCLE },
  { name: '~/get_available_states', type: 'lifecycle_msgs/srv/GetAvailableStates', what: LIFECYCLE },
  {
    name: '~/get_available_transitions',
    type: 'lifecycle_msgs/srv/GetAvailableTransitions',
    what: LIFECYCLE,
  },
  { name: '~/get_transition_graph', type: 'lifecycle_msgs/srv/GetAvailableTransitions', what: LIFECYCLE },
];
