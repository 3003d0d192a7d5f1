import { ExpectationError } from '../../base/expect.js';
import { nv12Size, type Nv12Frame } from '../../vision/picture/nv12-frame.js';
import type { PictureSize } from '../../vision/picture/picture-size.js';
import type { Stamp } from '../../vision/picture/frame-source.js';
import { packNv12 } from './image.js';

/** TROS's image messages of hbm_img_msgs and their capacity in bytes of pixels: 3 * width * height of the name. */
export const HBM_ROOM = {
  HbmMsg480P: 640 * 480 * 3,
  HbmMsg540P: 960 * 540 * 3,
  HbmMsg1080P: 1920 * 1080 * 3,
} as const;
export type HbmMessage = keyof typeof HBM_ROOM;

/** What cameras and codecs send in them that a stand-in can send, too. */
export const HBM_ENCODINGS = ['nv12', 'jpeg'] as const;
export type HbmEncoding = (typeof HBM_ENCODINGS)[number];

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
   * @returns CDR bytes of a JPEG file as encoding jpeg, as hobot_codec sends it: data_size is the length of the file, step the width; valid
   * until the next call
   * @throws ExpectationError for a file that the message has no room for
   */
  writeJpeg(header: HbmHeader, size: PictureSize, file: Uint8Array): Buffer {
    if (file.length > HBM_ROOM[this.message]) {
      throw new ExpectationError(
        `a JPEG file of at most ${HBM_ROOM[this.message]} bytes for ${this.message}`,
        `one of ${size.width}x${size.height} pixels, which has ${file.length}`,
        'Use a larger message (HbmMsg1080P, sensor_msgs/CompressedImage) or smaller frames.',
      );
    }
    this.#head(header, size, file.length, 'jpeg');
    this.#bytes.set(file, HBM_OFFSETS.data);
    return this.#bytes;
  }

  /**
   * @returns CDR bytes of the frame as encoding nv12, rows packed, step = width; valid until the next call
   * @throws ExpectationError for a frame that the message has no room for
   */
  writeNv12(header: HbmHeader, frame: Nv12Frame): Buffer {
    const size = expectRoom(this.message, frame);
    this.#head(header, frame, size, 'nv12');
    packNv12(frame, this.#bytes.subarray(HBM_OFFSETS.data));
    return this.#bytes;
  }

  #head(
    { index, stamp }: HbmHeader,
    { width, height }: PictureSize,
    size: number,
    encoding: HbmEncoding,
  ): void {
    const bytes = this.#bytes;
    bytes.writeInt32LE(index, HBM_OFFSETS.index);
    bytes.writeInt32LE(stamp.sec, HBM_OFFSETS.stamp);
    bytes.writeUInt32LE(stamp.nanosec, HBM_OFFSETS.stamp + 4);
    bytes.writeUInt32LE(height, HBM_OFFSETS.height);
    bytes.writeUInt32LE(width, HBM_OFFSETS.width);
    bytes.writeUInt32LE(size, HBM_OFFSETS.dataSize);
    bytes.writeUInt32LE(width, HBM_OFFSETS.step);
    bytes.write(encoding, HBM_OFFSETS.encoding, 'latin1');
  }
}
