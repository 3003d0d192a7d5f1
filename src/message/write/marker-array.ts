import type { ObjectInSpace } from '../../vision/depth/objects-in-space.js';
import type { DepthContent } from '../depth-content.js';
import { messageType } from '../message-type.js';
import { cdrText, type CdrText } from './cdr-encoder.js';
import { CdrOutput } from './cdr-output.js';
import { HeaderEncoder } from './header.js';
import { InstalledLayout } from './installed-layout.js';
import type { Labels } from './labels.js';

const TYPE = messageType('visualization_msgs/MarkerArray');
const CUBE = 1;
const TEXT = 9;
const ADD = 0;
const DELETE_ALL = 3;
/** Bytes of a marker without texts; padding included. */
const MARKER_BYTES = 320;
const BOXES = cdrText('boxes');
const LABELS = cdrText('labels');
const EMPTY = cdrText('');
/** Of boxes, so that the points inside are seen. */
const OPACITY = 0.35;
/** Meters: height of letters. A flat object's box needs some thickness to be drawn. */
const LETTERS = 0.12;
/** Meters: width of a space. rviz2's own is some 0.6 m, whatever the letters' size, and can be set by scale.x, which others leave alone. */
const SPACE = LETTERS / 2;
const THINNEST = 0.005;

/**
 * Writes visualization_msgs/msg/MarkerArray for rviz2: a box in the instance's color and a text above it for each object whose depth is
 * known, `person 17 2.35 m`. The first marker deletes those of the frame before.
 */
export class MarkerArrayWriter {
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
    const { objects, segmentation } = content;
    const out = this.#out;
    out.begin();
    out.reserve(8);
    let count = 0;
    for (let i = 0; i < objects.length; i++) if (objects[i]!.points > 0) count++;
    out.uint32(1 + 2 * count);
    this.#begin(content, EMPTY, 0, CUBE, DELETE_ALL);
    this.#end(0, 0, 0, 0, 0, EMPTY);
    for (let i = 0; i < objects.length; i++) {
      const object = objects[i]!;
      if (object.points === 0) continue;
      const { classId, trackId } = segmentation.instances[object.instance]!;
      const color = content.colorOf(object.instance);
      const { center, size, orientation, distance } = object;
      this.#begin(content, BOXES, i, CUBE, ADD);
      this.#pose(center.x, center.y, center.z, orientation);
      const { x, y, z } = size;
      this.#end(Math.max(THINNEST, x), Math.max(THINNEST, y), Math.max(THINNEST, z), color, OPACITY, EMPTY);
      const name = this.labels.name(classId);
      const text = cdrText(`${name}${trackId ? ` ${trackId}` : ''} ${distance.toFixed(2)} m`);
      // Above the box: its z axis points up.
      const up = rotatedZ(orientation);
      const rise = z / 2 + LETTERS;
      this.#begin(content, LABELS, i, TEXT, ADD);
      this.#pose(center.x + rise * up.x, center.y + rise * up.y, center.z + rise * up.z, NO_ROTATION);
      this.#end(SPACE, 0, LETTERS, color, 1, text);
    }
    return this.#layout ? this.#layout.convert(out.end()) : out.end();
  }

  #begin(content: DepthContent, namespace: CdrText, id: number, type: number, action: number): void {
    const out = this.#out;
    this.#header.write(content.header, out);
    out.reserve(MARKER_BYTES + namespace.length);
    out.text(namespace);
    out.int32(id);
    out.int32(type);
    out.int32(action);
    if (action === DELETE_ALL) this.#pose(0, 0, 0, NO_ROTATION);
  }

  #pose(x: number, y: number, z: number, orientation: ObjectInSpace['orientation']): void {
    const out = this.#out;
    for (const value of [x, y, z, orientation.x, orientation.y, orientation.z, orientation.w])
      out.float64(value);
  }

  /** What comes behind the pose. */
  #end(x: number, y: number, z: number, color: number, opacity: number, text: CdrText): void {
    const out = this.#out;
    out.reserve(MARKER_BYTES + text.length);
    out.float64(x);
    out.float64(y);
    out.float64(z);
    out.float32(((color >> 16) & 255) / 255);
    out.float32(((color >> 8) & 255) / 255);
    out.float32((color & 255) / 255);
    out.float32(opacity);
    out.int32(0); // lifetime: until the next message
    out.uint32(0);
    out.uint8(0); // frame_locked
    out.uint32(0); // points
    out.uint32(0); // colors
    out.text(EMPTY); // texture_resource
    out.int32(0); // texture
    out.uint32(0);
    out.text(EMPTY);
    out.text(EMPTY);
    out.uint32(0);
    out.uint32(0); // uv_coordinates
    out.text(text);
    out.text(EMPTY); // mesh_resource
    out.text(EMPTY); // mesh_file
    out.uint32(0);
    out.uint8(0); // mesh_use_embedded_materials
  }
}

const NO_ROTATION = { x: 0, y: 0, z: 0, w: 1 };

/** The third axis of a rotation. */
function rotatedZ({ x, y, z, w }: ObjectInSpace['orientation']): ObjectInSpace['center'] {
  return { x: 2 * (x * z + w * y), y: 2 * (y * z - w * x), z: 1 - 2 * (x * x + y * y) };
}
