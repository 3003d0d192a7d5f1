import type { Nv12Frame } from '../../src/vision/picture/nv12-frame.js';
import type { NativeTensorProperties } from '../../src/native/bpu.js';

/** A model of the emulator's file format (docs/emulator.md). */
export interface PlaybackModel {
  readonly name: string;
  /** Kind of BPU: bayes-e, bernoulli2. @default '', any */
  readonly march?: string | undefined;
  /** Microseconds for which a frame keeps a BPU core busy, and additional time per frame. */
  readonly busy: number;
  readonly overhead: number;
  /** One, NV12 or NV12_SEPARATE, NCHW. */
  readonly inputs: readonly NativeTensorProperties[];
  readonly outputs: readonly NativeTensorProperties[];
  readonly frameCount: number;
}

const MAGIC = 'TYSEMU2\n';
const ALIGNMENT = 16;
/** Header of a frame: its hash, and padding. */
const FRAME_HEAD = 16;

/** The first bytes of a file; frames follow, those of the first model first. */
export function encodeHeader(models: readonly PlaybackModel[]): Uint8Array {
  // Offsets have a fixed size, so the length of the header does not depend on them.
  const length = align(header(models, 0).length);
  const encoded = new Uint8Array(length);
  encoded.set(header(models, length));
  return encoded;
}

/** Bytes of one frame of a model in the file. */
export function frameBytes({ outputs }: Pick<PlaybackModel, 'outputs'>): number {
  return align(FRAME_HEAD + outputs.reduce((sum, { alignedByteSize }) => sum + alignedByteSize, 0));
}

/** Writes the hash of the input at the start of a frame of frameBytes(). Outputs follow at FRAME_OUTPUTS. */
export function writeFrameHash(into: Uint8Array, input: Nv12Frame): void {
  new DataView(into.buffer, into.byteOffset, into.byteLength).setBigUint64(0, hashNv12(input), true);
}

export const FRAME_OUTPUTS = FRAME_HEAD;

/**
 * The emulator's hash of a model input: each row, luma first, in little-endian 32-bit words, the last padded
 * with 0; two lanes, of which each word changes both.
 */
export function hashNv12(frame: Nv12Frame): bigint {
  let low = 0x811c9dc5 | 0;
  let high = 0x9747b28c | 0;
  const addRow = (offset: number): void => {
    const { data, width } = frame;
    for (let i = 0; i < width; i += 4) {
      let word = 0;
      for (let byte = 0; byte < 4 && i + byte < width; byte++) word |= data[offset + i + byte]! << (8 * byte);
      low = Math.imul(low ^ word, 0x01000193);
      high = Math.imul(((high << 5) | (high >>> 27)) ^ word, 0x9e3779b1);
    }
  };
  for (let y = 0; y < frame.height; y++) addRow(frame.lumaOffset + y * frame.lumaStride);
  for (let y = 0; y < frame.height / 2; y++) addRow(frame.chromaOffset + y * frame.chromaStride);
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

function header(models: readonly PlaybackModel[], framesAt: number): Buffer {
  const parts: Buffer[] = [Buffer.from(MAGIC), u32(models.length)];
  let offset = framesAt;
  for (const model of models) {
    parts.push(
      text(model.name),
      text(model.march ?? ''),
      u32(model.busy, model.overhead, model.inputs.length, model.outputs.length),
    );
    for (const tensor of [...model.inputs, ...model.outputs]) parts.push(encodeTensor(tensor));
    const position = Buffer.alloc(8);
    position.writeBigUInt64LE(BigInt(offset));
    parts.push(u32(model.frameCount), position);
    offset += model.frameCount * frameBytes(model);
  }
  return Buffer.concat(parts);
}

function encodeTensor(tensor: NativeTensorProperties): Buffer {
  const scale = Float32Array.from(tensor.scale);
  return Buffer.concat([
    text(tensor.name),
    i32(
      tensor.tensorLayout,
      tensor.tensorType,
      tensor.quantiType,
      tensor.quantizeAxis,
      tensor.alignedByteSize,
    ),
    u32(tensor.validShape.length),
    i32(...tensor.validShape, ...tensor.alignedShape, ...tensor.stride),
    bytes(scale.length, Buffer.from(scale.buffer)),
    bytes(tensor.zeroPoint.length, Buffer.from(Int8Array.from(tensor.zeroPoint).buffer)),
    bytes(tensor.shift.length, Buffer.from(tensor.shift)),
  ]);
}

function u32(...values: number[]): Buffer {
  return Buffer.from(Uint32Array.from(values).buffer);
}

function i32(...values: number[]): Buffer {
  return Buffer.from(Int32Array.from(values).buffer);
}

function bytes(count: number, data: Buffer): Buffer {
  return Buffer.concat([u32(count), data]);
}

function text(value: string): Buffer {
  const data = Buffer.from(value);
  return bytes(data.length, data);
}

function align(size: number): number {
  return Math.ceil(size / ALIGNMENT) * ALIGNMENT;
}
