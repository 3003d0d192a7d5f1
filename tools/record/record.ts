import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ExpectationError } from '../../src/base/expect.js';
import { makeFolder } from '../../src/base/files/folder.js';
import { WholeFile } from '../../src/base/files/whole-file.js';
import { writeError } from '../../src/base/files/write-error.js';
import { pictureNote } from '../../src/model/onnx/input-picture.js';
import { allocateNv12, letterboxNv12 } from '../../src/native/convert.js';
import type { Nv12Frame } from '../../src/vision/picture/nv12-frame.js';
import type { NativeTensorProperties } from '../../src/native/bpu.js';
import {
  QUANTI_TYPE_NAMES,
  tensorData,
  tensorInfo,
  TENSOR_LAYOUT_NAMES,
  TENSOR_TYPE_NAMES,
} from '../../src/engine/bpu/bpu-tensor.js';
import { asShape, type BinLayout, type InnerIntegers, matchOutputs } from './bin-layout.js';
import type { Engine, ModelInfo } from '../../src/engine/engine.js';
import {
  encodeHeader,
  FRAME_OUTPUTS,
  frameBytes,
  type PlaybackModel,
  writeFrameHash,
} from './playback-format.js';
import {
  packedStride,
  type Tensor,
  type TensorData,
  type TensorInfo,
} from '../../src/vision/tensor/tensor.js';

/** Times of yolov8n-seg on RDK X5: about 110 FPS with one frame in flight, 175 with two. Microseconds. */
export const X5_BUSY = 5714;
export const X5_OVERHEAD = 3377;

/** The error for an empty input. */
export class NoFramesError extends ExpectationError {
  constructor() {
    super('frames to record', 'none', 'Nothing was written.');
  }
}

export interface RecordOptions {
  /** File to write. It appears when it is complete; its folder is created if necessary. */
  readonly file: string;
  readonly name: string;
  /** Microseconds; see PlaybackModel. */
  readonly busy?: number | undefined;
  readonly overhead?: number | undefined;
  /** Outputs of the .bin model to imitate: their types and scales. Default: the engine's float32. */
  readonly outputs?: readonly NativeTensorProperties[] | undefined;
  /** A .bin model to imitate completely, instead. */
  readonly like?: BinLayout | undefined;
  /** Receives the bytes that each frame takes in the file, before the first one. */
  readonly onFrameSize?: ((bytes: number) => void) | undefined;
}

/**
 * Records a float engine's outputs for each frame as a model of the emulator, quantized according to the properties.
 *
 * @returns the number of frames
 * @throws ExpectationError when the engine's model does not see pictures as the BPU does, when the properties do not fit the engine's outputs, there are no frames, or the file cannot be written
 */
export async function record(
  engine: Engine,
  frames: AsyncIterable<Nv12Frame> | Iterable<Nv12Frame>,
  options: RecordOptions,
): Promise<number> {
  const { like } = options;
  expectBpuPictures(engine.model);
  const outputs = like?.outputs ?? options.outputs ?? engine.model.outputs.map(floatProperties);
  const sources = like ? matchOutputs(engine.model, like) : outputs.map((_, i) => i);
  if (!like) expectSameOutputs(engine.model.outputs, outputs);
  const model: PlaybackModel = {
    name: options.name,
    march: like?.march,
    busy: options.busy ?? X5_BUSY,
    overhead: options.overhead ?? X5_OVERHEAD,
    inputs: [{ ...nv12Properties(engine.model), ...(like ? { name: like.inputName } : {}) }],
    outputs,
    frameCount: 0,
  };
  const infos = outputs.map(tensorInfo);
  const input = allocateNv12(engine.model.input.width, engine.model.input.height);
  const memory = new Uint8Array(frameBytes(model));
  options.onFrameSize?.(memory.length);
  const views = outputViews(outputs, memory);
  makeFolder(dirname(options.file));
  const target = new WholeFile(options.file);
  try {
    // The header is written again at the end, so the file cannot be opened for appending.
    const file = await open(target.part, target.flag === 'a' ? 'r+' : 'wx').catch((error: unknown) => {
      throw writeError(options.file, error);
    });
    const write = async (bytes: Uint8Array, position: number | null): Promise<void> => {
      try {
        for (let done = 0; done < bytes.length;) {
          const at = position === null ? null : position + done;
          done += (await file.write(bytes, done, bytes.length - done, at)).bytesWritten;
        }
      } catch (error) {
        throw writeError(options.file, error);
      }
    };
    let frameCount = 0;
    try {
      // Standard output that is appended to a file, whose beginning is not ours.
      if ((await file.stat()).size > 0) {
        throw new ExpectationError(
          `a new file at ${options.file}`,
          'one with other content',
          'Choose another name.',
        );
      }
      await write(encodeHeader([model]), null);
      for await (const frame of frames) {
        const inference = await engine.submit(frame);
        try {
          letterboxNv12(frame, inference.letterbox, input);
          views.forEach((view, i) => {
            const tensor = inference.tensors[sources[i]!]!;
            quantize(like ? asShape(tensor, infos[i]!.shape) : tensor, infos[i]!, view, like?.inner[i]);
          });
        } finally {
          inference.release();
        }
        writeFrameHash(memory, input);
        await write(memory, null);
        frameCount++;
      }
      await write(encodeHeader([{ ...model, frameCount }]), 0);
    } finally {
      await file.close();
    }
    if (frameCount === 0) throw new NoFramesError();
    target.finish();
    return frameCount;
  } catch (error) {
    // An incomplete recording would fail later, and elsewhere.
    target.discard();
    throw error;
  }
}

/**
 * The BPU and its emulator letterbox, and no .bin normalizes as networks with queries want it: a recording would play results back that
 * belong to other pictures.
 */
function expectBpuPictures({ file, input }: ModelInfo): void {
  const note = pictureNote(input);
  if (note === undefined) return;
  throw new ExpectationError(
    'a model that sees pictures in a letterbox, with values from 0 to 1, as a .bin does',
    `${file}, which does not`,
    `${note} It runs on the CPU only, so there is nothing to record for the BPU.`,
  );
}

/** The input that every .bin model for NV12 cameras has. */
export function nv12Properties({
  input: { width, height },
}: Pick<ModelInfo, 'input'>): NativeTensorProperties {
  const stride = Math.ceil(width / 16) * 16;
  return {
    name: 'images',
    validShape: [1, 3, height, width],
    alignedShape: [1, 3, height, stride],
    stride: [0, 0, 0, 0],
    alignedByteSize: (stride * height * 3) / 2,
    tensorType: TENSOR_TYPE_NAMES.indexOf('HB_DNN_IMG_TYPE_NV12'),
    tensorLayout: layout('HB_DNN_LAYOUT_NCHW'),
    ...unquantized,
  };
}

/** A packed float32 output. */
export function floatProperties({ name, shape }: TensorInfo): NativeTensorProperties {
  const bytes = Float32Array.BYTES_PER_ELEMENT;
  return {
    name,
    validShape: shape,
    alignedShape: shape,
    stride: packedStride(shape).map((step) => step * bytes),
    alignedByteSize: shape.reduce((product, extent) => product * extent, bytes),
    tensorType: TENSOR_TYPE_NAMES.indexOf('HB_DNN_TENSOR_TYPE_F32'),
    tensorLayout: layout('HB_DNN_LAYOUT_NHWC'),
    ...unquantized,
  };
}

const unquantized = {
  quantiType: QUANTI_TYPE_NAMES.indexOf('NONE'),
  quantizeAxis: 0,
  scale: [],
  zeroPoint: [],
  shift: [],
} as const;

function layout(name: string): number {
  return Number(Object.entries(TENSOR_LAYOUT_NAMES).find(([, text]) => text === name)![0]);
}

function expectSameOutputs(found: readonly TensorInfo[], wanted: readonly NativeTensorProperties[]): void {
  const list = (shapes: (readonly number[])[]): string =>
    shapes.map((shape) => `(${shape.join()})`).join(' ');
  const expected = list(wanted.map(({ validShape }) => validShape));
  const received = list(found.map(({ shape }) => shape));
  if (expected === received && found.every(({ type }) => type === 'float32')) return;
  throw new ExpectationError(
    `float32 outputs ${expected}`,
    received,
    'Record with the ONNX model that the .bin was made of, or without its properties.',
  );
}

/** The part of a frame's bytes of each output, as elements. */
function outputViews(outputs: readonly NativeTensorProperties[], memory: Uint8Array): TensorData[] {
  let offset = FRAME_OUTPUTS;
  return outputs.map((properties) => {
    const bytes = memory.subarray(offset, (offset += properties.alignedByteSize));
    return tensorData(properties, bytes.buffer as ArrayBuffer, bytes.byteOffset);
  });
}

/**
 * Stores a float tensor with the type, stride and quantization of `info`: to nearest, clamped to the type.
 *
 * @param inner integers from which the floats of `target` were made
 */
function quantize(source: Tensor, info: TensorInfo, target: TensorData, inner?: InnerIntegers): void {
  const { shape, stride, quantization } = info;
  const [lowest, highest] = limits(target);
  const index = shape.map(() => 0);
  const count = shape.reduce((product, extent) => product * extent, 1);
  for (let i = 0; i < count; i++) {
    let from = 0;
    let to = 0;
    for (let axis = 0; axis < shape.length; axis++) {
      from += index[axis]! * source.stride[axis]!;
      to += index[axis]! * stride[axis]!;
    }
    const value = source.data[from]!;
    let stored = value;
    if (quantization.kind !== 'none') {
      const channel = index[quantization.axis]!;
      const at = (values: ArrayLike<number>): number => values[values.length > 1 ? channel : 0]!;
      stored =
        quantization.kind === 'scale'
          ? value / at(quantization.scale) + (quantization.zeroPoint ? at(quantization.zeroPoint) : 0)
          : value * 2 ** at(quantization.shift);
    }
    if (inner) {
      const step = inner.scale[inner.scale.length > 1 ? index[inner.axis]! : 0]!;
      stored = step * Math.min(inner.highest, Math.max(inner.lowest, Math.round(value / step)));
    }
    target[to] =
      target instanceof Float32Array ? stored : Math.min(highest, Math.max(lowest, Math.round(stored)));
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis]! === shape[axis]; axis--) index[axis] = 0;
  }
}

/** The range of an element. */
function limits(data: TensorData): [number, number] {
  const bits = 8 * data.BYTES_PER_ELEMENT;
  const unsigned = data instanceof Uint8Array || data instanceof Uint16Array;
  return unsigned ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
}
