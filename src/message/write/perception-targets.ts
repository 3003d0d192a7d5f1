import { clamp } from '../../base/numbers.js';
import type { ObjectInSpace } from '../../vision/depth/objects-in-space.js';
import type { Outlines } from '../../vision/mask/outlines.js';
import type { Box, EndedTrack, Segmentation } from '../../vision/mask/segmentation.js';
import type { FrameHeader, Stamp } from '../../vision/picture/frame-source.js';
import { cdrText, type CdrText } from './cdr-encoder.js';
import { CdrOutput } from './cdr-output.js';
import { HeaderEncoder } from './header.js';
import { InstalledLayout } from './installed-layout.js';
import type { Labels } from './labels.js';
import { messageType } from '../message-type.js';
import { SemanticMapRenderer } from './semantic-map.js';
import type { StageTimings } from './stage-timings.js';

/**
 * How masks travel in PerceptionTargets.
 *
 * - `polygons`: each target has its outlines, which TROS's web page draws with "Human body segmentation" ticked
 * - `semantic_map`: one map of classes in an extra target, as dnn_node_example sends it; instances are merged. The web page draws it with
 *   "Full Image Segmentation" ticked, TROS's navigation cuts depth images with it
 * - `both`: outlines and, where there are instances, the map behind them. Empty frames have no targets, so that who follows the first
 *   target never follows a map
 * - `none`: boxes only
 */
export const PERCEPTION_MASKS = ['both', 'polygons', 'semantic_map', 'none'] as const;
export type PerceptionMasks = (typeof PERCEPTION_MASKS)[number];

/** How far an object is. */
export type KnownDistance = Pick<ObjectInSpace, 'points' | 'distance' | 'coverage'>;

/** Optional contents of a message besides the instances. */
export interface PerceptionDetails {
  /** Results per second; absent: unknown. */
  readonly fps?: number | undefined;
  readonly timings?: StageTimings | undefined;
  /** When the result was ready, on the clock of the frame's stamp; with `timings`, used for the perfs. */
  readonly finished?: Stamp | undefined;
  /** Contours of the instances; for `polygons` and `both`. */
  readonly outlines?: Outlines | undefined;
  /** Where the instances are in space, one for each; absent: unknown. */
  readonly objects?: readonly KnownDistance[] | undefined;
}

const TYPE = messageType('ai_msgs/PerceptionTargets');
const STAGES = ['preprocess', 'predict_infer', 'predict_parse', 'pipeline'];
/** Bytes of a target without texts and contours; padding included. */
const TARGET_BYTES = 128;
const EMPTY = cdrText('');
const MASK = cdrText('mask');
/** Type of the attribute with the meters from the depth camera to the object; its confidence is the share of pixels that have a depth. */
const DISTANCE = cdrText('distance');
/** dnn_node_example's type of the extra target, the only one whose map hobot_websocket reads. */
const MAP_TARGET = cdrText('parking_space');
const LABEL_COUNT = cdrText('segmentation_label_count');
const UNKNOWN_FPS = -1;
/** Least coordinate of a corner: proto3 leaves out zeros, and the web page the corners that lack a coordinate. */
const AT_EDGE = 0.01;
const NO_TYPES: ReadonlyMap<number, string> = new Map();

/**
 * Writes ai_msgs/msg/PerceptionTargets for TROS's own consumers: hobot_websocket, hobot_hdmi, render tools.
 *
 * One message for each frame, even without instances, with the stamp unchanged: hobot_websocket pairs images and results by
 * equal stamps and drops unpaired ones. ROIs are whole pixels, clipped to the picture.
 */
export class PerceptionTargetsWriter {
  readonly #out = new CdrOutput();
  readonly #header = new HeaderEncoder();
  readonly #map = new SemanticMapRenderer();
  readonly #layout: InstalledLayout | undefined;
  readonly #perfNames: readonly CdrText[];
  readonly #roiTypes: ReadonlyMap<number, CdrText>;

  /**
   * @param model name in front of the perfs: `<model>_preprocess`, `_predict_infer`, `_predict_parse`, `_pipeline`
   * @param roiTypes types of the rois of single classes, by class id; the others have their class name
   */
  constructor(
    readonly labels: Labels,
    readonly model: string,
    readonly masks: PerceptionMasks,
    readonly type = TYPE,
    roiTypes = NO_TYPES,
  ) {
    this.#layout = InstalledLayout.between(TYPE, type);
    this.#perfNames = STAGES.map((stage) => cdrText(`${model}_${stage}`));
    this.#roiTypes = new Map([...roiTypes].map(([id, name]) => [id, cdrText(name)]));
  }

  /** @returns CDR bytes, valid until the next call */
  write(header: FrameHeader, segmentation: Segmentation, details: PerceptionDetails = {}): Uint8Array {
    const out = this.#out;
    const { instances } = segmentation;
    const { fps, outlines, objects } = details;
    const withMap = this.masks === 'semantic_map' || (this.masks === 'both' && instances.length > 0);
    const withPoints = this.masks === 'polygons' || this.masks === 'both';
    out.begin();
    this.#header.write(header, out);
    out.reserve(16);
    out.int16(fps === undefined ? UNKNOWN_FPS : Math.min(Math.round(fps), 0x7fff));
    this.#perfs(header, details);
    out.reserve(8);
    out.uint32(instances.length + (withMap ? 1 : 0));
    for (let i = 0; i < instances.length; i++) {
      const { classId, score, box, trackId } = instances[i]!;
      const type = this.labels.text(classId);
      const roiType = this.#roiTypes.get(classId) ?? type;
      out.reserve(TARGET_BYTES + type.length + roiType.length);
      out.text(type);
      out.uint64(trackId ?? 0);
      out.uint32(1);
      out.text(roiType);
      regionOfInterest(box, segmentation, out);
      out.float32(score);
      this.#attributes(objects?.[i]);
      if (withPoints && outlines) this.#points(outlines, i);
      else out.uint32(0);
      out.uint32(0); // captures
    }
    if (withMap) this.#mapTarget(header, segmentation);
    this.#disappeared(segmentation.ended ?? []);
    return this.#layout ? this.#layout.convert(out.end()) : out.end();
  }

  #attributes(object: KnownDistance | undefined): void {
    const out = this.#out;
    if (!object || object.points === 0) {
      out.uint32(0);
      return;
    }
    out.uint32(1);
    out.text(DISTANCE);
    out.float32(object.distance);
    out.float32(object.coverage);
  }

  /** As TROS's own nodes tell it: the id, and a roi that has a type only. Users of tracks forget the id then. */
  #disappeared(ended: readonly EndedTrack[]): void {
    const out = this.#out;
    out.reserve(8);
    out.uint32(ended.length);
    for (const { trackId, classId } of ended) {
      const type = this.labels.text(classId);
      const roiType = this.#roiTypes.get(classId) ?? type;
      out.reserve(TARGET_BYTES + type.length + roiType.length);
      out.text(type);
      out.uint64(trackId);
      out.uint32(1);
      out.text(roiType);
      for (let i = 0; i < 4; i++) out.uint32(0); // rect
      out.uint8(0); // do_rectify
      out.float32(0); // confidence
      for (let i = 0; i < 3; i++) out.uint32(0); // attributes, points, captures
    }
  }

  /** One filled polygon for each outer contour; this message cannot represent holes. */
  #points({ points, scaleX, scaleY, ends, holes, instanceEnds }: Outlines, instance: number): void {
    const out = this.#out;
    const first = instance > 0 ? instanceEnds[instance - 1]! : 0;
    const last = instanceEnds[instance]!;
    let outer = 0;
    for (let ring = first; ring < last; ring++) if (holes[ring] === 0) outer++;
    out.uint32(outer);
    for (let ring = first; ring < last; ring++) {
      if (holes[ring] !== 0) continue;
      const from = ring > 0 ? ends[ring - 1]! : 0;
      const to = ends[ring]!;
      out.reserve(32 + 6 * (to - from));
      out.text(MASK);
      out.points32(points, from, to, scaleX, scaleY, AT_EDGE);
      out.uint32(0); // confidence
    }
    out.reserve(8);
  }

  #mapTarget(header: FrameHeader, segmentation: Segmentation): void {
    const { width, height, features } = this.#map.render(segmentation);
    const out = this.#out;
    out.reserve(160);
    out.text(MAP_TARGET);
    out.zeros64(1); // track_id
    // One roi with nothing in it: hobot_hdmi, and whoever reads the first roi of each target, would read beyond an empty list.
    out.uint32(1);
    out.text(EMPTY);
    for (let i = 0; i < 4; i++) out.uint32(0);
    out.uint8(0); // do_rectify
    out.float32(0); // confidence
    out.uint32(1);
    out.text(LABEL_COUNT);
    out.float32(this.labels.names.length);
    out.float32(0); // confidence
    out.uint32(0); // points
    out.uint32(1);
    this.#header.write(header, out);
    this.#header.write(header, out);
    out.reserve(96 + 4 * features.length);
    out.uint32(height);
    out.uint32(width);
    out.text(EMPTY);
    out.uint8(0); // is_bigendian
    out.uint32(1); // step
    out.uint32(0); // data
    out.floats(features);
    out.text(EMPTY); // db_type
    out.text(EMPTY); // match_id
    out.float32(0); // distance
    out.float32(0); // similarity
  }

  /** The stages end one after the other at `finished`; the pipeline lasts from the frame's stamp until then. */
  #perfs(header: FrameHeader, { timings, finished }: PerceptionDetails): void {
    const out = this.#out;
    if (timings === undefined || finished === undefined) {
      out.uint32(0);
      return;
    }
    const inferred = earlier(finished, timings.decode);
    const preprocessed = earlier(inferred, timings.inference);
    const started = earlier(preprocessed, timings.preprocess);
    out.uint32(STAGES.length);
    this.#perf(0, started, preprocessed);
    this.#perf(1, preprocessed, inferred);
    this.#perf(2, inferred, finished);
    this.#perf(3, header.stamp, finished);
  }

  #perf(stage: number, start: Stamp, end: Stamp): void {
    const out = this.#out;
    const name = this.#perfNames[stage]!;
    out.reserve(48 + name.length);
    out.text(name);
    out.stamp(start);
    out.stamp(end);
    out.float64(1e3 * (end.sec - start.sec) + (end.nanosec - start.nanosec) / 1e6);
  }
}

/** `stamp` minus some milliseconds. */
function earlier(stamp: Stamp, milliseconds: number): Stamp {
  const nanoseconds = stamp.nanosec - Math.round(milliseconds * 1e6);
  const seconds = Math.floor(nanoseconds / 1e9);
  return { sec: stamp.sec + seconds, nanosec: nanoseconds - seconds * 1e9 };
}

/** Whole pixels within the picture. */
function regionOfInterest(box: Box, picture: { width: number; height: number }, out: CdrOutput): void {
  const left = clamp(Math.round(box.x1), 0, picture.width);
  const top = clamp(Math.round(box.y1), 0, picture.height);
  const right = clamp(Math.round(box.x2), left, picture.width);
  const bottom = clamp(Math.round(box.y2), top, picture.height);
  out.uint32(left);
  out.uint32(top);
  out.uint32(bottom - top);
  out.uint32(right - left);
  out.uint8(0); // do_rectify
}
