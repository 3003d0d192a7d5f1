import type { FrameHeader } from '../../vision/picture/frame-source.js';
import type { Segmentation } from '../../vision/mask/segmentation.js';
import { messageType } from '../message-type.js';
import { CdrOutput } from './cdr-output.js';
import { HeaderEncoder } from './header.js';
import { InstalledLayout } from './installed-layout.js';
import type { Labels } from './labels.js';

const TYPE = messageType('vision_msgs/Detection2DArray');
/** Numbers of a covariance of position and rotation. */
const COVARIANCE = 36;
/** Bytes of a detection without texts; padding included. */
const DETECTION_BYTES = 480;

/**
 * Writes vision_msgs/msg/Detection2DArray (vision_msgs 4): the boxes, best score first.
 *
 * `class_id` is the class name, as in yolo_ros and as users expect; the numbers are in LabelInfo.
 * Each detection has the header of the array. `id` is that of a
 * tracked object, else empty. `pose` is unknown and left at its default.
 */
export class DetectionArrayWriter {
  readonly #out = new CdrOutput();
  readonly #header = new HeaderEncoder();
  readonly #layout: InstalledLayout | undefined;

  constructor(
    readonly labels: Labels,
    readonly type = TYPE,
  ) {
    this.#layout = InstalledLayout.between(TYPE, type);
  }

  /** @returns CDR bytes, valid until the next call */
  write(header: FrameHeader, { instances }: Segmentation): Uint8Array {
    const out = this.#out;
    out.begin();
    this.#header.write(header, out);
    out.reserve(8);
    out.uint32(instances.length);
    for (let i = 0; i < instances.length; i++) {
      const { classId, score, box, trackId } = instances[i]!;
      const name = this.labels.text(classId);
      this.#header.write(header, out);
      out.reserve(DETECTION_BYTES + name.length);
      out.uint32(1);
      out.text(name);
      out.float64(score);
      out.zeros64(6); // position, and x, y, z of the orientation
      out.float64(1);
      out.zeros64(COVARIANCE);
      out.float64((box.x1 + box.x2) / 2);
      out.float64((box.y1 + box.y2) / 2);
      out.float64(0); // theta
      out.float64(box.x2 - box.x1);
      out.float64(box.y2 - box.y1);
      out.digits(trackId ?? 0);
    }
    return this.#layout ? this.#layout.convert(out.end()) : out.end();
  }
}
