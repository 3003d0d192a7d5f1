import { open, type FileHandle } from 'node:fs/promises';
import { ExpectationError, messageOf } from '../expect.js';

/** What an ONNX file says of itself besides its graph. */
export interface OnnxMetadata {
  readonly irVersion: number;
  /** Program that wrote the file and its version: `pytorch 2.1.0`; empty where it does not say. */
  readonly producer: string;
  /** Version of the standard operator set, where there is one. */
  readonly opset: number | undefined;
  /** metadata_props: for Ultralytics exports author, names, stride, task, imgsz and others. */
  readonly properties: Readonly<Record<string, string>>;
}

/** Fields of ModelProto (onnx.proto3). */
const IR_VERSION = 1;
const PRODUCER_NAME = 2;
const PRODUCER_VERSION = 3;
const GRAPH = 7;
const OPSET_IMPORT = 8;
const METADATA_PROPS = 14;

/** Longest field that is read rather than skipped; names of ten thousand classes take a tenth of it. */
const MAX_FIELD = 4 << 20;

/**
 * Reads a model's metadata without reading the model: only the top-level fields of the file are visited, and the
 * graph, which may be hundreds of megabytes, is stepped over. (onnxruntime-node does not tell metadata.)
 *
 * @throws ExpectationError when the file cannot be read, ends early or is not an ONNX model
 */
export async function readOnnxMetadata(file: string): Promise<OnnxMetadata> {
  let handle: FileHandle;
  try {
    handle = await open(file, 'r');
  } catch (error) {
    throw new ExpectationError('a readable ONNX file', file, messageOf(error), { cause: error });
  }
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw new ExpectationError('an ONNX file', `${file}, which is not a file`);
    return await readModel(new FileBytes(handle, stat.size));
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new ExpectationError(
      'an ONNX model',
      `${file}: ${error.message}`,
      'The file may be truncated, or of another format.',
    );
  } finally {
    await handle.close();
  }
}

async function readModel(bytes: Bytes): Promise<OnnxMetadata> {
  let irVersion: number | undefined;
  let hasGraph = false;
  let name = '';
  let version = '';
  let opset: number | undefined;
  const properties = new Map<string, string>();

  for await (const field of fieldsOf(bytes)) {
    if (field.number === IR_VERSION && field.value !== undefined) irVersion = field.value;
    else if (field.number === GRAPH) hasGraph = true;
    else if (field.number === PRODUCER_NAME) name = await field.text();
    else if (field.number === PRODUCER_VERSION) version = await field.text();
    else if (field.number === OPSET_IMPORT) {
      const [domain, number] = await readPair(field);
      if (domain === '' || domain === 'ai.onnx') opset = number;
    } else if (field.number === METADATA_PROPS) {
      const [key, , value] = await readPair(field);
      properties.set(key, value);
    }
  }
  if (irVersion === undefined) throw new WireError('no ir_version');
  if (!hasGraph) throw new WireError('no graph');
  return {
    irVersion,
    producer: `${name} ${version}`.trim(),
    opset,
    properties: Object.fromEntries(properties),
  };
}

/** OperatorSetIdProto (domain = 1, version = 2) or StringStringEntryProto (key = 1, value = 2). */
async function readPair(field: Field): Promise<[first: string, number: number | undefined, second: string]> {
  let first = '';
  let number: number | undefined;
  let second = '';
  for await (const inner of fieldsOf(new BufferBytes(await field.bytes()))) {
    if (inner.number === 1) first = await inner.text();
    else if (inner.number === 2 && inner.value !== undefined) number = inner.value;
    else if (inner.number === 2) second = await inner.text();
  }
  return [first, number, second];
}

/** The bytes are not the protobuf they should be; the message says why and where. */
class WireError extends Error {}

/** Random access to bytes of known length. `read` is only asked for what lies within. */
interface Bytes {
  readonly length: number;
  read(offset: number, length: number): Promise<Uint8Array>;
}

class BufferBytes implements Bytes {
  readonly length: number;

  constructor(readonly buffer: Uint8Array) {
    this.length = buffer.length;
  }

  read(offset: number, length: number): Promise<Uint8Array> {
    return Promise.resolve(this.buffer.subarray(offset, offset + length));
  }
}

class FileBytes implements Bytes {
  constructor(
    readonly handle: FileHandle,
    readonly length: number,
  ) {}

  async read(offset: number, length: number): Promise<Uint8Array> {
    const buffer = new Uint8Array(length);
    const { bytesRead } = await this.handle.read(buffer, 0, length, offset);
    if (bytesRead < length) throw new WireError(`it ends at byte ${offset + bytesRead}`);
    return buffer;
  }
}

/** One field of a message; the content of a length-delimited one is read on demand. */
interface Field {
  readonly number: number;
  /** Value of a varint field; imprecise above 2^53. */
  readonly value: number | undefined;
  bytes(): Promise<Uint8Array>;
  text(): Promise<string>;
}

/** Longest tag and length: two varints of ten bytes. */
const HEADER = 20;

/**
 * Fields of a protobuf message in order, contents skipped unless asked for.
 * https://protobuf.dev/programming-guides/encoding/
 */
async function* fieldsOf(bytes: Bytes): AsyncGenerator<Field> {
  let offset = 0;
  while (offset < bytes.length) {
    const start = offset;
    const header = await bytes.read(start, Math.min(HEADER, bytes.length - start));
    let at = 0;
    const varint = (): number => {
      let value = 0;
      for (let shift = 0; shift < 10; shift++) {
        const byte = header[at++];
        if (byte === undefined) throw new WireError(`it ends at byte ${bytes.length}, within a field`);
        value += (byte & 127) * 2 ** (7 * shift);
        if (byte < 128) return value;
      }
      throw new WireError(`no field at byte ${start}`);
    };

    const tag = varint();
    const number = Math.floor(tag / 8);
    const wireType = tag % 8;
    if (number === 0 || number > 0x1fffffff) throw new WireError(`no field at byte ${start}`);
    let value: number | undefined;
    let length = 0;
    if (wireType === 0) value = varint();
    else if (wireType === 1) length = 8;
    else if (wireType === 2) length = varint();
    else if (wireType === 5) length = 4;
    else throw new WireError(`no field at byte ${start}`);

    const content = start + at;
    if (content + length > bytes.length) {
      throw new WireError(
        `field ${number} at byte ${start} needs ${length} bytes, ${bytes.length - content} follow`,
      );
    }
    const read = (): Promise<Uint8Array> => {
      if (wireType !== 2) throw new WireError(`field ${number} at byte ${start} is not text`);
      if (length > MAX_FIELD) throw new WireError(`field ${number} at byte ${start} has ${length} bytes`);
      return bytes.read(content, length);
    };
    yield { number, value, bytes: read, text: async () => new TextDecoder().decode(await read()) };
    offset = content + length;
  }
}
