/**
 * The message of one frame that the page gets: what was found, and the picture it was found in (docs/web.md). One message has both,
 * so that outlines are always drawn over the picture that they belong to.
 *
 * All numbers are little-endian. The reader is in frame-reader.ts, the writer in frame-writer.ts.
 */
export const FRAME_MAGIC = 0x4c535954; // 'TYSL'

/** Of the format. A page of another version asks its user to reload. */
export const FRAME_VERSION = 2;

/** Offsets in bytes from the beginning of the message. */
export const HEADER = {
  magic: 0, // uint32
  version: 4, // uint16
  /** Index of the camera in the state message. */
  camera: 6, // uint16
  /** Counts the frames of the camera that were sent to anyone; clients acknowledge it. */
  sequence: 8, // uint32
  /** Size of the whole picture in pixels: boxes are in these. */
  width: 12, // uint32
  height: 16, // uint32
  /** The frame's stamp. */
  sec: 20, // int32
  nanosec: 24, // uint32
  /** Milliseconds of each stage. */
  wait: 28, // float32
  preprocess: 32, // float32
  inference: 36, // float32
  decode: 40, // float32
  /** Pixels of the picture for each cell of the contours' grid. */
  scaleX: 44, // float32
  scaleY: 48, // float32
  /** The region of interest: x, y, width, height in pixels; all 0 if it is the whole picture. */
  region: 52, // 4 x uint16
  /** Number of instances. */
  instances: 60, // uint16
  /** 0: small, 1: full. */
  size: 62, // uint16
  /** Bytes from the beginning of the message to the JPEG file, which reaches to its end; with no bytes, there is none. */
  picture: 64, // uint32
  /** Bytes from the beginning to the zones and lines, and their number. */
  zonesAt: 68, // uint32
  zones: 72, // uint16, and two bytes of 0
} as const;
export const HEADER_BYTES = 76;

/** Offsets from the beginning of an instance; its contours follow it. */
export const INSTANCE = {
  classId: 0, // uint16
  /** Number of contours. */
  contours: 2, // uint16
  score: 4, // float32, 0 to 1
  /** 0: it has none. */
  trackId: 8, // uint32
  /** x1, y1, x2, y2 in pixels. */
  box: 12, // 4 x float32
  /** Pixels of the picture inside the mask; 0 without masks. */
  area: 28, // float32
  /** Meters to the camera; NaN: unknown. */
  distance: 32, // float32
} as const;
export const INSTANCE_BYTES = 36;

/** A contour is a uint32, its number of points, with this bit for a hole; then x, y of each point as uint16, in cells. */
export const HOLE_BIT = 0x8000_0000;

/**
 * Offsets from the beginning of a zone or line, which is aligned to four bytes. Its corners follow, x and y in pixels as float32; then
 * its name in ASCII, padded to four bytes.
 */
export const ZONE = {
  /** 0: a zone, 1: a line. */
  kind: 0, // uint8
  /** Bytes of the name. */
  name: 1, // uint8
  /** Number of corners. */
  corners: 2, // uint16
  /** Objects of all classes. */
  present: 4, // uint32
  entered: 8, // uint32
  left: 12, // uint32
} as const;
export const ZONE_BYTES = 16;

/** Which pictures a client gets. */
export const PICTURE_SIZES = ['small', 'full'] as const;
export type LivePictureSize = (typeof PICTURE_SIZES)[number];
