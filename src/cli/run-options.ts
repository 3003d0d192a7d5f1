import type { ColoredBy } from '../vision/picture/palette.js';
import type { DecodeOptions } from '../vision/decode/options.js';
import { HEAD_ROLES, type HeadRole } from '../vision/decode/heads.js';
import { ExpectationError, expectInteger, expectOneOf } from '../base/expect.js';
import type { ColorRange } from '../vision/picture/color-range.js';
import { parseSize, type PictureSize } from '../vision/picture/picture-size.js';
import { parseClassScores } from '../model/class-scores.js';
import { blurredClasses } from '../model/blurred-classes.js';
import { findClass } from '../model/labels.js';
import type { ImageReading } from '../native/camera.js';
import { BAG_COMPRESSIONS, type BagCompression } from '../message/bag/chunk-compression.js';
import { SEGMENT_PARAMETERS } from '../parameters/segment.js';
import type { FileDepthOptions } from '../pipeline/depth-files.js';
import type { TrackingOptions } from '../pipeline/tracking.js';
import { parseZones, type ZoneShape } from '../vision/track/zone-shape.js';
import { type Arguments, type CliOptions, COMMON_OPTIONS } from './options.js';
import { FORCE_OPTION } from './outputs.js';
import { choiceOption, fromParameter, numberOption } from './parameter-options.js';
import { SELECTION_OPTIONS } from './selection.js';
import { PICTURE_FORMATS, type PictureFormat } from './sinks/overlay-pictures.js';
import type { OverlayOptions } from '../media/render/overlay.js';

/** Default of --overlay-trails: the length of trails in frames. */
const TRAILS = 30;
/** Quality at which text and outlines stay clean. */
const PICTURE_QUALITY = 90;

/** How pictures, videos and the bag's overlay are drawn. */
const OVERLAY_OPTIONS = {
  'overlay-colors': fromParameter('overlay_colors', undefined, {
    help: 'what has one color: each class, or each instance; auto: each tracked object, and the others by class',
  }),
  'overlay-masks': fromParameter('overlay_masks', 'P'),
  'overlay-boxes': fromParameter('overlay_boxes', 'true|false'),
  'overlay-labels': fromParameter('overlay_labels', 'true|false'),
  'overlay-trails': {
    type: 'string',
    value: 'N',
    help: `frames before, of which it shows where tracked objects were (0 to 1000, default ${TRAILS} with --track)`,
  },
  'jpeg-quality': fromParameter('jpeg_quality', 'N', { help: 'JPEG quality of these pictures, default 90' }),
} as const satisfies CliOptions;

/** Options of `tros-yolo-seg run`. Those that are also parameters of the node come from its table. */
export const RUN_OPTIONS = {
  model: fromParameter('model', 'FILE|NAME'),
  engine: fromParameter('engine'),
  labels: fromParameter('labels', 'FILE'),
  heads: fromParameter('heads', 'ROLE,ROLE...'),
  threads: fromParameter('threads', 'N'),
  range: fromParameter('color_range', undefined, {
    help: 'range of the YUV samples in NV12 files, bags and scenes',
  }),
  score: fromParameter('score', 'P'),
  iou: fromParameter('iou', 'P'),
  nms: fromParameter('nms'),
  'max-detections': fromParameter('max_detections', 'N'),
  classes: fromParameter('classes', 'LIST', {
    help: 'names or ids of the classes to report, comma-separated',
  }),
  'class-score': fromParameter('class_scores', 'CLASS=P', {
    multiple: true,
    help: 'lowest score of one class: person=0.5; may be repeated',
  }),
  masks: fromParameter('masks', undefined, {
    help: "where masks are sampled: on the source's pixels, on the model's coarser prototype grid (JSON has source pixels in any case), or not at all",
  }),
  track: {
    type: 'boolean',
    help: 'give objects ids that they keep from frame to frame, in all outputs; each video, bag or folder is a camera',
  },
  'track-low-score': fromParameter('track_low_score', 'P', {
    help: 'lowest score of a detection that continues a track; below --score it is not reported',
  }),
  'track-high-score': fromParameter('track_high_score', 'P'),
  'track-overlap': fromParameter('track_overlap', 'P'),
  'track-hits': fromParameter('track_hits', 'N'),
  'track-lost-time': fromParameter('track_lost_time', 'S'),
  'steady-scores': {
    type: 'boolean',
    help: 'keep a tracked object in the results while its score is between --track-low-score and --score',
  },
  'steady-shapes': fromParameter('steady_shapes', 'S'),
  zone: fromParameter('zones', 'NAME=X,Y...', {
    multiple: true,
    help: 'area in which tracked objects are counted: the corners of a polygon as NAME=X,Y X,Y X,Y ..., in shares of the picture if no number is above 1, else in pixels; may be repeated',
  }),
  line: fromParameter('lines', 'NAME=X,Y...', {
    multiple: true,
    help: 'line across which tracked objects are counted, as NAME=X,Y X,Y ...; entered: from the left to the right of its direction; may be repeated',
  }),
  'zone-anchor': fromParameter('zone_anchor'),
  json: { type: 'string', value: 'FILE|-', help: 'write one JSON line per frame; - is standard output' },
  mcap: {
    type: 'string',
    value: 'FILE',
    help: 'write a rosbag2 bag (MCAP) with detections, instances and instance map',
  },
  'mcap-compression': {
    type: 'string',
    value: BAG_COMPRESSIONS.join('|'),
    help: 'compression of the bag (default zstd)',
  },
  'mcap-images': { type: 'boolean', help: 'put the input frames into the bag, as NV12' },
  'mcap-jpeg': { type: 'boolean', help: 'put the input frames into the bag as JPEG, a tenth as large' },
  'mcap-overlay': { type: 'boolean', help: 'put the overlay (JPEG) into the bag' },
  overlay: {
    type: 'string',
    value: 'DIR',
    help: 'write a picture with masks, boxes and labels for each frame, called as its input: bus.jpg, clip_000000.jpg',
  },
  'overlay-format': { type: 'string', value: 'jpg|png', help: 'of these pictures (default jpg)' },
  video: {
    type: 'string',
    value: 'FILE',
    help: 'write the overlay as video (.mp4, .mkv, .webm) with ffmpeg, without sound; several inputs give several: out-clip.mp4',
  },
  'video-encoder': {
    type: 'string',
    value: 'NAME',
    help: 'encoder of ffmpeg, such as h264_nvenc, h264_vaapi, h264_v4l2m2m (default libx264; libvpx-vp9 for .webm)',
  },
  ...OVERLAY_OPTIONS,
  coco: { type: 'string', value: 'FILE', help: "write COCO's results (JSON), for pycocotools and eval" },
  csv: { type: 'string', value: 'FILE', help: 'write a line for each instance, for spreadsheets' },
  yolo: {
    type: 'string',
    value: 'DIR',
    help: 'write YOLO labels with outlines, a text file for each frame',
  },
  maps: {
    type: 'string',
    value: 'DIR',
    help: 'write label maps (PNG) for each frame: NAME_classes.png and NAME_instances.png',
  },
  blur: fromParameter('overlay_blur', 'LIST', {
    help: 'names or ids of classes, comma-separated, that no picture or frame that is written shows: they are blurred',
  }),
  size: {
    type: 'string',
    value: 'WxH',
    help: 'size of raw NV12 files (default: from the name), scenes (default 1280x720) and cameras',
  },
  'image-step': fromParameter('image_step', 'BYTES', {
    help: 'bytes from one row to the next in NV12 files, and in images of bags whose messages are wrong',
  }),
  'image-rows': fromParameter('image_rows', 'N', {
    help: 'rows of luma before the chroma in NV12 files and images of bags that are padded below',
  }),
  'mono16-max': fromParameter('mono16_max', 'VALUE', {
    help: 'value of mono16 and 16UC1 images that is white',
  }),
  roi: fromParameter('roi', 'X,Y,W,H', {
    help: "region of interest in pixels: the model's input is only that part of each picture, results are in pixels of the whole picture",
  }),
  recursive: { type: 'boolean', short: 'r', help: 'read the folders in folders, too' },
  'input-option': {
    type: 'string',
    value: 'NAME=VALUE',
    multiple: true,
    help: 'input option of ffmpeg for cameras and streams: rtsp_transport=udp; may be repeated',
  },
  ...SELECTION_OPTIONS,
  resume: {
    type: 'boolean',
    help: 'go on after an interruption: inputs that are complete in the file of --json are not done again',
  },
  topic: { type: 'string', value: 'NAME', help: 'image topic of bags (default: the only one)' },
  depth: {
    type: 'string',
    value: 'TOPIC',
    help: 'topic of depth pictures in bags: positions and boxes in JSON lines; points, boxes and masked depth in bags. scene: has its own',
  },
  'depth-info': {
    type: 'string',
    value: 'TOPIC',
    help: 'CameraInfo of the depth camera (default: camera_info below or beside the depth topic)',
  },
  'camera-info': {
    type: 'string',
    value: 'TOPIC',
    help: 'CameraInfo of the color camera (default: camera_info below or beside the image topic)',
  },
  'depth-registration': fromParameter('depth_registration'),
  'depth-distortion': fromParameter('depth_distortion'),
  'depth-tolerance': fromParameter('depth_tolerance', 'MS'),
  'depth-up-frame': fromParameter('depth_up_frame', 'FRAME'),
  'depth-step': fromParameter('depth_step', 'N'),
  'depth-band': fromParameter('depth_band', 'N'),
  'depth-mask-classes': fromParameter('depth_mask_classes', 'LIST', {
    help: 'names or ids of the classes that depth_masked is without, comma-separated (default: all that are reported)',
  }),
  'depth-mask-margin': fromParameter('depth_mask_margin', 'N'),
  frames: { type: 'string', value: 'N', help: 'number of frames of scene: (default 150)' },
  rate: {
    type: 'string',
    value: 'HZ',
    help: 'frames per second of scene: (default 30), NV12 files and pictures (default 10), and cameras',
  },
  seed: { type: 'string', value: 'N', help: 'seed of scene: (default 1)' },
  force: FORCE_OPTION,
  quiet: { type: 'boolean', short: 'q', help: 'no progress, no summary; errors only' },
  ...COMMON_OPTIONS,
} as const satisfies CliOptions;

/** Options of the decoder. Classes are names or ids, so the labels must be known. */
export function decodeOptions(args: Arguments, labels: readonly string[]): DecodeOptions {
  const list = args.text('classes');
  return {
    score: numberOption(args, 'score', 'score'),
    iou: numberOption(args, 'iou', 'iou'),
    nms: choiceOption(args, 'nms', SEGMENT_PARAMETERS.nms),
    maxDetections: numberOption(args, 'max-detections', 'max_detections'),
    classes: list?.split(',').map((name) => findClass(name, labels, '--classes')),
    classScores: parseClassScores('--class-score', args.texts('class-score'), labels),
    masks: choiceOption(args, 'masks', SEGMENT_PARAMETERS.masks),
  };
}

/** What determines the colors of instances, in all that shows them. */
export function coloring(args: Arguments): () => ColoredBy {
  const coloredBy = choiceOption(args, 'overlay-colors', SEGMENT_PARAMETERS.overlay_colors);
  return () => coloredBy;
}

/** How overlays are drawn. */
export function overlayOptions(args: Arguments, labels: readonly string[]): OverlayOptions {
  const flag = (name: 'overlay-boxes' | 'overlay-labels'): boolean =>
    expectOneOf(`--${name}`, args.text(name) ?? 'true', ['true', 'false']) === 'true';
  const trails = args.number('overlay-trails') ?? (args.flag('track') ? TRAILS : 0);
  return {
    labels,
    colors: coloring(args)(),
    masks: numberOption(args, 'overlay-masks', 'overlay_masks'),
    boxes: flag('overlay-boxes'),
    names: flag('overlay-labels'),
    trails: expectInteger('--overlay-trails', trails, ...SEGMENT_PARAMETERS.overlay_trails.range),
  };
}

/** Format and quality of the overlay's pictures. */
export function pictureOptions(args: Arguments): { format: PictureFormat; quality: number } {
  const [least, most] = SEGMENT_PARAMETERS.jpeg_quality.range;
  return {
    format: expectOneOf('--overlay-format', args.text('overlay-format') ?? 'jpg', PICTURE_FORMATS),
    quality: expectInteger('--jpeg-quality', args.number('jpeg-quality') ?? PICTURE_QUALITY, least, most),
  };
}

/** Ids of the classes that are blurred. @throws ExpectationError unless they are among the reported ones */
export function blurOption(args: Arguments, labels: readonly string[]): number[] {
  const list = (name: string): string[] => args.text(name)?.split(',') ?? [];
  return blurredClasses(list('blur'), list('classes'), labels, { blurred: '--blur', reported: '--classes' });
}

/** Options of tracking; undefined: off. @param reported limits of the reported results */
export function trackingOptions(args: Arguments, reported: DecodeOptions): TrackingOptions | undefined {
  const zones = zonesOf(args);
  const options = {
    lowScore: numberOption(args, 'track-low-score', 'track_low_score'),
    highScore: numberOption(args, 'track-high-score', 'track_high_score'),
    overlap: numberOption(args, 'track-overlap', 'track_overlap'),
    hits: numberOption(args, 'track-hits', 'track_hits'),
    lostTime: numberOption(args, 'track-lost-time', 'track_lost_time'),
    steadyScores: args.flag('steady-scores'),
    steadyShapes: numberOption(args, 'steady-shapes', 'steady_shapes'),
    zones,
    zoneAnchor: choiceOption(args, 'zone-anchor', SEGMENT_PARAMETERS.zone_anchor),
  };
  return args.flag('track') ? { ...options, reported } : undefined;
}

/** Options that change nothing without --track. */
const OF_TRACKS = [
  ...['track-low-score', 'track-high-score', 'track-overlap', 'track-hits', 'track-lost-time'],
  ...['steady-scores', 'steady-shapes', 'zone-anchor', 'overlay-trails'],
];

/** Zones and lines. @throws ExpectationError for invalid text, and for options about tracks without --track */
export function zonesOf(args: Arguments): ZoneShape[] {
  const shapes = parseZones(
    { zone: args.texts('zone'), line: args.texts('line') },
    { zone: '--zone', line: '--line' },
  );
  const one = shapes.find(({ camera }) => camera !== undefined);
  if (one) {
    throw new ExpectationError(
      '--zone and --line without a camera',
      `${one.camera}/${one.name}`,
      `Leave ${one.camera}/ out: they hold for each input.`,
    );
  }
  if (shapes.length > 0 && !args.flag('track')) {
    throw new ExpectationError('--track', 'none', '--zone and --line count tracked objects.');
  }
  const idle = OF_TRACKS.find((name) => args.flag(name) || args.text(name) !== undefined);
  if (idle !== undefined && !args.flag('track')) {
    throw new ExpectationError('--track', 'none', `--${idle} is about tracked objects.`);
  }
  return shapes;
}

/** Options for depth; undefined: not used. @throws ExpectationError for values out of range and unknown classes */
export function depthOf(args: Arguments, labels: readonly string[]): FileDepthOptions | undefined {
  const space = {
    step: numberOption(args, 'depth-step', 'depth_step') || undefined,
    band: numberOption(args, 'depth-band', 'depth_band'),
  };
  const margin = numberOption(args, 'depth-mask-margin', 'depth_mask_margin');
  const tolerance = numberOption(args, 'depth-tolerance', 'depth_tolerance');
  const registration = choiceOption(args, 'depth-registration', SEGMENT_PARAMETERS.depth_registration);
  const distortion = choiceOption(args, 'depth-distortion', SEGMENT_PARAMETERS.depth_distortion);
  const names = args.text('depth-mask-classes')?.split(',');
  const masked = names && new Set(names.map((name) => findClass(name, labels)));
  const topic = args.text('depth');
  if (topic === undefined) return undefined;
  if (args.text('masks') === 'none') {
    throw new ExpectationError(
      'masks for --depth',
      '--masks none',
      'Depths are taken of what lies in the masks.',
    );
  }
  return {
    ...{ topic, registration, distortion, tolerance },
    depthInfo: args.text('depth-info'),
    colorInfo: args.text('camera-info'),
    upFrame: args.text('depth-up-frame'),
    tools: {
      space: () => space,
      masking: () => ({ margin, chosen: masked && ((classId) => masked.has(classId)) }),
      coloredBy: coloring(args),
    },
  };
}

export function headRoles(args: Arguments): HeadRole[] | undefined {
  return args
    .text('heads')
    ?.split(',')
    .map((role) => expectOneOf('--heads', role.trim(), HEAD_ROLES));
}

export function colorRange(args: Arguments): ColorRange {
  return choiceOption(args, 'range', SEGMENT_PARAMETERS.color_range);
}

/** How to read images of bags and NV12 files. */
export function imageReading(args: Arguments): ImageReading {
  const within = (option: string, { range }: { readonly range: readonly [number, number] }): number =>
    expectInteger(`--${option}`, args.number(option) ?? 0, range[0], range[1]);
  return {
    step: within('image-step', SEGMENT_PARAMETERS.image_step),
    rows: within('image-rows', SEGMENT_PARAMETERS.image_rows),
    white: numberOption(args, 'mono16-max', 'mono16_max'),
  };
}

/** How chunks of the bag are compressed. */
export function bagCompression(args: Arguments): BagCompression {
  return expectOneOf('--mcap-compression', args.text('mcap-compression') ?? 'zstd', BAG_COMPRESSIONS);
}

export function pictureSize(args: Arguments): PictureSize | undefined {
  const text = args.text('size');
  if (text === undefined) return undefined;
  const size = parseSize(text);
  if (!size) throw new ExpectationError('WIDTHxHEIGHT for --size', text, 'For example --size 1920x1080.');
  return size;
}
