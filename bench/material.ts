import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { gunzipSync } from 'node:zlib';
import { Decoder } from '../src/vision/decode/decoder.js';
import { outputRoles } from '../src/vision/decode/head-layout.js';
import { type HeadLayout, type HeadRole, recognizeHeads } from '../src/vision/decode/heads.js';
import type { DecodeOptions } from '../src/vision/decode/options.js';
import type { Segmentation } from '../src/vision/mask/segmentation.js';
import { QUANTI_TYPE_NAMES, TENSOR_TYPE_NAMES } from '../src/engine/bpu/bpu-tensor.js';
import type { Engine } from '../src/engine/engine.js';
import { OnnxEngine } from '../src/engine/onnx/onnx-engine.js';
import { packedStride, type Tensor, UNQUANTIZED } from '../src/vision/tensor/tensor.js';
import { ExpectationError } from '../src/base/expect.js';
import { writeWholeSync } from '../src/base/files/whole-file.js';
import { allocateNv12 } from '../src/native/convert.js';
import { Letterbox } from '../src/vision/picture/letterbox.js';
import type { Nv12Frame } from '../src/vision/picture/nv12-frame.js';
import { Scene } from '../src/media/scene/index.js';
import { Labels } from '../src/message/write/labels.js';
import { demoModel } from '../src/model/demo-model.js';
import { nativeKernels } from '../src/native/kernels.js';
import { packageRoot } from '../src/base/package-root.js';
import type { NativeTensorProperties } from '../src/native/bpu.js';
import { floatProperties } from '../tools/record/record.js';
import type { Yardstick } from './bench.js';

/** Head tensors of one picture, with everything needed to decode them. */
export interface Heads {
  /** Name of the picture: "bus", "scene". */
  readonly name: string;
  readonly tensors: readonly Tensor[];
  readonly layout: HeadLayout;
  readonly letterbox: Letterbox;
}

let heads: Promise<Heads> | undefined;

/**
 * The recorded heads of YOLOv8n-seg for bus.jpg, if there is the test material ($TROS_YOLO_SEG_DATA); otherwise those of the
 * demo model for a generated scene.
 */
export function benchHeads(): Promise<Heads> {
  const recorded = recordedHeads();
  heads ??= recorded ? Promise.resolve(recorded) : demoHeads();
  return heads;
}

/** Those of bus.jpg; undefined where there is no test material. */
export function recordedHeads(): Heads | undefined {
  const folder = resolve(
    process.env['TROS_YOLO_SEG_DATA'] ?? join(packageRoot, '../shared/data'),
    'ref/bus-rdk-outputs',
  );
  return existsSync(folder) ? readHeads(folder) : undefined;
}

function readHeads(folder: string): Heads {
  const tensors = readdirSync(folder)
    .sort()
    .map((file): Tensor => {
      const [, name, extent] = /^\d+_(.*)_(.*)\.f32\.gz$/.exec(file) ?? [];
      if (name === undefined || extent === undefined) {
        throw new ExpectationError(`recorded heads (number_name_shape.f32.gz) in ${folder}`, file);
      }
      const shape = extent.split('x').map(Number);
      const data = new Float32Array(new Uint8Array(gunzipSync(readFileSync(join(folder, file)))).buffer);
      return {
        name,
        shape,
        stride: packedStride(shape),
        type: 'float32',
        quantization: UNQUANTIZED,
        data,
      };
    });
  return {
    name: 'bus',
    tensors,
    layout: recognizeHeads(tensors, { width: 640, height: 640 }),
    letterbox: new Letterbox(810, 1080, 640, 640),
  };
}

/** Those of the demo model for a generated scene. */
export async function demoHeads(): Promise<Heads> {
  const engine = await OnnxEngine.open({ file: demoModel() });
  try {
    const { input, outputs, labels } = engine.model;
    const frame = sceneFrame(1280, 720);
    const inference = await engine.submit(frame);
    // Copies: the tensors are lent.
    const tensors = inference.tensors.map((tensor) => ({ ...tensor, data: tensor.data.slice() }));
    inference.release();
    return {
      name: 'scene',
      tensors,
      layout: recognizeHeads(outputs, input, { classCount: labels?.length }),
      letterbox: inference.letterbox,
    };
  } finally {
    await engine.close();
  }
}

/** Writes heads to a file that readSavedHeads() reads, in another process: ONNX Runtime does not run everywhere. */
export function saveHeads(file: string, { name, tensors, layout, letterbox }: Heads): void {
  const { sourceWidth, sourceHeight } = letterbox;
  const { inputWidth, inputHeight, classCount } = layout;
  const saved: SavedHeads = {
    name,
    tensors: tensors.map((tensor) => ({ ...tensor, data: tensor.data.slice() })),
    ...{ inputWidth, inputHeight, classCount, sourceWidth, sourceHeight },
  };
  writeWholeSync(file, serialize(saved));
}

interface SavedHeads {
  readonly name: string;
  readonly tensors: readonly Tensor[];
  readonly inputWidth: number;
  readonly inputHeight: number;
  readonly classCount: number;
  readonly sourceWidth: number;
  readonly sourceHeight: number;
}

export function readSavedHeads(file: string): Heads {
  const saved = deserialize(readFileSync(file)) as SavedHeads;
  const { name, tensors, inputWidth: width, inputHeight: height, classCount } = saved;
  return {
    name,
    tensors,
    layout: recognizeHeads(tensors, { width, height }, { classCount }),
    letterbox: new Letterbox(saved.sourceWidth, saved.sourceHeight, width, height),
  };
}

/** The same heads as a .bin model for the X5 gives them: boxes and coefficients as int32 with a scale for each channel. */
export function quantized(float: Heads): Heads {
  return withIntegers(float, (output) =>
    float.layout.levels.some((level) => level.box.output === output || level.coefficient?.output === output),
  );
}

/** The same heads with no de-quantize node left: class heads as int32, too, and the prototypes as int16 with one scale. */
export function allQuantized(float: Heads): Heads {
  return withIntegers(float, () => true);
}

/** What libdnn would say of the outputs of such heads; for record(). */
export function integerProperties({ tensors }: Heads): NativeTensorProperties[] {
  return tensors.map((tensor) => {
    const { quantization, type, data, shape, stride } = tensor;
    const bytes = data.BYTES_PER_ELEMENT;
    return {
      ...floatProperties(tensor),
      stride: stride.map((step) => step * bytes),
      alignedByteSize: shape.reduce((product, extent) => product * extent, bytes),
      tensorType: TENSOR_TYPE_NAMES.indexOf(`HB_DNN_TENSOR_TYPE_${type === 'int32' ? 'S32' : 'S16'}`),
      quantiType: QUANTI_TYPE_NAMES.indexOf('SCALE'),
      quantizeAxis: 3,
      scale: quantization.kind === 'scale' ? [...quantization.scale] : [],
    };
  });
}

/** The role of each output, in order. */
export function rolesOf({ layout, tensors }: Heads): HeadRole[] {
  const roles = outputRoles(layout);
  return tensors.map((_, output) => roles.get(output)!.role);
}

function withIntegers(float: Heads, chosen: (output: number) => boolean): Heads {
  const tensors = float.tensors.map((tensor, output): Tensor => {
    if (!chosen(output)) return tensor;
    if (output === float.layout.proto.output) return asInt16(tensor);
    const channels = tensor.shape.at(-1)!;
    const scale = new Float32Array(channels).fill(1e-6);
    tensor.data.forEach((value, i) => {
      scale[i % channels] = Math.max(scale[i % channels]!, Math.abs(value) / 2 ** 20);
    });
    const data = Int32Array.from(tensor.data, (value, i) => Math.round(value / scale[i % channels]!));
    return { ...tensor, type: 'int32', quantization: { kind: 'scale', scale, axis: 3 }, data };
  });
  const { inputWidth: width, inputHeight: height } = float.layout;
  const roles = rolesOf(float);
  return { ...float, tensors, layout: recognizeHeads(tensors, { width, height }, { roles }) };
}

function asInt16(tensor: Tensor): Tensor {
  const values = Float32Array.from(tensor.data);
  const most = values.reduce((sofar, value) => Math.max(sofar, Math.abs(value)), 1e-6);
  const scale = Float32Array.of(most / 0x7fff);
  const data = Int16Array.from(values, (value) => Math.round(value / scale[0]!));
  return { ...tensor, type: 'int16', quantization: { kind: 'scale', scale, axis: 3 }, data };
}

export const CROWD = 100;

/** Options that give 100 instances: a low threshold, and as much overlap as necessary. */
export function crowdOptions({ layout, tensors, letterbox }: Heads): DecodeOptions {
  for (const iou of [0.7, 0.95, 1]) {
    for (const score of [0.003, 1e-4, 1e-6, 0]) {
      const options = { score, iou, maxDetections: CROWD };
      const decoder = new Decoder(layout, { ...options, masks: 'none' }, nativeKernels());
      if (decoder.decode(tensors, letterbox).instances.length === CROWD) return options;
    }
  }
  throw new ExpectationError(`heads with ${CROWD} boxes`, 'fewer at any threshold');
}

/** What is in the heads, as values of its own: decoded by a decoder that decodes nothing else. */
export function segmentationOf({ layout, tensors, letterbox }: Heads, options?: DecodeOptions): Segmentation {
  return new Decoder(layout, options, nativeKernels()).decode(tensors, letterbox);
}

export function benchLabels({ layout }: Heads): Labels {
  return new Labels(Array.from({ length: layout.classCount }, (_, id) => `class ${id}`));
}

/** One pass over the class logits: the minimum work of a decoder, in plain JavaScript. */
export function linearPass({ layout, tensors }: Heads): Yardstick {
  const logits = layout.levels.map((level) => tensors[level.class.output]!.data);
  return {
    name: 'linear',
    run: () => logits.reduce((best, data) => Math.max(best, largest(data)), -Infinity),
  };
}

function largest(data: ArrayLike<number>): number {
  let best = -Infinity;
  for (let i = 0, length = data.length; i < length; i++) {
    const value = data[i]!;
    if (value > best) best = value;
  }
  return best;
}

/** A copy of as many bytes: the cost of touching every pixel once. */
export function memcpyOf(bytes: number): Yardstick {
  const source = noise(new Uint8Array(bytes));
  const target = new Uint8Array(bytes);
  return { name: 'memcpy', run: () => target.set(source) };
}

/** An NV12 frame of noise: the time of pixel code does not depend on the picture. */
export function noiseFrame(width: number, height: number): Nv12Frame {
  const frame = allocateNv12(width, height);
  noise(frame.data);
  return frame;
}

export function sceneFrame(width: number, height: number): Nv12Frame {
  return new Scene({ width, height, seed: 5 }).render(0).frame;
}

/** Fills with reproducible bytes that do not repeat. */
export function noise(data: Uint8Array): Uint8Array {
  let state = 1;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 48271) & 0x7fffffff) ^ i;
    data[i] = state >>> 8;
  }
  return data;
}

/** An engine that returns the same heads for every frame, to record a model for the emulator. */
export function stillEngine({ tensors, layout }: Heads): Engine {
  const input = { width: layout.inputWidth, height: layout.inputHeight };
  return {
    kind: 'onnx',
    slots: 1,
    spare: 0,
    free: 1,
    model: { file: '', input, outputs: tensors, metadata: {} },
    submit: (frame) =>
      Promise.resolve({
        tensors,
        letterbox: new Letterbox(frame.width, frame.height, input.width, input.height),
        timings: { preprocess: 0, inference: 0 },
        release: () => undefined,
      }),
    close: () => Promise.resolve(),
  };
}
