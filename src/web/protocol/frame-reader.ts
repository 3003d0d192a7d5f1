import {
  FRAME_MAGIC,
  FRAME_VERSION,
  HEADER,
  HEADER_BYTES,
  HOLE_BIT,
  INSTANCE,
  INSTANCE_BYTES,
  ZONE,
  ZONE_BYTES,
} from './frame-format.js';

/** A closed contour of a mask. */
export interface FrameContour {
  readonly hole: boolean;
  /** x, y, x, y ... in cells of the grid. */
  readonly points: Uint16Array;
}

export interface FrameInstance {
  readonly classId: number;
  readonly score: number;
  /** 0: it has none. */
  readonly trackId: number;
  /** In pixels of the picture. */
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
  /** Pixels inside the mask; 0 without masks. */
  readonly area: number;
  /** Meters; NaN: unknown. */
  readonly distance: number;
  readonly contours: readonly FrameContour[];
}

/** A zone or line, and what it has counted of all classes. */
export interface FrameZone {
  readonly name: string;
  readonly kind: 'zone' | 'line';
  /** x, y, x, y ... in pixels of the picture. */
  readonly corners: Float32Array;
  /** Lines: 0. */
  readonly present: number;
  readonly entered: number;
  readonly left: number;
}

/** A message as the page uses it. */
export interface LiveFrameMessage {
  readonly camera: number;
  readonly sequence: number;
  readonly width: number;
  readonly height: number;
  readonly sec: number;
  readonly nanosec: number;
  readonly timings: {
    readonly wait: number;
    readonly preprocess: number;
    readonly inference: number;
    readonly decode: number;
  };
  readonly scaleX: number;
  readonly scaleY: number;
  readonly region: {
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
  };
  /** Best score first. */
  readonly instances: readonly FrameInstance[];
  readonly zones: readonly FrameZone[];
  /** A JPEG file, a view of the message; empty without a picture. */
  readonly picture: Uint8Array;
}

/**
 * Reads a message of frame-format.ts.
 *
 * @throws RangeError for bytes that are cut off, and Error for those of another format or version
 */
export function readFrame(bytes: Uint8Array): LiveFrameMessage {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(HEADER.magic, true) !== FRAME_MAGIC) throw new Error('not a frame of tros-yolo-seg');
  const version = view.getUint16(HEADER.version, true);
  if (version !== FRAME_VERSION) throw new Error(`frames of version ${version}, not ${FRAME_VERSION}`);
  const u32 = (at: number): number => view.getUint32(at, true);
  const u16 = (at: number): number => view.getUint16(at, true);
  const f32 = (at: number): number => view.getFloat32(at, true);
  const count = u16(HEADER.instances);
  const picture = u32(HEADER.picture);
  if (picture > bytes.length) throw new RangeError('a frame that is cut off');
  const instances: FrameInstance[] = [];
  let at = HEADER_BYTES;
  for (let i = 0; i < count; i++) {
    const contours: FrameContour[] = [];
    const start = at;
    at += INSTANCE_BYTES;
    for (let k = u16(start + INSTANCE.contours); k > 0; k--) {
      const head = u32(at);
      const numbers = 2 * (head & ~HOLE_BIT);
      at += 4;
      const points = new Uint16Array(numbers);
      for (let n = 0; n < numbers; n++, at += 2) points[n] = u16(at);
      contours.push({ hole: (head & HOLE_BIT) !== 0, points });
    }
    instances.push({
      classId: u16(start + INSTANCE.classId),
      score: f32(start + INSTANCE.score),
      trackId: u32(start + INSTANCE.trackId),
      x1: f32(start + INSTANCE.box),
      y1: f32(start + INSTANCE.box + 4),
      x2: f32(start + INSTANCE.box + 8),
      y2: f32(start + INSTANCE.box + 12),
      area: f32(start + INSTANCE.area),
      distance: f32(start + INSTANCE.distance),
      contours,
    });
  }
  return {
    camera: u16(HEADER.camera),
    sequence: u32(HEADER.sequence),
    width: u32(HEADER.width),
    height: u32(HEADER.height),
    sec: view.getInt32(HEADER.sec, true),
    nanosec: u32(HEADER.nanosec),
    timings: {
      wait: f32(HEADER.wait),
      preprocess: f32(HEADER.preprocess),
      inference: f32(HEADER.inference),
      decode: f32(HEADER.decode),
    },
    scaleX: f32(HEADER.scaleX),
    scaleY: f32(HEADER.scaleY),
    region: {
      x: u16(HEADER.region),
      y: u16(HEADER.region + 2),
      width: u16(HEADER.region + 4),
      height: u16(HEADER.region + 6),
    },
    instances,
    zones: readZones(view, u32(HEADER.zonesAt), u16(HEADER.zones)),
    picture: bytes.subarray(picture),
  };
}

function readZones(view: DataView, from: number, count: number): FrameZone[] {
  const zones: FrameZone[] = [];
  let at = from;
  for (let i = 0; i < count; i++) {
    const start = at;
    const corners = new Float32Array(2 * view.getUint16(start + ZONE.corners, true));
    at += ZONE_BYTES;
    for (let k = 0; k < corners.length; k++, at += 4) corners[k] = view.getFloat32(at, true);
    let name = '';
    for (let left = view.getUint8(start + ZONE.name); left > 0; left--)
      name += String.fromCharCode(view.getUint8(at++));
    at = (at + 3) & ~3;
    zones.push({
      name,
      kind: view.getUint8(start + ZONE.kind) === 1 ? 'line' : 'zone',
      corners,
      present: view.getUint32(start + ZONE.present, true),
      entered: view.getUint32(start + ZONE.entered, true),
      left: view.getUint32(start + ZONE.left, true),
    });
  }
  return zones;
}
