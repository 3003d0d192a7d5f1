import type { DecodeOptions } from '../decode/options.js';
import { MASK_RESOLUTIONS } from '../decode/options.js';
import { HEAD_ROLES, type HeadRole } from '../decode/heads.js';
import { ExpectationError, expectInteger, expectNumber, expectOneOf } from '../expect.js';
import { COLOR_RANGES, type ColorRange, DEFAULT_COLOR_RANGE } from '../frame/color.js';
import { parseSize, type PictureSize } from '../frame/picture-size.js';
import { parseClassScores } from '../model/class-scores.js';
import { findClass } from '../model/labels.js';
import type { Arguments, CliOptions } from './options.js';

/** Options of `tros-yolo-seg run`. */
export const RUN_OPTIONS = {
  model: {
    type: 'string',
    value: 'FILE',
    help: 'ONNX model, cut into heads or a stock export, or .bin (default: the demo model)',
  },
  engine: {
    type: 'string',
    value: 'onnx|bpu',
    help: 'where the model runs (default: .bin on the BPU, others on the CPU)',
  },
  labels: {
    type: 'string',
    value: 'FILE',
    help: "class names, one a line (default: the model's own, else COCO)",
  },
  heads: {
    type: 'string',
    value: 'LIST',
    help: 'role of each output in order, where heads are ambiguous: class,box,coefficient,...,proto',
  },
  threads: { type: 'string', value: 'N', help: 'threads of the ONNX engine (default: number of cores)' },
  range: {
    type: 'string',
    value: 'full|limited',
    help: 'range of the YUV samples in NV12 files, bags and scenes (default full)',
  },
  score: { type: 'string', value: 'P', help: 'lowest score, 0 to 1 (default 0.25)' },
  iou: {
    type: 'string',
    value: 'P',
    help: 'class-wise NMS drops boxes that overlap a better one by more (default 0.7)',
  },
  'max-detections': { type: 'string', value: 'N', help: 'most instances of a frame (default 300)' },
  classes: {
    type: 'string',
    value: 'LIST',
    help: 'report only these classes: names or ids, comma-separated',
  },
  'class-score': {
    type: 'string',
    value: 'CLASS=P',
    multiple: true,
    help: 'lowest score of one class; may be repeated',
  },
  masks: {
    type: 'string',
    value: 'source|proto|none',
    help: 'resolution of masks (default source: that of the picture)',
  },
  json: { type: 'string', value: 'FILE|-', help: 'write one JSON line a frame; - is standard output' },
  mcap: {
    type: 'string',
    value: 'FILE',
    help: 'write a rosbag2 bag (MCAP) with detections, instances and instance map',
  },
  'mcap-images': { type: 'boolean', help: 'put the input frames into the bag' },
  'mcap-overlay': { type: 'boolean', help: 'put the overlay (JPEG) into the bag' },
  overlay: {
    type: 'string',
    value: 'DIR',
    help: 'write a picture with masks, boxes and labels for each frame',
  },
  size: {
    type: 'string',
    value: 'WxH',
    help: 'size of raw NV12 files (default: from the name) and of scenes (default 1280x720)',
  },
  topic: { type: 'string', value: 'NAME', help: 'image topic of bags (default: the only one)' },
  frames: { type: 'string', value: 'N', help: 'number of frames of scene: (default 150)' },
  rate: {
    type: 'string',
    value: 'HZ',
    help: 'frames a second of scene: (default 30), NV12 files and pictures (default 10)',
  },
  seed: { type: 'string', value: 'N', help: 'seed of scene: (default 1)' },
  quiet: { type: 'boolean', short: 'q', help: 'no progress, no summary; errors only' },
  help: { type: 'boolean', short: 'h', help: 'this text' },
} as const satisfies CliOptions;

/** Options of the decoder. Classes are names or ids, so the labels must be known. */
export function decodeOptions(args: Arguments, labels: readonly string[]): DecodeOptions {
  const list = args.text('classes');
  return {
    score: expectNumber('--score', args.number('score') ?? 0.25, 0, 1),
    iou: expectNumber('--iou', args.number('iou') ?? 0.7, 0, 1),
    maxDetections: expectInteger('--max-detections', args.number('max-detections') ?? 300, 1, 10_000),
    classes: list?.split(',').map((name) => findClass(name, labels)),
    classScores: parseClassScores('--class-score', args.texts('class-score'), labels),
    masks: expectOneOf('--masks', args.text('masks') ?? 'source', MASK_RESOLUTIONS),
  };
}

export function headRoles(args: Arguments): HeadRole[] | undefined {
  return args
    .text('heads')
    ?.split(',')
    .map((role) => expectOneOf('--heads', role.trim(), HEAD_ROLES));
}

export function colorRange(args: Arguments): ColorRange {
  return expectOneOf('--range', args.text('range') ?? DEFAULT_COLOR_RANGE, COLOR_RANGES);
}

export function pictureSize(args: Arguments): PictureSize | undefined {
  const text = args.text('size');
  if (text === undefined) return undefined;
  const size = parseSize(text);
  if (!size) throw new ExpectationError('WIDTHxHEIGHT for --size', text, 'For example --size 1920x1080.');
  return size;
}
