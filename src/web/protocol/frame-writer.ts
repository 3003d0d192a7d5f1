import type { StageTimings } from '../../message/write/stage-timings.js';
import type { Mask, Segmentation } from '../../vision/mask/segmentation.js';
import type { ZoneCount } from '../../vision/mask/zone-counts.js';
import type { Stamp } from '../../vision/picture/frame-source.js';
import {
  FRAME_MAGIC,
  FRAME_VERSION,
  HEADER,
  HEADER_BYTES,
  INSTANCE,
  INSTANCE_BYTES,
  type LivePictureSize,
  PICTURE_SIZES,
  ZONE,
  ZONE_BYTES,
} from './frame-format.js';

/** The contents of a frame message, besides the picture. */
export interface FrameFacts {
  readonly camera: number;
  readonly sequence: number;
  readonly stamp: Stamp;
  readonly segmentation: Segmentation;
  readonly timings: StageTimings & { readonly wait?: number };
  /** Meters to each instance, if they are known. */
  readonly distanceOf?: ((index: number) => number | undefined) | undefined;
}

/** Most instances that a message can count. */
const MOST = 0xffff;

/**
 * Writes a frame in the format of frame-format.ts, without contours and picture, which the thread of pages adds (frame-contours.ts).
 *
 * @returns new bytes
 */
export function writeFrame(facts: FrameFacts): Uint8Array {
  const { camera, sequence, stamp, segmentation, timings } = facts;
  const { width, height, maskWidth, maskHeight, instances, region, zones = [] } = segmentation;
  const count = Math.min(MOST, instances.length);
  const scaleX = width / maskWidth;
  const scaleY = height / maskHeight;
  const zonesAt = HEADER_BYTES + count * INSTANCE_BYTES;
  const length = zones.reduce((sum, zone) => sum + zoneBytes(zone), zonesAt);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(HEADER.magic, FRAME_MAGIC, true);
  view.setUint16(HEADER.version, FRAME_VERSION, true);
  view.setUint16(HEADER.camera, camera, true);
  view.setUint32(HEADER.sequence, sequence, true);
  view.setUint32(HEADER.width, width, true);
  view.setUint32(HEADER.height, height, true);
  view.setInt32(HEADER.sec, stamp.sec, true);
  view.setUint32(HEADER.nanosec, stamp.nanosec, true);
  view.setFloat32(HEADER.wait, timings.wait ?? 0, true);
  view.setFloat32(HEADER.preprocess, timings.preprocess, true);
  view.setFloat32(HEADER.inference, timings.inference, true);
  view.setFloat32(HEADER.decode, timings.decode, true);
  view.setFloat32(HEADER.scaleX, scaleX, true);
  view.setFloat32(HEADER.scaleY, scaleY, true);
  if (region) {
    view.setUint16(HEADER.region, region.x, true);
    view.setUint16(HEADER.region + 2, region.y, true);
    view.setUint16(HEADER.region + 4, region.width, true);
    view.setUint16(HEADER.region + 6, region.height, true);
  }
  view.setUint16(HEADER.instances, count, true);
  view.setUint32(HEADER.picture, length, true);
  view.setUint16(HEADER.zones, zones.length, true);
  view.setUint32(HEADER.zonesAt, zonesAt, true);
  const cellArea = scaleX * scaleY;
  let at = HEADER_BYTES;
  for (let i = 0; i < count; i++) {
    const { classId, score, trackId = 0, box, mask } = instances[i]!;
    view.setUint16(at + INSTANCE.classId, classId, true);
    view.setFloat32(at + INSTANCE.score, score, true);
    view.setUint32(at + INSTANCE.trackId, trackId, true);
    view.setFloat32(at + INSTANCE.box, box.x1, true);
    view.setFloat32(at + INSTANCE.box + 4, box.y1, true);
    view.setFloat32(at + INSTANCE.box + 8, box.x2, true);
    view.setFloat32(at + INSTANCE.box + 12, box.y2, true);
    view.setFloat32(at + INSTANCE.area, cellsOf(mask) * cellArea, true);
    view.setFloat32(at + INSTANCE.distance, facts.distanceOf?.(i) ?? NaN, true);
    at += INSTANCE_BYTES;
  }
  for (const zone of zones) at += writeZone(zone, bytes, view, at);
  return bytes;
}

/** @returns how many bytes it takes */
function writeZone(
  { kind, name, corners, classes }: ZoneCount,
  bytes: Uint8Array,
  view: DataView,
  at: number,
): number {
  let [present, entered, left] = [0, 0, 0];
  for (const of of classes) {
    present += of.present;
    entered += of.entered;
    left += of.left;
  }
  view.setUint8(at + ZONE.kind, kind === 'line' ? 1 : 0);
  view.setUint8(at + ZONE.name, name.length);
  view.setUint16(at + ZONE.corners, corners.length / 2, true);
  view.setUint32(at + ZONE.present, present, true);
  view.setUint32(at + ZONE.entered, entered, true);
  view.setUint32(at + ZONE.left, left, true);
  let next = at + ZONE_BYTES;
  for (let i = 0; i < corners.length; i++, next += 4) view.setFloat32(next, corners[i]!, true);
  // Names are ASCII.
  for (let i = 0; i < name.length; i++) bytes[next + i] = name.charCodeAt(i);
  return align(next + name.length) - at;
}

function zoneBytes({ name, corners }: ZoneCount): number {
  return align(ZONE_BYTES + 4 * corners.length + name.length);
}

/** Says which picture follows the message. */
export function markSize(message: Uint8Array, size: LivePictureSize): void {
  new DataView(message.buffer, message.byteOffset).setUint16(HEADER.size, PICTURE_SIZES.indexOf(size), true);
}

/** Cells inside the mask. Where it has runs, that takes no pass over its pixels. */
function cellsOf({ runs, data, width }: Mask): number {
  let cells = 0;
  if (runs) for (let i = 0; i < runs.length; i += 2) cells += runs[i + 1]! - runs[i]!;
  else if (width > 0) for (const cell of data) cells += cell;
  return cells;
}

function align(bytes: number): number {
  return (bytes + 3) & ~3;
}
