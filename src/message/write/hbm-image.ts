import { ExpectationError } from '../../base/expect.js';
import { nv12Size, type Nv12Frame } from '../../vision/picture/nv12-frame.js';
import type { Stamp } from '../../vision/picture/frame-source.js';
import { packNv12 } from './image.js';

/** TROS's image messages of hbm_img_msgs and their capacity in bytes of pixels: 3 * width * height of the name. */
export const HBM_ROOM = {
  HbmMsg480P: 640 * 480 * 3,
  HbmMsg540P: 960 * 540 * 3,
  HbmMsg1080P: 1920 * 1080 * 3,
} as const;
export type HbmMessage = keyof typeof HBM_ROOM;

/** Offsets of the fields in the serialized message, whose first four bytes are the encapsulation header. */
export const HBM_OFFSETS = {
  index: 4,
  /** time_stamp: int32 sec, uint32 nanosec */
  stamp: 8,
  height: 16,
  width: 20,
  dataSize: 24,
  step: 28,
  /** uint8[12] */
  encoding: 32,
  data: 44,
} as const;

/** The fields of a message besides its pixels; it has no frame_id. */
export interface HbmHeader {
  /** The publisher's counter. */
  readonly index: number;
  readonly stamp: Stamp;
}

/**
 * @returns bytes of the frame's pixels
 * @throws ExpectationError for a frame that the message has no room for
 */
export function expectRoom(message: HbmMessage, { width, height }: Nv12Frame): number {
  const size = nv12Size(width, height);
  if (size <= HBM_ROOM[message]) return size;
  throw new ExpectationError(
    `a frame of at most ${HBM_ROOM[message]} bytes for ${message}`,
    `${width}x${height}, which has ${size}`,
    'Use a larger message (HbmMsg1080P, sensor_msgs/Image) or smaller frames.',
  );
}

/**
 * Writes hbm_img_msgs/msg/HbmMsg480P, 540P and 1080P. They are structs of fixed size without gaps, so their CDR is the struct
 * after the encapsulation header.
 *
 * The same bytes are reused for every message. After the pixels, they contain data of earlier messages, as in the memory
 * that TROS's publishers borrow; the encoding, however, is followed by zeros.
 */
export class HbmImageWriter {
  /** Name of the type, as in `ros2 topic info`. */
  readonly type: string;
  readonly #bytes: Buffer;

  constructor(readonly message: HbmMessage) {
    this.type = `hbm_img_msgs/msg/${message}`;
    this.#bytes = Buffer.alloc(HBM_OFFSETS.data + HBM_ROOM[message]);
    this.#bytes[1] = 1; // plain CDR, little-endian
  }

  /**
   * @returns CDR bytes of the frame as encoding nv12, rows packed, step = width; valid until the next call
   * @throws ExpectationError for a frame that the message has no room for
   */
  writeNv12({ index, stamp }: HbmHeader, frame: Nv12Frame): Buffer {
    const { width, height } = frame;
    const size = expectRoom(this.message, frame);
    const bytes = this.#bytes;
    bytes.writeInt32LE(index, HBM_OFFSETS.index);
    bytes.writeInt32LE(stamp.sec, HBM_OFFSETS.stamp);
    bytes.writeUInt32LE(stamp.nanosec, HBM_OFFSETS.stamp + 4);
    bytes.writeUInt32LE(height, HBM_OFFSETS.height);
    bytes.writeUInt32LE(width, HBM_OFFSETS.width);
    bytes.writeUInt32LE(size, HBM_OFFSETS.dataSize);
    bytes.writeUInt32LE(width, HBM_OFFSETS.step);
    bytes.write('nv12', HBM_OFFSETS.encoding, 'latin1');
    packNv12(frame, bytes.subarray(HBM_OFFSETS.data));
    return bytes;
  }
}
