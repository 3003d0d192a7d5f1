import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { withoutTelemetry } from '../engine/onnx-telemetry.js';
import { ExpectationError, messageOf } from '../expect.js';
import type { CutReport } from './cut.js';
import { fromHalf, toHalf } from './half.js';

/** How far the cut model's heads, decoded, are from the stock model's own output on the same input. */
export interface Proof {
  /** Largest absolute difference of the class scores' logarithms, where scores are not saturated. */
  readonly score: number;
  /** Largest difference of box centres and sizes in model pixels. */
  readonly box: number;
  readonly coefficient: number;
  readonly proto: number;
}

/** What rounding explains in single and in half precision. */
const TOLERANCE: Readonly<Record<'single' | 'half', Proof>> = {
  single: { score: 1e-2, box: 1e-2, coefficient: 1e-4, proto: 1e-4 },
  half: { score: 0.5, box: 4, coefficient: 0.05, proto: 0.05 },
};

type Runtime = typeof import('onnxruntime-node');
type Outputs = Readonly<Record<string, Float32Array>>;

/**
 * Runs the stock and the cut model on the same pseudo-random picture and decodes the cut model's heads as
 * Ultralytics does (sigmoid; DFL, then distances from the cell's centre to xywh): the result must be the stock model's.
 *
 * @returns undefined where ONNX Runtime is not installed
 * @throws ExpectationError when a model does not run or they differ by more than rounding explains
 */
export async function proveCut(stock: string, cut: string, report: CutReport): Promise<Proof | undefined> {
  withoutTelemetry();
  let runtime: Runtime;
  try {
    runtime = await import('onnxruntime-node');
  } catch {
    return undefined;
  }
  const { inputWidth: width, inputHeight: height } = report;
  const picture = noise(3 * width * height);
  // One after the other: a large model is not held twice.
  const stockOutputs = await run(runtime, stock, picture, [1, 3, height, width]);
  const heads = await run(runtime, cut, picture, [1, 3, height, width]);
  const proof = compare(report, stockOutputs, heads);
  const tolerance = TOLERANCE[report.half ? 'half' : 'single'];
  for (const part of ['score', 'box', 'coefficient', 'proto'] as const) {
    // Written so that NaN fails.
    if (!(proof[part] <= tolerance[part])) {
      throw new ExpectationError(
        `the cut model to give what ${stock} gives (${part} within ${tolerance[part]})`,
        `a difference of ${proof[part]}`,
        'The graph is not what it looks like; please report the model.',
      );
    }
  }
  return proof;
}

/** Reproducible values in [0, 1), smoothed so that they look a little like a picture. */
function noise(count: number): Float32Array {
  const values = new Float32Array(count);
  let state = 12345;
  let level = 0.5;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    level = 0.9 * level + 0.1 * (state / 2 ** 32);
    values[i] = level;
  }
  return values;
}

async function run(runtime: Runtime, path: string, picture: Float32Array, shape: number[]): Promise<Outputs> {
  let session: InferenceSession | undefined;
  try {
    session = await runtime.InferenceSession.create(path, { logSeverityLevel: 3 });
    const [input] = session.inputMetadata;
    const half = input?.isTensor === true && input.type === 'float16';
    const tensor = half
      ? halfTensor(runtime, Uint16Array.from(picture, toHalf), shape)
      : new runtime.Tensor('float32', picture, shape);
    const outputs = await session.run({ [session.inputNames[0]!]: tensor });
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { type, data }]) => {
        if (type === 'float16') return [name, fromHalves(data as ArrayBufferView<ArrayBuffer>)];
        return [name, data as Float32Array];
      }),
    );
  } catch (error) {
    throw new ExpectationError(
      'a model that ONNX Runtime can run',
      `${path}: ${messageOf(error)}`,
      undefined,
      {
        cause: error,
      },
    );
  } finally {
    await session?.release();
  }
}

/**
 * Where JavaScript has Float16Array (Node.js 24 and newer), onnxruntime-common makes one of the patterns, and the native part
 * of 1.30 takes it for an empty array. It reads the property `data`, so that is what it is given.
 */
function halfTensor(runtime: Runtime, patterns: Uint16Array, shape: number[]): Tensor {
  const tensor = new runtime.Tensor('float16', patterns, shape);
  Object.defineProperty(tensor, 'data', { value: patterns });
  return tensor;
}

/** @param data of an output: Float16Array or the patterns, as JavaScript has it */
function fromHalves({ buffer, byteOffset, byteLength }: ArrayBufferView<ArrayBuffer>): Float32Array {
  return Float32Array.from(new Uint16Array(buffer, byteOffset, byteLength / 2), fromHalf);
}

function compare(report: CutReport, stock: Outputs, heads: Outputs): Proof {
  const { classCount, inputWidth, inputHeight } = report;
  const proto = report.heads.at(-1)!;
  const levels = (report.heads.length - 1) / 3;
  const protoStock = stock[proto.value]!;
  const detections = Object.entries(stock).find(([name]) => name !== proto.value)![1];
  const [, protoHeight, protoWidth, k] = proto.shape;
  const worst = { score: 0, box: 0, coefficient: 0, proto: 0 };
  const note = (part: keyof Proof, difference: number): void => {
    if (difference > worst[part] || Number.isNaN(difference)) worst[part] = difference;
  };

  const protoHead = heads[proto.name]!;
  const plane = protoHeight * protoWidth;
  for (let cell = 0; cell < plane; cell++) {
    for (let c = 0; c < k; c++) {
      note('proto', Math.abs(protoHead[cell * k + c]! - protoStock[c * plane + cell]!));
    }
  }

  const cells = detections.length / (4 + classCount + k);
  const sides = new Float64Array(4);
  let first = 0;
  for (let level = 0; level < levels; level++) {
    const [coefficients, box, scores] = [0, levels, 2 * levels].map(
      (offset) => report.heads[offset + level]!,
    );
    const [, rows, columns, boxChannels] = box!.shape;
    const [mc, distances, logits] = [coefficients, box, scores].map((head) => heads[head!.name]!);
    for (let cell = 0; cell < rows * columns; cell++) {
      const at = (channel: number): number => detections[channel * cells + first + cell]!;
      ltrb(distances!, cell * boxChannels, boxChannels / 4, sides);
      const [left, top, right, bottom] = sides as unknown as [number, number, number, number];
      const [x, y] = [(cell % columns) + 0.5, Math.floor(cell / columns) + 0.5];
      const [stepX, stepY] = [inputWidth / columns, inputHeight / rows];
      note('box', Math.abs((x + (right - left) / 2) * stepX - at(0)));
      note('box', Math.abs((y + (bottom - top) / 2) * stepY - at(1)));
      note('box', Math.abs((left + right) * stepX - at(2)));
      note('box', Math.abs((top + bottom) * stepY - at(3)));
      for (let c = 0; c < classCount; c++) {
        const score = 1 / (1 + Math.exp(-logits![cell * classCount + c]!));
        const expected = at(4 + c);
        // Tiny scores have no digits left in half precision; all count absolutely.
        const tiny = score < 1e-4 || expected < 1e-4;
        note('score', tiny ? Math.abs(score - expected) : Math.abs(Math.log(score / expected)));
      }
      for (let c = 0; c < k; c++) {
        note('coefficient', Math.abs(mc![cell * k + c]! - at(4 + classCount + c)));
      }
    }
    first += rows * columns;
  }
  return worst;
}

/** The four distances of a cell in units of its stride: the expectation over the DFL bins, or the plain numbers. */
function ltrb(box: Float32Array, offset: number, regMax: number, into: Float64Array): void {
  for (let side = 0; side < 4; side++) {
    const start = offset + side * regMax;
    if (regMax === 1) {
      into[side] = box[start]!;
      continue;
    }
    let top = -Infinity;
    for (let bin = 0; bin < regMax; bin++) top = Math.max(top, box[start + bin]!);
    let [sum, weighted] = [0, 0];
    for (let bin = 0; bin < regMax; bin++) {
      const weight = Math.exp(box[start + bin]! - top);
      sum += weight;
      weighted += weight * bin;
    }
    into[side] = weighted / sum;
  }
}
