import type { Segmentation } from '../../vision/mask/segmentation.js';
import type { FrameHeader } from '../../vision/picture/frame-source.js';
import { CdrEncoder, cdrText, type CdrText } from './cdr-encoder.js';
import { HeaderEncoder, type HeaderMessage } from './header.js';
import type { Labels } from './labels.js';
import { messageType } from '../message-type.js';
import { RunLengths } from './mask-runs.js';
import type { StageTimings } from './stage-timings.js';

interface InstanceArrayMessage {
  header: HeaderMessage;
  image_width: number;
  image_height: number;
  mask_width: number;
  mask_height: number;
  preprocess_ms: number;
  inference_ms: number;
  decode_ms: number;
  instances: readonly InstanceMessage[];
}

interface InstanceMessage {
  class_id: number;
  class_name: CdrText;
  score: number;
  id: CdrText;
  box: { x: number; y: number; width: number; height: number };
  mask: { x: number; y: number; width: number; height: number; runs: Uint16Array };
}

const NO_ID = cdrText('');

/** Writes tros_yolo_seg/msg/InstanceArray, our own message: boxes and masks of all instances, compact. */
export class InstanceArrayWriter {
  readonly #encoder: CdrEncoder<InstanceArrayMessage>;
  readonly #header = new HeaderEncoder();
  readonly #runs = new RunLengths();

  constructor(
    readonly labels: Labels,
    readonly type = messageType('tros_yolo_seg/InstanceArray'),
  ) {
    this.#encoder = new CdrEncoder(type);
  }

  /** @returns CDR bytes, valid until the next call */
  write(header: FrameHeader, segmentation: Segmentation, timings?: StageTimings): Uint8Array {
    this.#runs.clear();
    return this.#encoder.write({
      header: this.#header.encode(header),
      image_width: segmentation.width,
      image_height: segmentation.height,
      mask_width: segmentation.maskWidth,
      mask_height: segmentation.maskHeight,
      preprocess_ms: timings?.preprocess ?? 0,
      inference_ms: timings?.inference ?? 0,
      decode_ms: timings?.decode ?? 0,
      instances: segmentation.instances.map(({ classId, score, box, mask }) => ({
        class_id: classId,
        class_name: this.labels.text(classId),
        score,
        id: NO_ID,
        box: { x: box.x1, y: box.y1, width: box.x2 - box.x1, height: box.y2 - box.y1 },
        mask: {
          x: mask.x,
          y: mask.y,
          width: mask.width,
          height: mask.height,
          runs: this.#runs.encode(mask),
        },
      })),
    });
  }
}
