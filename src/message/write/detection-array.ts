import type { Segmentation } from '../../vision/mask/segmentation.js';
import type { FrameHeader } from '../../vision/picture/frame-source.js';
import { CdrEncoder, cdrText, type CdrText } from './cdr-encoder.js';
import { HeaderEncoder, type HeaderMessage } from './header.js';
import type { Labels } from './labels.js';
import { messageType } from '../message-type.js';

interface Detection2DArrayMessage {
  header: HeaderMessage;
  detections: readonly Detection2DMessage[];
}

interface Detection2DMessage {
  header: HeaderMessage;
  results: readonly { hypothesis: { class_id: CdrText; score: number }; pose: typeof UNKNOWN_POSE }[];
  bbox: {
    center: { position: { x: number; y: number }; theta: number };
    size_x: number;
    size_y: number;
  };
  id: CdrText;
}

/** One covariance for all: MessageWriter would make an array of zeros for each. */
const UNKNOWN_POSE = { covariance: new Float64Array(36) };
const NO_ID = cdrText('');

/**
 * Writes vision_msgs/msg/Detection2DArray (vision_msgs 4): the boxes, best score first.
 *
 * `class_id` is the class name, as yolo_ros has it and as people expect to read it; the numbers stand in LabelInfo.
 * Each detection carries the header of the array. `pose` and `id` are not known and left at their defaults.
 */
export class DetectionArrayWriter {
  readonly #encoder: CdrEncoder<Detection2DArrayMessage>;
  readonly #header = new HeaderEncoder();

  constructor(
    readonly labels: Labels,
    readonly type = messageType('vision_msgs/Detection2DArray'),
  ) {
    this.#encoder = new CdrEncoder(type);
  }

  /** @returns CDR bytes, valid until the next call */
  write(header: FrameHeader, segmentation: Segmentation): Uint8Array {
    const headerMessage = this.#header.encode(header);
    return this.#encoder.write({
      header: headerMessage,
      detections: segmentation.instances.map(({ classId, score, box }) => ({
        header: headerMessage,
        results: [{ hypothesis: { class_id: this.labels.text(classId), score }, pose: UNKNOWN_POSE }],
        bbox: {
          center: { position: { x: (box.x1 + box.x2) / 2, y: (box.y1 + box.y2) / 2 }, theta: 0 },
          size_x: box.x2 - box.x1,
          size_y: box.y2 - box.y1,
        },
        id: NO_ID,
      })),
    });
  }
}
