import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { withoutTelemetry } from './onnx-telemetry.js';
import { ExpectationError, messageOf } from '../../base/expect.js';
import type { CutReport } from '../../model/prepare/cut.js';
import { fromHalf, toHalf } from '../../model/onnx/half.js';

/** How far the cut model's heads, decoded, are from the stock model's own output on the same input. */
export interface Proof {
  /** Largest absolute difference of the class scores' logarithms, where scores are not saturated. */
  readonly score: number;
  /** Largest difference of box centers and sizes in model pixels. */
  readonly box: number;
  readonly coefficient: number;
  readonly proto: number;
}

/** Differences that rounding explains, in single and in half precision. */
const TOLERANCE: Readonly<Record<'single' | 'half', Proof>> = {
  single: { score: 1e-2, box: 1e-2, coefficient: 1e-4, proto: 1e-4 },
  half: { score: 0.5, box: 4, coefficient: 0.05, proto: 0.05 },
};

/** Larger than any fraction of a tolerance. */
const FAR = 1e9;

type Runtime = typeof import('onnxruntime-node');
type Outputs = Readonly<Record<string, Float32Array>>;

/**
 * Runs the stock and the cut model on the same pseudo-random picture and decodes the cut model's heads as Ultralytics does
 * (sigmoid; DFL, then distances from the cell's center to xywh): the result must equal the stock model's output. If the
 * stock model selects its instances, they must be those with the best scores.
 *
 * @returns undefined if ONNX Runtime is not installed
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
  // One after the other, so that a large model is not in memory twice.
  const stockOutputs = await run(runtime, stock, picture, [1, 3, height, width]);
  const heads = await run(runtime, cut, picture, [1, 3, height, width]);
  const proof = compareOutputs(report, stockOutputs, heads);
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

/** Reproducible values in [0, 1), smoothed to resemble a picture. */
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
      'Check it with tros-yolo-seg info, or export it again.',
      {
        cause: error,
      },
    );
  } finally {
    await session?.release();
  }
}

/**
 * If JavaScript has Float16Array (Node.js 24 and newer), onnxruntime-common converts the bit patterns to one, which the
 * native part of 1.30 mistakes for an empty array. The native part reads the property `data`, so the patterns are set there.
 */
function halfTensor(runtime: Runtime, patterns: Uint16Array, shape: number[]): Tensor {
  const tensor = new runtime.Tensor('float16', patterns, shape);
  Object.defineProperty(tensor, 'data', { value: patterns });
  return tensor;
}

/** @param data of an output: a Float16Array or bit patterns, depending on the version of Node.js */
function fromHalves({ buffer, byteOffset, byteLength }: ArrayBufferView<ArrayBuffer>): Float32Array {
  return Float32Array.from(new Uint16Array(buffer, byteOffset, byteLength / 2), fromHalf);
}

/** One decoded cell of the cut model's heads, in the form of the stock model's output. */
interface Cell {
  /** Center x, y, width, height in model pixels. */
  readonly box: Float64Array;
  readonly scores: Float64Array;
  readonly coefficients: Float32Array;
}

class Worst {
  readonly proof = { score: 0, box: 0, coefficient: 0, proto: 0 };

  note(part: keyof Proof, difference: number): void {
    if (difference > this.proof[part] || Number.isNaN(difference)) this.proof[part] = difference;
  }

  score(found: number, expected: number): void {
    this.note('score', scoreDifference(found, expected));
  }
}

function scoreDifference(found: number, expected: number): number {
  // Tiny scores have no digits left in half precision, so all differences are absolute.
  const tiny = found < 1e-4 || expected < 1e-4;
  return tiny ? Math.abs(found - expected) : Math.abs(Math.log(found / expected));
}

/** How far the heads of a cut model, decoded, are from the outputs of the stock model. */
export function compareOutputs(report: CutReport, stock: Outputs, heads: Outputs): Proof {
  const worst = new Worst();
  const proto = report.heads.at(-1)!;
  const [, protoHeight, protoWidth, k] = proto.shape;
  const protoStock = stock[proto.value]!;
  const protoHead = heads[proto.name]!;
  const plane = protoHeight * protoWidth;
  for (let cell = 0; cell < plane; cell++) {
    for (let c = 0; c < k; c++) {
      worst.note('proto', Math.abs(protoHead[cell * k + c]! - protoStock[c * plane + cell]!));
    }
  }
  const detections = Object.entries(stock).find(([name]) => name !== proto.value)![1];
  if (report.form === 'instances') compareInstances(report, detections, heads, worst);
  else compareCells(report, detections, heads, worst);
  return worst.proof;
}

/** @param detections [1, 4 + C + K, cells] */
function compareCells(report: CutReport, detections: Float32Array, heads: Outputs, worst: Worst): void {
  const { classCount } = report;
  const cells = detections.length / (4 + classCount + report.heads.at(-1)!.shape[3]);
  let at = 0;
  for (const { box, scores, coefficients } of decodedCells(report, heads)) {
    const of = (channel: number): number => detections[channel * cells + at]!;
    box.forEach((side, c) => worst.note('box', Math.abs(side - of(c))));
    scores.forEach((score, c) => worst.score(score, of(4 + c)));
    coefficients.forEach((value, c) => worst.note('coefficient', Math.abs(value - of(4 + classCount + c))));
    at++;
  }
}

/**
 * Each row must match some cell. Among cells whose box is within the tolerance, the best match counts, because neighbors may
 * have the same box in half precision; otherwise the cell with the nearest box. No cell with a better score may be missing.
 *
 * @param rows [1, count, 6 + K]: corners, score, class, coefficients
 */
function compareInstances(report: CutReport, rows: Float32Array, heads: Outputs, worst: Worst): void {
  const length = 6 + report.heads.at(-1)!.shape[3];
  const count = rows.length / length;
  const nearest = new Float64Array(count).fill(Infinity);
  const tolerance = TOLERANCE[report.half ? 'half' : 'single'];
  const differences = Array.from({ length: count }, () => ({ box: NaN, score: [0, 0], coefficient: NaN }));
  const scores = Array.from({ length: count }, (_, row) => rows[row * length + 4]!);
  const [most, least] = [Math.max(...scores), Math.min(...scores)];
  const margin = Math.exp(tolerance.score);
  let [best, better] = [0, 0];
  for (const { box, scores, coefficients } of decodedCells(report, heads)) {
    const [x, y, w, h] = box as unknown as [number, number, number, number];
    const [left, top, right, bottom] = [x - w / 2, y - h / 2, x + w / 2, y + h / 2];
    const score = scores.reduce((high, value) => Math.max(high, value), 0);
    best = Math.max(best, score);
    if (score > least * margin) better++;
    for (let row = 0; row < count; row++) {
      const of = (column: number): number => rows[row * length + column]!;
      const offX = Math.max(Math.abs(left - of(0)), Math.abs(right - of(2)));
      const off = Math.max(offX, Math.abs(top - of(1)), Math.abs(bottom - of(3)));
      const within = off <= tolerance.box;
      // Cells within the tolerances have fractions below this; all others rank behind them by their boxes.
      if (!within && !(FAR + off < nearest[row]!)) continue;
      const coefficient = coefficients.reduce(
        (most, value, c) => Math.max(most, Math.abs(value - of(6 + c))),
        0,
      );
      const said = scores[of(5)] ?? NaN;
      const share = Math.max(
        scoreDifference(said, of(4)) / tolerance.score,
        coefficient / tolerance.coefficient,
      );
      const rank = within ? Math.min(FAR, Number.isNaN(share) ? FAR : share) : FAR + off;
      if (!(rank < nearest[row]!)) continue;
      nearest[row] = rank;
      differences[row] = { box: off, score: [said, of(4)], coefficient };
    }
  }
  worst.score(best, most);
  if (better > count) worst.note('score', Infinity);
  for (const { box, score, coefficient } of differences) {
    worst.note('box', box);
    worst.note('coefficient', coefficient);
    worst.score(score[0]!, score[1]!);
  }
}

/** All cells, finest level first. Each is valid until the next is yielded. */
function* decodedCells({ heads: named, ...report }: CutReport, heads: Outputs): Generator<Cell> {
  const { classCount, inputWidth, inputHeight } = report;
  const k = named.at(-1)!.shape[3];
  const levels = (named.length - 1) / 3;
  const [sides, box, scores] = [new Float64Array(4), new Float64Array(4), new Float64Array(classCount)];
  for (let level = 0; level < levels; level++) {
    const [mcHead, boxHead, classHead] = [0, levels, 2 * levels].map((offset) => named[offset + level]!);
    const [, rows, columns, boxChannels] = boxHead!.shape;
    const [mc, distances, logits] = [mcHead, boxHead, classHead].map((head) => heads[head!.name]!);
    const [stepX, stepY] = [inputWidth / columns, inputHeight / rows];
    for (let cell = 0; cell < rows * columns; cell++) {
      ltrb(distances!, cell * boxChannels, boxChannels / 4, sides);
      const [left, top, right, bottom] = sides as unknown as [number, number, number, number];
      const [x, y] = [(cell % columns) + 0.5, Math.floor(cell / columns) + 0.5];
      box[0] = (x + (right - left) / 2) * stepX;
      box[1] = (y + (bottom - top) / 2) * stepY;
      box[2] = (left + right) * stepX;
      box[3] = (top + bottom) * stepY;
      for (let c = 0; c < classCount; c++) scores[c] = 1 / (1 + Math.exp(-logits![cell * classCount + c]!));
      yield { box, scores, coefficients: mc!.subarray(cell * k, (cell + 1) * k) };
    }
  }
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
