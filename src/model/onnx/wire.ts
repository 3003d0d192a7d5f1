import { closeSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { ExpectationError, messageOf } from '../../base/expect.js';
import { makeFolder } from '../../base/files/folder.js';
import { WholeFile } from '../../base/files/whole-file.js';
import { writeError } from '../../base/files/write-error.js';

/** Wire types of protobuf. */
export const VARINT = 0;
const FIXED64 = 1;
export const LENGTH_DELIMITED = 2;
export const FIXED32 = 5;

/** A part of the file: [start, end) in bytes. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** One field of a message, with its position. */
export interface Field {
  readonly number: number;
  readonly wireType: number;
  /** The value of a varint, up to 2^64; 0 for the other types. */
  readonly varint: bigint;
  /** Tag, length and payload: what has to be copied to keep the field. */
  readonly whole: Span;
  /** The bytes of the value alone. */
  readonly payload: Span;
}

/** A piece of a message to write: new bytes, or a span of the source file that is copied when written. */
export type Chunk = Uint8Array | Span;

/** Bytes to read ahead; the headers of most nodes and tensors lie within one window. */
const WINDOW = 1 << 16;
/** Bytes to copy at a time. */
const COPY_STEP = 1 << 20;
/** Maximum bytes of a name or shape; a longer one means that the file is damaged. */
const LONGEST_TEXT = 1 << 20;
/**
 * Limits on the work that a file may cause: total bytes of strings, and number of fields. Graphs of the largest networks
 * take a hundredth of them.
 */
const MOST_TEXT = 32 << 20;
const MOST_FIELDS = 5_000_000;

/**
 * A protobuf file that is read in place: fields are found by walking their headers; payloads (hundreds of megabytes of
 * weights) stay on disk until they are requested.
 */
export class WireFile {
  readonly size: number;
  readonly #descriptor: number;
  readonly #window = Buffer.alloc(WINDOW);
  #windowStart = 0;
  #windowEnd = 0;
  #textRead = 0;
  #fieldsRead = 0;

  /** @throws ExpectationError when the file cannot be read or is empty */
  constructor(
    readonly path: string,
    /** What the file should be, for messages. */
    readonly kind = 'ONNX file',
  ) {
    try {
      this.#descriptor = openSync(path, 'r');
    } catch (error) {
      throw new ExpectationError(
        'a readable model file',
        messageOf(error),
        'Check its name and its permissions; tros-yolo-seg model get NAME downloads a model.',
        { cause: error },
      );
    }
    const status = fstatSync(this.#descriptor);
    this.size = status.size;
    if (!status.isFile() || status.size === 0) {
      this.close();
      throw new ExpectationError(
        'a model file',
        `${path}, which is ${status.isFile() ? 'empty' : 'no file'}`,
        'Copy or download it again: tros-yolo-seg model get NAME.',
      );
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  /** The bytes of a span, as a view on the read-ahead window if they fit; valid until the next read. */
  bytes({ start, end }: Span): Buffer {
    if (start >= this.#windowStart && end <= this.#windowEnd) {
      return this.#window.subarray(start - this.#windowStart, end - this.#windowStart);
    }
    if (end - start > WINDOW) {
      const large = Buffer.allocUnsafe(end - start);
      this.read(large, start);
      return large;
    }
    this.#windowStart = start;
    this.#windowEnd = start + this.#fill(this.#window, start);
    if (end > this.#windowEnd) throw damaged(this, `it ends at byte ${this.#windowEnd}`);
    return this.#window.subarray(0, end - start);
  }

  /** Fills `target` with the bytes from `start` on. */
  read(target: Uint8Array, start: number): void {
    const length = this.#fill(target, start);
    if (length < target.length) throw damaged(this, `it ends at byte ${start + length}`);
  }

  /** @param longest maximum bytes of the string; names of ten thousand classes take more than a single name */
  text(span: Span, longest = LONGEST_TEXT): string {
    const length = span.end - span.start;
    this.#textRead += length;
    if (length > longest || this.#textRead > MOST_TEXT) {
      throw damaged(this, length > longest ? `a name of ${length} bytes` : 'more names than any model has');
    }
    return this.bytes(span).toString('utf8');
  }

  /**
   * The fields of the message in a span, in order.
   *
   * @throws ExpectationError when the bytes are not a protobuf message or end too early
   */
  *fields(message: Span): Generator<Field> {
    for (let at = message.start; at < message.end;) {
      if (++this.#fieldsRead > MOST_FIELDS) throw damaged(this, 'more fields than any model has');
      const tag = this.#varint(at, message.end);
      const number = Number(tag.value >> 3n);
      const wireType = Number(tag.value & 7n);
      if (number === 0 || number >= 2 ** 29) throw damaged(this, `field number ${number} at byte ${at}`);
      let varint = 0n;
      let payload: Span;
      if (wireType === VARINT) {
        const value = this.#varint(tag.end, message.end);
        varint = value.value;
        payload = { start: tag.end, end: value.end };
      } else if (wireType === LENGTH_DELIMITED) {
        const length = this.#varint(tag.end, message.end);
        payload = { start: length.end, end: length.end + Number(length.value) };
      } else if (wireType === FIXED64) payload = { start: tag.end, end: tag.end + 8 };
      else if (wireType === FIXED32) payload = { start: tag.end, end: tag.end + 4 };
      else throw damaged(this, `wire type ${wireType} at byte ${at}`);
      if (payload.end > message.end) {
        throw damaged(this, `a field at byte ${at} that is ${payload.end - message.end} bytes too long`);
      }
      yield { number, wireType, varint, whole: { start: at, end: payload.end }, payload };
      at = payload.end;
    }
  }

  /** The values of a repeated integer field, packed or not. */
  integers(field: Field): bigint[] {
    if (field.wireType === VARINT) return [BigInt.asIntN(64, field.varint)];
    if (field.wireType !== LENGTH_DELIMITED) throw damaged(this, 'invalid numbers');
    const length = field.payload.end - field.payload.start;
    if (length > LONGEST_TEXT) throw damaged(this, `a list of ${length} bytes`);
    const values: bigint[] = [];
    for (let at = field.payload.start; at < field.payload.end;) {
      const { value, end } = this.#varint(at, field.payload.end);
      values.push(BigInt.asIntN(64, value));
      at = end;
    }
    return values;
  }

  #varint(start: number, end: number): { value: bigint; end: number } {
    const bytes = this.bytes({ start, end: Math.min(start + 10, end) });
    let value = 0n;
    for (let i = 0; i < bytes.length; i++) {
      value |= BigInt(bytes[i]! & 0x7f) << BigInt(7 * i);
      if (bytes[i]! < 0x80) return { value: BigInt.asUintN(64, value), end: start + i + 1 };
    }
    throw damaged(this, `an unfinished number at byte ${start}`);
  }

  /** Reads until `target` is full or the file ends. */
  #fill(target: Uint8Array, position: number): number {
    let length = 0;
    while (length < target.length) {
      const count = readSync(this.#descriptor, target, length, target.length - length, position + length);
      if (count === 0) break;
      length += count;
    }
    return length;
  }
}

function damaged({ path, kind }: WireFile, what: string): ExpectationError {
  return new ExpectationError(
    `a whole ${kind} (protobuf)`,
    `${path} with ${what}`,
    'It is truncated, damaged or of another kind; export or copy it again.',
  );
}

function lengthOf(chunks: readonly Chunk[]): number {
  return chunks.reduce((sum, chunk) => sum + sizeOf(chunk), 0);
}

function sizeOf(chunk: Chunk): number {
  return chunk instanceof Uint8Array ? chunk.length : chunk.end - chunk.start;
}

/** A varint; negative numbers take ten bytes, as protobuf's int64 does. */
export function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const more = rest > 0x7fn;
    bytes.push(Number(rest & 0x7fn) | (more ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}

export function integerField(number: number, value: number | bigint): Chunk[] {
  return [varint(number * 8 + VARINT), varint(value)];
}

export function textField(number: number, text: string): Chunk[] {
  return messageField(number, [Buffer.from(text, 'utf8')]);
}

/** A length-delimited field around chunks: a nested message, or bytes. */
export function messageField(number: number, chunks: readonly Chunk[]): Chunk[] {
  return [varint(number * 8 + LENGTH_DELIMITED), varint(lengthOf(chunks)), ...chunks];
}

/**
 * Writes the chunks to a file, whose folder is created if necessary. Spans of the source are copied through a buffer of one
 * megabyte. The file appears under its name only when it is complete, so the source itself may be replaced.
 *
 * @throws ExpectationError when it cannot be written
 */
export function writeChunks(path: string, chunks: readonly Chunk[], source: WireFile): void {
  let file: WholeFile | undefined;
  try {
    makeFolder(dirname(path));
    file = new WholeFile(path);
    const descriptor = openSync(file.part, file.flag);
    try {
      copyChunks(descriptor, chunks, source);
      // A robot may lose power at any time; a file name without its bytes would then be taken for a model.
      if (fstatSync(descriptor).isFile()) fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    file.finish();
  } catch (error) {
    file?.discard();
    throw writeError(path, error);
  }
}

function copyChunks(descriptor: number, chunks: readonly Chunk[], source: WireFile): void {
  const write = (bytes: Uint8Array): void => {
    for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
  };
  let small: Uint8Array[] = [];
  const flush = (): void => {
    write(Buffer.concat(small));
    small = [];
  };
  let buffer: Uint8Array | undefined;
  for (const chunk of joinSpans(chunks)) {
    if (chunk instanceof Uint8Array) {
      small.push(chunk);
      continue;
    }
    flush();
    for (let at = chunk.start; at < chunk.end; at += COPY_STEP) {
      buffer ??= Buffer.allocUnsafe(COPY_STEP);
      const part = buffer.subarray(0, Math.min(COPY_STEP, chunk.end - at));
      source.read(part, at);
      write(part);
    }
  }
  flush();
}

/** Adjacent spans of the source become one. */
function* joinSpans(chunks: readonly Chunk[]): Generator<Chunk> {
  let open: { start: number; end: number } | undefined;
  for (const chunk of chunks) {
    if (!(chunk instanceof Uint8Array) && open?.end === chunk.start) {
      open.end = chunk.end;
      continue;
    }
    if (open) yield open;
    open = undefined;
    if (chunk instanceof Uint8Array) yield chunk;
    else open = { start: chunk.start, end: chunk.end };
  }
  if (open) yield open;
}
