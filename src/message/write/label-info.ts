import type { FrameHeader } from '../../vision/picture/frame-source.js';
import { CdrEncoder, type CdrText } from './cdr-encoder.js';
import { HeaderEncoder, type HeaderMessage } from './header.js';
import type { Labels } from './labels.js';
import { messageType } from '../message-type.js';

interface LabelInfoMessage {
  header: HeaderMessage;
  class_map: readonly { class_id: number; class_name: CdrText }[];
  threshold: number;
}

/**
 * Writes vision_msgs/msg/LabelInfo: the names of class ids. Published once, transient local.
 *
 * Only of classes that are reported: nav2's semantic_segmentation_layer logs each listed class without a cost as a critical error.
 */
export class LabelInfoWriter {
  readonly #encoder: CdrEncoder<LabelInfoMessage>;
  readonly #header = new HeaderEncoder();

  constructor(readonly type = messageType('vision_msgs/LabelInfo')) {
    this.#encoder = new CdrEncoder(type);
  }

  /**
   * @returns CDR bytes, valid until the next call
   * @param threshold lowest score that is reported, 0 to 1
   * @param classes ids of those that are reported; absent: all
   */
  write(header: FrameHeader, labels: Labels, threshold: number, classes?: readonly number[]): Uint8Array {
    const ids = classes ? [...new Set(classes)].sort((a, b) => a - b) : labels.names.keys();
    return this.#encoder.write({
      header: this.#header.encode(header),
      class_map: Array.from(ids, (classId) => ({ class_id: classId, class_name: labels.text(classId) })),
      threshold,
    });
  }
}
