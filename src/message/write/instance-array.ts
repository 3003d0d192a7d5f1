import type { FrameHeader } from '../../vision/picture/frame-source.js';
import { MaskRuns } from '../../vision/mask/runs.js';
import type { Segmentation } from '../../vision/mask/segmentation.js';
import { messageType } from '../message-type.js';
import { CdrOutput } from './cdr-output.js';
import { HeaderEncoder } from './header.js';
import { InstalledLayout } from './installed-layout.js';
import type { Labels } from './labels.js';
import type { StageTimings } from './stage-timings.js';

const TYPE = messageType('tros_yolo_seg/InstanceArray');
/** Bytes of the array, and of an instance, without texts and runs; padding included. */
const ARRAY_BYTES = 64;
const INSTANCE_BYTES = 104;

/** Writes tros_yolo_seg/msg/InstanceArray, our own message: boxes and masks of all instances, compact. */
export class InstanceArrayWriter {
  readonly #out = new CdrOutput();
  readonly #header = new HeaderEncoder();
  readonly #maskRuns = new MaskRuns();
  readonly #layout: InstalledLayout | undefined;

  constructor(
    readonly labels: Labels,
    readonly type = TYPE,
  ) {
    this.#layout = InstalledLayout.between(TYPE, type);
  }

  /** @returns CDR bytes, valid until the next call */
  write(header: FrameHeader, segmentation: Segmentation, timings?: StageTimings): Uint8Array {
    const out = this.#out;
    const { instances } = segmentation;
    out.begin();
    this.#header.write(header, out);
    out.reserve(ARRAY_BYTES);
    out.uint32(segmentation.width);
    out.uint32(segmentation.height);
    out.uint32(segmentation.maskWidth);
    out.uint32(segmentation.maskHeight);
    out.float32(timings?.preprocess ?? 0);
    out.float32(timings?.inference ?? 0);
    out.float32(timings?.decode ?? 0);
    out.uint32(instances.length);
    for (let i = 0; i < instances.length; i++) {
      const { classId, score, box, mask, trackId } = instances[i]!;
      const name = this.labels.text(classId);
      out.reserve(INSTANCE_BYTES + name.length);
      out.uint16(classId);
      out.text(name);
      out.float32(score);
      out.digits(trackId ?? 0);
      out.float32(box.x1);
      out.float32(box.y1);
      out.float32(box.x2 - box.x1);
      out.float32(box.y2 - box.y1);
      out.uint32(mask.x);
      out.uint32(mask.y);
      out.uint32(mask.width);
      out.uint32(mask.height);
      this.#maskRuns.read(mask);
      out.runLengths(this.#maskRuns.edges, this.#maskRuns.count, mask.width * mask.height);
    }
    return this.#layout ? this.#layout.convert(out.end()) : out.end();
  }
}
