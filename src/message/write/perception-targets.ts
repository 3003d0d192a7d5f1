import { clamp } from '../../base/numbers.js';
import type { Polygon } from '../../vision/mask/polygon.js';
import type { Box, Segmentation } from '../../vision/mask/segmentation.js';
import type { FrameHeader, Stamp } from '../../vision/picture/frame-source.js';
import { CdrEncoder, cdrText, type CdrText } from './cdr-encoder.js';
import { HeaderEncoder, type HeaderMessage } from './header.js';
import type { Labels } from './labels.js';
import { messageType } from '../message-type.js';
import { renderSemanticMap } from './semantic-map.js';
import type { StageTimings } from './stage-timings.js';

interface PerceptionTargetsMessage {
  header: HeaderMessage;
  fps: number;
  perfs: readonly PerfMessage[];
  targets: readonly TargetMessage[];
}

interface PerfMessage {
  type: CdrText;
  stamp_start: Stamp;
  stamp_end: Stamp;
  time_ms_duration: number;
}

interface TargetMessage {
  type: CdrText;
  rois?: readonly { type: CdrText; rect: RegionOfInterest; confidence: number }[];
  attributes?: readonly { type: CdrText; value: number }[];
  points?: readonly { type: CdrText; point: readonly { x: number; y: number }[] }[];
  captures?: readonly CaptureMessage[];
}

interface RegionOfInterest {
  x_offset: number;
  y_offset: number;
  height: number;
  width: number;
}

interface CaptureMessage {
  header: HeaderMessage;
  img: { header: HeaderMessage; height: number; width: number; encoding: CdrText; step: number };
  features: Float32Array;
  db_result: { db_type: CdrText; match_id: CdrText };
}

/**
 * How masks travel in PerceptionTargets; not both at once, for the web page draws both on one canvas of which the map
 * changes the size.
 *
 * - `polygons`: each target has its outlines, drawn by TROS's web page with "floatMatrixsMask" ticked
 * - `semantic_map`: one map of classes in an extra target, as dnn_node_example sends it; instances are merged
 * - `none`: boxes only
 */
export type PerceptionMasks = 'polygons' | 'semantic_map' | 'none';

/** What a message may carry besides the instances. */
export interface PerceptionDetails {
  /** Results per second; absent: unknown. */
  readonly fps?: number | undefined;
  readonly timings?: StageTimings | undefined;
  /** When the result was ready, on the clock of the frame's stamp; with `timings`, gives the perfs. */
  readonly finished?: Stamp | undefined;
  /** Contours of each instance in source pixels, in the order of the instances; for `polygons`. */
  readonly polygons?: readonly (readonly Polygon[])[] | undefined;
}

const EMPTY = cdrText('');
const MASK = cdrText('mask');
/** dnn_node_example's type of the extra target, the only one whose map hobot_websocket looks at. */
const MAP_TARGET = cdrText('parking_space');
const LABEL_COUNT = cdrText('segmentation_label_count');
const UNKNOWN_FPS = -1;

/**
 * Writes ai_msgs/msg/PerceptionTargets for TROS's own consumers: hobot_websocket, hobot_hdmi, render tools.
 *
 * One message for each frame, empty ones too, with the stamp untouched: hobot_websocket pairs images and results by
 * equal stamps and drops what finds no partner. Rois are whole pixels, cut to the picture.
 */
export class PerceptionTargetsWriter {
  readonly #encoder: CdrEncoder<PerceptionTargetsMessage>;
  readonly #header = new HeaderEncoder();

  /** @param model name in front of the perfs: `<model>_preprocess`, `_predict_infer`, `_predict_parse`, `_pipeline` */
  constructor(
    readonly labels: Labels,
    readonly model: string,
    readonly masks: PerceptionMasks,
    readonly type = messageType('ai_msgs/PerceptionTargets'),
  ) {
    this.#encoder = new CdrEncoder(type);
  }

  /** @returns CDR bytes, valid until the next call */
  write(header: FrameHeader, segmentation: Segmentation, details: PerceptionDetails = {}): Uint8Array {
    const headerMessage = this.#header.encode(header);
    const targets = segmentation.instances.map(({ classId, score, box }, index): TargetMessage => {
      const type = this.labels.text(classId);
      return {
        type,
        rois: [{ type, rect: regionOfInterest(box, segmentation), confidence: score }],
        points: this.masks === 'polygons' ? outlines(details.polygons?.[index] ?? []) : [],
      };
    });
    if (this.masks === 'semantic_map') targets.push(this.#mapTarget(headerMessage, segmentation));
    return this.#encoder.write({
      header: headerMessage,
      fps: details.fps === undefined ? UNKNOWN_FPS : Math.min(Math.round(details.fps), 0x7fff),
      perfs: this.#perfs(header, details),
      targets,
    });
  }

  #mapTarget(header: HeaderMessage, segmentation: Segmentation): TargetMessage {
    const { width, height, features } = renderSemanticMap(segmentation);
    return {
      type: MAP_TARGET,
      attributes: [{ type: LABEL_COUNT, value: this.labels.names.length }],
      captures: [
        {
          header,
          img: { header, height, width, encoding: EMPTY, step: 1 },
          features,
          db_result: { db_type: EMPTY, match_id: EMPTY },
        },
      ],
    };
  }

  /** The stages end one after the other at `finished`; the pipeline lasts from the frame's stamp until then. */
  #perfs(header: FrameHeader, { timings, finished }: PerceptionDetails): PerfMessage[] {
    if (timings === undefined || finished === undefined) return [];
    const perf = (stage: string, start: Stamp, end: Stamp): PerfMessage => ({
      type: cdrText(`${this.model}_${stage}`),
      stamp_start: start,
      stamp_end: end,
      time_ms_duration: 1e3 * (end.sec - start.sec) + (end.nanosec - start.nanosec) / 1e6,
    });
    const parsed = finished;
    const inferred = earlier(parsed, timings.decode);
    const preprocessed = earlier(inferred, timings.inference);
    const started = earlier(preprocessed, timings.preprocess);
    return [
      perf('preprocess', started, preprocessed),
      perf('predict_infer', preprocessed, inferred),
      perf('predict_parse', inferred, parsed),
      perf('pipeline', header.stamp, parsed),
    ];
  }
}

/** `stamp` less some milliseconds. */
function earlier(stamp: Stamp, milliseconds: number): Stamp {
  const nanoseconds = stamp.nanosec - Math.round(milliseconds * 1e6);
  const seconds = Math.floor(nanoseconds / 1e9);
  return { sec: stamp.sec + seconds, nanosec: nanoseconds - seconds * 1e9 };
}

function regionOfInterest(box: Box, picture: { width: number; height: number }): RegionOfInterest {
  const left = clamp(Math.round(box.x1), 0, picture.width);
  const top = clamp(Math.round(box.y1), 0, picture.height);
  const right = clamp(Math.round(box.x2), left, picture.width);
  const bottom = clamp(Math.round(box.y2), top, picture.height);
  return { x_offset: left, y_offset: top, width: right - left, height: bottom - top };
}

/** One filled polygon for each outer contour; holes cannot be said in this message. */
function outlines(polygons: readonly Polygon[]): NonNullable<TargetMessage['points']> {
  return polygons
    .filter((polygon) => !polygon.hole)
    .map(({ points }) => {
      const point: { x: number; y: number }[] = [];
      for (let i = 0; i < points.length; i += 2) point.push({ x: points[i]!, y: points[i + 1]! });
      return { type: MASK, point };
    });
}
