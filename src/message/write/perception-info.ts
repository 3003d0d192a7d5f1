import type { FrameHeader } from '../../vision/picture/frame-source.js';
import type { PictureSize } from '../../vision/picture/picture-size.js';
import { messageType } from '../message-type.js';
import { CdrOutput } from './cdr-output.js';
import { HeaderEncoder } from './header.js';
import { InstalledLayout } from './installed-layout.js';
import type { Labels } from './labels.js';

const TYPE = messageType('ai_msgs/PerceptionInfo');

/**
 * Writes ai_msgs/msg/PerceptionInfo: the class names in the order of their ids, on the topic of PerceptionTargets with `_info` behind it.
 *
 * TROS's navigation (ai_seg_mask_pointcloud_roi_extractor) needs it once, skips every frame until it has come, and subscribes volatile: so
 * it is repeated, as dnn_node_example does.
 */
export class PerceptionInfoWriter {
  readonly #out = new CdrOutput();
  readonly #header = new HeaderEncoder();
  readonly #layout: InstalledLayout | undefined;

  constructor(readonly type = TYPE) {
    this.#layout = InstalledLayout.between(TYPE, type);
  }

  /**
   * @param input size of the model's input; 0 x 0 where it is not known
   * @returns CDR bytes, valid until the next call
   */
  write(header: FrameHeader, labels: Labels, input: PictureSize = { width: 0, height: 0 }): Uint8Array {
    const out = this.#out;
    out.begin();
    this.#header.write(header, out);
    out.reserve(16);
    out.uint32(input.height);
    out.uint32(input.width);
    out.uint32(labels.names.length);
    for (let id = 0; id < labels.names.length; id++) {
      const name = labels.text(id);
      out.reserve(8 + name.length);
      out.text(name);
    }
    return this.#layout ? this.#layout.convert(out.end()) : out.end();
  }
}
