import { ExpectationError } from '../../base/expect.js';
import type { FrameHeader, Stamp } from '../../vision/picture/frame-source.js';

/** Size of the encapsulation header in bytes; alignment is relative to its end. */
const HEADER_SIZE = 4;
const CDR_BE = 0;
const CDR_LE = 1;

/** Representation identifiers of DDS-XTypes 1.3 (table 60) that ROS 2 middlewares do not send. */
const OTHER_REPRESENTATIONS: Readonly<Record<number, string>> = {
  2: 'PL_CDR_BE',
  3: 'PL_CDR_LE',
  6: 'CDR2_BE',
  7: 'CDR2_LE',
  8: 'D_CDR2_BE',
  9: 'D_CDR2_LE',
  10: 'PL_CDR2_BE',
  11: 'PL_CDR2_LE',
};

/**
 * Reads the fields of a serialized ROS 2 message (XCDR1, either byte order) in order, as views.
 *
 * Every length in the message is checked against the available bytes. Bytes after the last field are ignored, because
 * CycloneDDS pads messages to a multiple of four.
 */
export class CdrCursor {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #littleEndian: boolean;
  #offset = HEADER_SIZE;

  /**
   * @param cdr the message with its encapsulation header
   * @param type the message's type, for errors
   * @throws ExpectationError for another representation than CDR
   */
  constructor(
    cdr: Uint8Array,
    readonly type: string,
  ) {
    if (cdr.length < HEADER_SIZE) {
      throw new ExpectationError(
        `a serialized ${type} of at least ${HEADER_SIZE} bytes`,
        `${cdr.length} bytes`,
      );
    }
    const representation = cdr[0]! * 256 + cdr[1]!;
    if (representation !== CDR_LE && representation !== CDR_BE) {
      const name = OTHER_REPRESENTATIONS[representation] ?? 'an unknown one';
      throw new ExpectationError(
        `a ${type} in plain CDR (representation 0 or 1)`,
        `representation ${representation} (${name})`,
        'The bytes are not an XCDR1 message; they may be compressed, or sent by a middleware that uses XCDR2.',
      );
    }
    this.#bytes = cdr;
    this.#view = new DataView(cdr.buffer, cdr.byteOffset, cdr.byteLength);
    this.#littleEndian = representation === CDR_LE;
  }

  uint8(field: string): number {
    return this.#view.getUint8(this.#advance(1, 1, field));
  }

  int32(field: string): number {
    return this.#view.getInt32(this.#advance(4, 4, field), this.#littleEndian);
  }

  uint32(field: string): number {
    return this.#view.getUint32(this.#advance(4, 4, field), this.#littleEndian);
  }

  float64(field: string): number {
    return this.#view.getFloat64(this.#advance(8, 8, field), this.#littleEndian);
  }

  /** @returns a string up to its first NUL */
  string(field: string): string {
    return textOf(this.sequence(field));
  }

  /** @returns a view on a `uint8[]` */
  sequence(field: string): Uint8Array {
    return this.bytes(this.uint32(field), field);
  }

  /** @returns a view on the next `length` bytes */
  bytes(length: number, field: string): Uint8Array {
    const start = this.#advance(length, 1, field);
    return this.#bytes.subarray(start, start + length);
  }

  /** @returns a view on the remaining bytes, at most `limit` */
  rest(limit: number): Uint8Array {
    return this.#bytes.subarray(this.#offset, this.#offset + limit);
  }

  stamp(field: string): Stamp {
    return { sec: this.int32(field), nanosec: this.uint32(field) };
  }

  /** @returns a std_msgs/Header */
  header(): FrameHeader {
    return { stamp: this.stamp('header.stamp'), frameId: this.string('header.frame_id') };
  }

  /** @returns the offset of the next `size` bytes, and advances past them */
  #advance(size: number, alignment: number, field: string): number {
    const misaligned = (this.#offset - HEADER_SIZE) % alignment;
    const start = misaligned === 0 ? this.#offset : this.#offset + alignment - misaligned;
    const left = this.#bytes.length - start;
    if (size > left) {
      throw new ExpectationError(
        `${size} bytes of ${field} in a serialized ${this.type}`,
        left > 0 ? `${left} bytes` : 'its end',
        'The message is truncated or of another type.',
      );
    }
    this.#offset = start + size;
    return start;
  }
}

/** The bytes up to the first NUL as UTF-8. */
function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return Buffer.from(bytes.buffer, bytes.byteOffset, end < 0 ? bytes.length : end).toString('utf8');
}
