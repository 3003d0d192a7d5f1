import { rowNames } from '../base/row-names.js';
import { type DepthOutput, type FrameOutput, type ModelOutput, type Output, TROS_TOPIC } from './output.js';
import { LATCHED_QOS, PICTURE_QOS, type Qos, RESULT_QOS } from './qos.js';
import { ClassMapWriter, ConfidenceWriter } from './write/class-map.js';
import { DetectionArray3DWriter } from './write/detection-array-3d.js';
import { DetectionArrayWriter } from './write/detection-array.js';
import { ImageAnnotationsWriter } from './write/image-annotations.js';
import { InstanceArrayWriter } from './write/instance-array.js';
import { InstanceMapWriter } from './write/instance-map.js';
import { InstancePictureWriter } from './write/instance-picture.js';
import { LabelInfoWriter } from './write/label-info.js';
import { MarkerArrayWriter } from './write/marker-array.js';
import { MaskedDepthWriter } from './write/masked-depth.js';
import { PerceptionInfoWriter } from './write/perception-info.js';
import { PerceptionTargetsWriter } from './write/perception-targets.js';
import { ZoneArrayWriter } from './write/zone-array.js';
import { PointCloudWriter } from './write/point-cloud.js';

/** The common fields of rows for each frame. */
function frame(
  row: Omit<FrameOutput, 'of' | 'perCamera' | 'when' | 'qos'> & { readonly qos?: Qos },
): FrameOutput {
  return { of: 'frame', perCamera: true, when: 'every frame, while subscribed to', qos: RESULT_QOS, ...row };
}

/** The common fields of rows for each frame with depth. */
function depth(
  row: Omit<DepthOutput, 'of' | 'perCamera' | 'when' | 'qos'> & { readonly qos?: Qos },
): DepthOutput {
  const when = 'every frame with a depth picture, while subscribed to; with parameter `depth`';
  return { of: 'depth', perCamera: true, when, qos: RESULT_QOS, ...row };
}

function model(row: Omit<ModelOutput, 'of'>): ModelOutput {
  return { of: 'model', ...row };
}

/**
 * The topics of the node `segment`. The node's publishers, the topics of bags, docs/parameters.md and tests use this table:
 * a message for each frame, or about the model, needs a writer in write/ and a row. Rows without `of` are published by separate
 * parts of the node. Messages of a frame are published in the order of the rows: large ones
 * last, so that the others do not wait for them.
 */
export const OUTPUTS = {
  detections: frame({
    topic: '~/detections',
    type: 'vision_msgs/msg/Detection2DArray',
    what: 'boxes, class names, scores',
    inBags: true,
    open(type, { labels }) {
      const writer = new DetectionArrayWriter(labels, type);
      return ({ header, segmentation }) => writer.write(header, segmentation);
    },
  }),
  instances: frame({
    topic: '~/instances',
    type: 'tros_yolo_seg/msg/InstanceArray',
    what: 'the same with one mask each, and timings',
    inBags: true,
    open(type, { labels }) {
      const writer = new InstanceArrayWriter(labels, type);
      return ({ header, segmentation, timings }) => writer.write(header, segmentation, timings);
    },
  }),
  perception_targets: frame({
    topic: TROS_TOPIC,
    type: 'ai_msgs/msg/PerceptionTargets',
    what: "for TROS's web page and displays: boxes, masks, timings; renamed by parameter `tros_topic`",
    inBags: false,
    open(type, { labels, modelName, trosMasks, trosTypes }) {
      const writer = new PerceptionTargetsWriter(labels, modelName, trosMasks, type, trosTypes);
      const withOutlines = trosMasks === 'polygons' || trosMasks === 'both';
      return (content) =>
        writer.write(content.header, content.segmentation, {
          fps: content.fps,
          timings: content.timings,
          finished: content.now,
          outlines: withOutlines ? content.outlines : undefined,
          objects: content.objects,
        });
    },
  }),
  annotations: frame({
    topic: '~/annotations',
    type: 'foxglove_msgs/msg/ImageAnnotations',
    what: 'outlines and labels that Foxglove draws',
    inBags: true,
    open(type, { labels, coloredBy, book }) {
      const writer = new ImageAnnotationsWriter(labels, coloredBy, book, type);
      return ({ header, segmentation, outlines }) => writer.write(header, segmentation, outlines);
    },
  }),
  zones: frame({
    topic: '~/zones',
    type: 'tros_yolo_seg/msg/ZoneArray',
    what: 'what zones and lines have counted (parameters `zones`, `lines`), and who came in and went out',
    inBags: true,
    has: ({ zones }) => zones !== undefined,
    open(type, { labels }) {
      const writer = new ZoneArrayWriter(labels, type);
      return ({ header, segmentation }) => writer.write(header, segmentation);
    },
  }),
  instance_map: frame({
    topic: '~/instance_map',
    type: 'sensor_msgs/msg/Image',
    qos: PICTURE_QOS,
    what: 'mono16 of the size of the masks: 0 background, i + 1 the i-th instance',
    inBags: true,
    open(type) {
      const writer = new InstanceMapWriter(type);
      return ({ header, segmentation }) => writer.write(header, segmentation);
    },
  }),
  instance_map_compressed: {
    topic: '~/instance_map/compressed',
    type: 'sensor_msgs/msg/CompressedImage',
    qos: PICTURE_QOS,
    perCamera: true,
    when: 'every frame, while subscribed to',
    what: 'the same as PNG of 16 bits, without loss, for recordings and networks; left out when packing is behind',
  },
  instance_picture: frame({
    topic: '~/instance_picture',
    type: 'sensor_msgs/msg/Image',
    qos: PICTURE_QOS,
    what: "rgb8 as large as the masks: the instances in the overlay's colors on black, for viewers that show mono16 as gray",
    inBags: false,
    open(type, { coloredBy, book }) {
      const writer = new InstancePictureWriter(coloredBy, type, book);
      return ({ header, segmentation }) => writer.write(header, segmentation);
    },
  }),
  class_map: frame({
    topic: '~/class_map',
    type: 'sensor_msgs/msg/Image',
    qos: PICTURE_QOS,
    what: 'mono8, for costmaps: class id, 255 background; size by parameter `class_map_size`',
    inBags: false,
    open(type, { classMapSize }) {
      const writer = new ClassMapWriter(classMapSize, type);
      return ({ header, segmentation }) => writer.write(header, segmentation);
    },
  }),
  confidence: frame({
    topic: '~/confidence',
    type: 'sensor_msgs/msg/Image',
    qos: PICTURE_QOS,
    what: 'mono8, as large as the class map: score times 255 of what it shows, 0 background',
    inBags: false,
    open(type, { classMapSize }) {
      const writer = new ConfidenceWriter(classMapSize, type);
      return ({ header, segmentation }) => writer.write(header, segmentation);
    },
  }),
  detections_3d: depth({
    topic: '~/detections_3d',
    type: 'vision_msgs/msg/Detection3DArray',
    what: 'position, upright box, class name, score and id of each object, in the optical frame of the depth camera',
    inBags: true,
    open(type, { labels }) {
      const writer = new DetectionArray3DWriter(labels, type);
      return (content) => writer.write(content);
    },
  }),
  markers: depth({
    topic: '~/markers',
    type: 'visualization_msgs/msg/MarkerArray',
    what: 'the boxes, with names and distances, for rviz2',
    inBags: true,
    open(type, { labels }) {
      const writer = new MarkerArrayWriter(labels, type);
      return (content) => writer.write(content);
    },
  }),
  points: depth({
    topic: '~/points',
    type: 'sensor_msgs/msg/PointCloud2',
    qos: PICTURE_QOS,
    what: 'points of all objects: x, y, z, rgb, class_id, confidence, instance_id',
    inBags: true,
    open(type) {
      const writer = new PointCloudWriter(type);
      return (content) => writer.write(content);
    },
  }),
  depth_masked: depth({
    topic: '~/depth_masked',
    type: 'sensor_msgs/msg/Image',
    qos: PICTURE_QOS,
    what: 'the depth picture without the classes of parameter `depth_mask_classes`, in the same encoding, for maps without people',
    inBags: true,
    open(type) {
      const writer = new MaskedDepthWriter('instances', type);
      return (content) => writer.write(content);
    },
  }),
  depth_instances: depth({
    topic: '~/depth_instances',
    type: 'sensor_msgs/msg/Image',
    qos: PICTURE_QOS,
    what: 'the depth picture without everything but the instances, in the same encoding',
    inBags: false,
    open(type) {
      const writer = new MaskedDepthWriter('others', type);
      return (content) => writer.write(content);
    },
  }),
  perception_info: model({
    topic: `${TROS_TOPIC}_info`,
    type: 'ai_msgs/msg/PerceptionInfo',
    qos: RESULT_QOS,
    perCamera: true,
    when: 'with each model, and once a second while subscribed to',
    what: "class names in the order of their ids, which TROS's navigation waits for",
    inBags: false,
    repeated: true,
    open(type) {
      const writer = new PerceptionInfoWriter(type);
      return ({ header, labels, input }) => writer.write(header, labels, input);
    },
  }),
  overlay: {
    topic: '~/overlay',
    type: 'sensor_msgs/msg/Image',
    qos: PICTURE_QOS,
    perCamera: true,
    when: 'every frame, while subscribed to',
    what: 'rgb8: the image with masks, boxes and labels',
  },
  overlay_compressed: {
    topic: '~/overlay/compressed',
    type: 'sensor_msgs/msg/CompressedImage',
    qos: PICTURE_QOS,
    perCamera: true,
    when: 'every frame, while subscribed to',
    what: 'the overlay as JPEG',
  },
  alive: {
    topic: '~/alive',
    type: 'std_msgs/msg/Bool',
    qos: LATCHED_QOS,
    perCamera: true,
    when: 'on each change, and every `watchdog` ms',
    what: 'false: no result for `watchdog` ms; no message means the same',
  },
  label_info: model({
    topic: '~/label_info',
    type: 'vision_msgs/msg/LabelInfo',
    qos: LATCHED_QOS,
    perCamera: false,
    when: 'with each model, and when `score` or `classes` changes',
    what: 'ids and names of the classes that are reported, lowest score',
    inBags: true,
    repeated: false,
    open(type) {
      const writer = new LabelInfoWriter(type);
      return ({ header, labels, score, classes }) => writer.write(header, labels, score, classes);
    },
  }),
  diagnostics: {
    topic: '/diagnostics',
    type: 'diagnostic_msgs/msg/DiagnosticArray',
    qos: RESULT_QOS,
    perCamera: false,
    when: 'once a second',
    what: 'state of the engine; rates, drops, latencies and last error of each camera',
  },
  transition_event: {
    topic: '~/transition_event',
    type: 'lifecycle_msgs/msg/TransitionEvent',
    qos: RESULT_QOS,
    perCamera: false,
    when: 'on each transition',
    what: 'transitions of the life cycle',
  },
} as const satisfies Readonly<Record<string, Output | FrameOutput | DepthOutput | ModelOutput>>;

export type OutputName = keyof typeof OUTPUTS;
const OUTPUT_NAMES = rowNames(OUTPUTS);
/** Outputs that bags have. */
export const BAG_OUTPUT_NAMES = OUTPUT_NAMES.filter((name): name is BagOutputName => isInBags(OUTPUTS[name]));
export type BagOutputName = {
  [Name in OutputName]: (typeof OUTPUTS)[Name] extends { readonly of: string } ? Name : never;
}[OutputName];

function isInBags(row: AnyOutput): boolean {
  return 'inBags' in row && row.inBags;
}

type AnyOutput = Output | FrameOutput | DepthOutput | ModelOutput;

const ROWS: readonly AnyOutput[] = Object.values(OUTPUTS);
const isOf = <Kind extends FrameOutput | DepthOutput | ModelOutput>(of: Kind['of']) => {
  return (row: AnyOutput): row is Kind => 'of' in row && row.of === of;
};
export const FRAME_OUTPUTS: readonly FrameOutput[] = ROWS.filter(isOf<FrameOutput>('frame'));
export const DEPTH_OUTPUTS: readonly DepthOutput[] = ROWS.filter(isOf<DepthOutput>('depth'));
export const MODEL_OUTPUTS: readonly ModelOutput[] = ROWS.filter(isOf<ModelOutput>('model'));

/** The ends of the topics of our pictures, after the names of node and camera. */
export const OWN_PICTURES: readonly string[] = ROWS.filter(({ type }) =>
  /\/(Compressed)?Image$/.test(type),
).map(({ topic }) => topic.replace('~', ''));
