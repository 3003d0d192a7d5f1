import type { Stamp } from '../../vision/picture/frame-source.js';
import type { CdrText } from './cdr-encoder.js';

/** The encapsulation header of plain CDR, little-endian. */
const HEADER = 4;
/** Offset of the fields in the buffer: a multiple of 8, so that aligned fields are aligned in memory. */
const ORIGIN = 8;

/**
 * Writes the fields of a message one after the other as plain CDR (XCDR1), without an intermediate object. Numbers are aligned to
 * their size, counted from the end of the header.
 *
 * Keeps its buffer from message to message. Writers must call reserve() with the maximum number of bytes; other methods do not check.
 */
export class CdrOutput {
  #bytes = new Uint8Array(0);
  #uint16 = new Uint16Array(0);
  #uint32 = new Uint32Array(0);
  #int32 = new Int32Array(0);
  #float32 = new Float32Array(0);
  #float64 = new Float64Array(0);
  /** From the beginning of the buffer. */
  #at = ORIGIN;

  constructor() {
    this.#resize(1 << 12);
  }

  /** Begins a message. The bytes returned by end() before are no longer valid. */
  begin(): void {
    this.#at = ORIGIN;
  }

  /** @returns the message's bytes, valid until begin() */
  end(): Uint8Array {
    return this.#bytes.subarray(ORIGIN - HEADER, this.#at);
  }

  /** Makes room for `bytes` more, including padding. */
  reserve(bytes: number): void {
    if (this.#at + bytes > this.#bytes.length) this.#resize(2 * (this.#at + bytes));
  }

  uint8(value: number): void {
    this.#bytes[this.#at++] = value;
  }

  uint16(value: number): void {
    this.#align(2);
    this.#uint16[this.#at >> 1] = value;
    this.#at += 2;
  }

  int16(value: number): void {
    this.uint16(value);
  }

  uint32(value: number): void {
    this.#align(4);
    this.#uint32[this.#at >> 2] = value;
    this.#at += 4;
  }

  int32(value: number): void {
    this.#align(4);
    this.#int32[this.#at >> 2] = value;
    this.#at += 4;
  }

  float32(value: number): void {
    this.#align(4);
    this.#float32[this.#at >> 2] = value;
    this.#at += 4;
  }

  float64(value: number): void {
    this.#align(8);
    this.#float64[this.#at >> 3] = value;
    this.#at += 8;
  }

  /** uint64 of a number that a double holds exactly. */
  uint64(value: number): void {
    this.#align(8);
    this.uint32(value % 0x1_0000_0000);
    this.uint32(Math.floor(value / 0x1_0000_0000));
  }

  /** A string that is a number, 1 or more, or empty for 0. */
  digits(value: number): void {
    let count = 0;
    for (let rest = value; rest >= 1; rest = Math.floor(rest / 10)) count++;
    this.uint32(count + 1);
    const at = this.#at;
    for (let i = count - 1, rest = value; i >= 0; i--, rest = Math.floor(rest / 10))
      this.#bytes[at + i] = 48 + (rest % 10);
    this.#bytes[at + count] = 0;
    this.#at = at + count + 1;
  }

  /** Zeros of float64, or of uint64. */
  zeros64(count: number): void {
    this.#align(8);
    this.#float64.fill(0, this.#at >> 3, (this.#at >> 3) + count);
    this.#at += 8 * count;
  }

  /** A string, which is its length and its bytes. */
  text(value: CdrText): void {
    this.uint32(value.length);
    const at = this.#at;
    // Names are short: a call of set() would take longer than this loop.
    for (let i = 0; i < value.length; i++) this.#bytes[at + i] = value[i]!;
    this.#at = at + value.length;
  }

  /** builtin_interfaces/Time */
  stamp({ sec, nanosec }: Stamp): void {
    this.int32(sec);
    this.uint32(nanosec);
  }

  /** float32[]: a copy. */
  floats(values: Float32Array): void {
    this.uint32(values.length);
    this.#float32.set(values, this.#at >> 2);
    this.#at += 4 * values.length;
  }

  /** uint8[]: a copy. */
  bytes(values: Uint8Array): void {
    this.uint32(values.length);
    this.#bytes.set(values, this.#at);
    this.#at += values.length;
  }

  /**
   * The corners of contours as geometry_msgs/Point32[], z 0.
   *
   * @param from, to indices of x, y, x, y ...
   * @param least what x and y are at least
   */
  points32(
    points: Int32Array,
    from: number,
    to: number,
    scaleX: number,
    scaleY: number,
    least = -Infinity,
  ): void {
    this.uint32((to - from) >> 1);
    const values = this.#float32;
    let at = this.#at >> 2;
    for (let i = from; i < to; i += 2) {
      const x = points[i]! * scaleX;
      const y = points[i + 1]! * scaleY;
      values[at] = x > least ? x : least;
      values[at + 1] = y > least ? y : least;
      values[at + 2] = 0;
      at += 3;
    }
    this.#at = at << 2;
  }

  /** The same as foxglove_msgs/Point2[], of float64. */
  points2(points: Int32Array, from: number, to: number, scaleX: number, scaleY: number): void {
    this.uint32((to - from) >> 1);
    if (from === to) return;
    this.#align(8);
    const values = this.#float64;
    let at = this.#at >> 3;
    for (let i = from; i < to; i += 2) {
      values[at] = points[i]! * scaleX;
      values[at + 1] = points[i + 1]! * scaleY;
      at += 2;
    }
    this.#at = at << 3;
  }

  /**
   * uint16[] of msg/Mask.msg: the lengths of runs, cells outside first, at most 65535 each; a longer run continues after a run of 0.
   *
   * @param edges pairs of the first cell of a run and one past its last, as Mask.runs
   * @param count pairs
   * @param cells of the crop
   */
  runLengths(edges: Int32Array, count: number, cells: number): void {
    // A run for each edge and one after the last, and more for runs that are too long for one number.
    this.reserve(8 + 2 * (2 * count + 1 + 2 * Math.ceil(cells / LONGEST_RUN)));
    this.uint32(0);
    const lengthAt = (this.#at >> 2) - 1;
    const values = this.#uint16;
    const first = this.#at >> 1;
    let at = first;
    let done = 0;
    for (let i = 0; i < 2 * count; i++) {
      let rest = edges[i]! - done;
      done = edges[i]!;
      for (; rest > LONGEST_RUN; rest -= LONGEST_RUN) {
        values[at++] = LONGEST_RUN;
        values[at++] = 0;
      }
      values[at++] = rest;
    }
    if (done < cells) {
      let rest = cells - done;
      for (; rest > LONGEST_RUN; rest -= LONGEST_RUN) {
        values[at++] = LONGEST_RUN;
        values[at++] = 0;
      }
      values[at++] = rest;
    }
    this.#uint32[lengthAt] = at - first;
    this.#at = at << 1;
  }

  /** The gap is cleared, because it would contain earlier data. */
  #align(size: number): void {
    while ((this.#at & (size - 1)) !== 0) this.#bytes[this.#at++] = 0;
  }

  #resize(length: number): void {
    const buffer = new ArrayBuffer((length + 7) & ~7);
    const bytes = new Uint8Array(buffer);
    bytes.set(this.#bytes.subarray(0, this.#at));
    bytes[ORIGIN - HEADER + 1] = 1; // plain CDR, little-endian; no options
    this.#bytes = bytes;
    this.#uint16 = new Uint16Array(buffer);
    this.#uint32 = new Uint32Array(buffer);
    this.#int32 = new Int32Array(buffer);
    this.#float32 = new Float32Array(buffer);
    this.#float64 = new Float64Array(buffer);
  }
}

const LONGEST_RUN = 0xffff;
