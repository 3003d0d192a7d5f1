import type { ObjectInSpace } from '../../vision/depth/objects-in-space.js';
import type { DepthContent } from '../depth-content.js';
import { messageType } from '../message-type.js';
import { CdrOutput } from './cdr-output.js';
import { HeaderEncoder } from './header.js';
import { InstalledLayout } from './installed-layout.js';
import type { Labels } from './labels.js';

const TYPE = messageType('vision_msgs/Detection3DArray');
/** Bytes of a detection without texts; padding included. */
const DETECTION_BYTES = 560;
/** Of an angle that is not measured: uniform between -90 and 90 degrees. */
const UNKNOWN_ANGLE = Math.PI ** 2 / 12;

/**
 * Writes vision_msgs/msg/Detection3DArray (vision_msgs 4): the objects whose depth is known, best score first.
 *
 * `results[0].pose` is the centroid of the visible surface with its covariance; the angles of that pose are the box's and not measured of
 * the object, so that their variances are those of angles one knows nothing of. `bbox` is the box, upright on the ground. `id` is that of
 * a tracked object, else empty. Each detection has the header of the array.
 */
export class DetectionArray3DWriter {
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
  write(content: DepthContent): Uint8Array {
    const { header, segmentation, objects } = content;
    const out = this.#out;
    out.begin();
    this.#header.write(header, out);
    out.reserve(8);
    let count = 0;
    for (let i = 0; i < objects.length; i++) if (objects[i]!.points > 0) count++;
    out.uint32(count);
    for (let i = 0; i < objects.length; i++) {
      const object = objects[i]!;
      if (object.points === 0) continue;
      const { classId, score, trackId } = segmentation.instances[object.instance]!;
      const name = this.labels.text(classId);
      this.#header.write(header, out);
      out.reserve(DETECTION_BYTES + name.length);
      out.uint32(1);
      out.text(name);
      out.float64(score);
      point(out, object.centroid);
      orientation(out, object);
      covariance(out, object);
      point(out, object.center);
      orientation(out, object);
      point(out, object.size);
      out.digits(trackId ?? 0);
    }
    return this.#layout ? this.#layout.convert(out.end()) : out.end();
  }
}

function point(out: CdrOutput, { x, y, z }: ObjectInSpace['center']): void {
  out.float64(x);
  out.float64(y);
  out.float64(z);
}

function orientation(out: CdrOutput, { orientation: { x, y, z, w } }: ObjectInSpace): void {
  out.float64(x);
  out.float64(y);
  out.float64(z);
  out.float64(w);
}

/** Row by row of x, y, z and the rotations about them. */
function covariance(out: CdrOutput, { covariance: c }: ObjectInSpace): void {
  row(out, c[0]!, c[1]!, c[2]!);
  row(out, c[1]!, c[3]!, c[4]!);
  row(out, c[2]!, c[4]!, c[5]!);
  for (let angle = 0; angle < 3; angle++) {
    out.zeros64(3 + angle);
    out.float64(UNKNOWN_ANGLE);
    out.zeros64(2 - angle);
  }
}

function row(out: CdrOutput, x: number, y: number, z: number): void {
  out.float64(x);
  out.float64(y);
  out.float64(z);
  out.zeros64(3);
}
