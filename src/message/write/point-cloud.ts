import { POINT_WORDS } from '../../vision/depth/objects-in-space.js';
import type { DepthContent } from '../depth-content.js';
import { messageType } from '../message-type.js';
import { cdrText } from './cdr-encoder.js';
import { CdrOutput } from './cdr-output.js';
import { HeaderEncoder } from './header.js';
import { InstalledLayout } from './installed-layout.js';

const TYPE = messageType('sensor_msgs/PointCloud2');
/** Numbers of sensor_msgs/PointField. */
const UINT32 = 6;
const FLOAT32 = 7;

/** Of each point, 4 bytes each, in this order. rgb as PCL and rviz2 have it: a float whose bits are 0x00rrggbb. */
const FIELDS = (
  [
    ['x', FLOAT32],
    ['y', FLOAT32],
    ['z', FLOAT32],
    ['rgb', FLOAT32],
    ['class_id', UINT32],
    ['confidence', FLOAT32],
    ['instance_id', UINT32],
  ] as const
).map(([name, datatype], index) => ({ name: cdrText(name), datatype, offset: 4 * index }));
const POINT_STEP = 4 * POINT_WORDS;

/**
 * Writes sensor_msgs/msg/PointCloud2: the points of all instances, not organized, none of them invalid, in meters in the optical frame of
 * the depth camera. instance_id is the id of a tracked object, else i + 1 for instance i, as on the instance map.
 */
export class PointCloudWriter {
  readonly #out = new CdrOutput();
  readonly #header = new HeaderEncoder();
  readonly #layout: InstalledLayout | undefined;

  constructor(readonly type = TYPE) {
    this.#layout = InstalledLayout.between(TYPE, type);
  }

  /** @returns CDR bytes, valid until the next call */
  write(content: DepthContent): Uint8Array {
    const { cloud, points } = content;
    const out = this.#out;
    out.begin();
    this.#header.write(content.header, out);
    out.reserve(64 + 40 * FIELDS.length + POINT_STEP * points);
    out.uint32(1); // height: no grid
    out.uint32(points);
    out.uint32(FIELDS.length);
    for (const { name, offset, datatype } of FIELDS) {
      out.text(name);
      out.uint32(offset);
      out.uint8(datatype);
      out.uint32(1);
    }
    out.uint8(0); // is_bigendian
    out.uint32(POINT_STEP);
    out.uint32(POINT_STEP * points);
    out.bytes(new Uint8Array(cloud.buffer, cloud.byteOffset, cloud.byteLength));
    out.uint8(1); // is_dense
    return this.#layout ? this.#layout.convert(out.end()) : out.end();
  }
}
