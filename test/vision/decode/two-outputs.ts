import { packedStride, type Tensor, UNQUANTIZED } from '../../../src/vision/tensor/tensor.js';
import type { RealHead } from './synthetic.js';

/** What a network makes of its heads when it decodes them itself, cell by cell, written from the definition. */
export interface Decoded {
  readonly cells: number;
  readonly classes: number;
  readonly coefficients: number;
  /** By cell: center x, y, width, height in model pixels, scores, coefficients. */
  readonly rows: readonly Float32Array[];
}

export function decodeCells(heads: readonly RealHead[]): Decoded {
  const of = (role: RealHead['role']): RealHead[] =>
    heads.filter((head) => head.role === role).sort((a, b) => a.stride - b.stride);
  const [boxes, scores, coefficients] = [of('box'), of('class'), of('coefficient')];
  const rows: Float32Array[] = [];
  for (const [level, box] of boxes.entries()) {
    for (let cell = 0; cell < box.width * box.height; cell++) {
      const sides = [0, 1, 2, 3].map((side) => box.stride * distance(box, cell, side));
      const [left, top, right, bottom] = sides as [number, number, number, number];
      const x = ((cell % box.width) + 0.5) * box.stride;
      const y = (Math.floor(cell / box.width) + 0.5) * box.stride;
      rows.push(
        Float32Array.of(
          x + (right - left) / 2,
          y + (bottom - top) / 2,
          left + right,
          top + bottom,
          ...of1(scores[level]!, cell).map((logit) => 1 / (1 + Math.exp(-logit))),
          ...of1(coefficients[level]!, cell),
        ),
      );
    }
  }
  return {
    cells: rows.length,
    classes: scores[0]!.channels,
    coefficients: coefficients[0]!.channels,
    rows,
  };
}

function of1({ values, channels }: RealHead, cell: number): number[] {
  return [...values.subarray(cell * channels, (cell + 1) * channels)];
}

function distance(box: RealHead, cell: number, side: number): number {
  const bins = box.channels / 4;
  const logits = of1(box, cell).slice(side * bins, (side + 1) * bins);
  if (bins === 1) return logits[0]!;
  const weights = logits.map((logit) => Math.exp(logit));
  const sum = weights.reduce((a, b) => a + b);
  return weights.reduce((total, weight, bin) => total + (bin * weight) / sum, 0);
}

/** The `count` rows of the best scores: corners, score, class, coefficients. */
export function chooseInstances({ rows, classes }: Decoded, count: number): Float32Array[] {
  const pairs = rows.flatMap((row, cell) =>
    Array.from({ length: classes }, (_, id) => ({ cell, id, score: row[4 + id]! })),
  );
  pairs.sort((a, b) => b.score - a.score);
  return pairs.slice(0, count).map(({ cell, id, score }) => {
    const row = rows[cell]!;
    const [x, y, w, h] = row as unknown as [number, number, number, number];
    const corners = [x - w / 2, y - h / 2, x + w / 2, y + h / 2];
    return Float32Array.of(...corners, score, id, ...row.subarray(4 + classes));
  });
}

/** How a list of rows lies in memory. C: what is said of each; N: the rows. */
export interface ListStorage {
  readonly shape: 'CN' | 'CN1' | '1CN' | 'NC' | '1NC' | 'N1C';
  /** Elements of padding behind each run along the last axis. */
  readonly pad?: number;
  readonly type?: 'float32' | 'int16' | 'int32';
  readonly scales?: 'tensor' | 'channel';
}

const LARGEST = { float32: 0, int16: 2 ** 15 - 1, int32: 2 ** 24 };

/** An output that holds rows. Padding is filled with values that would be seen if read. */
export function storeList(rows: readonly Float32Array[], storage: ListStorage, name = 'output0'): Tensor {
  const { shape: letters, pad = 0, type = 'float32', scales = 'tensor' } = storage;
  const extent = { C: rows[0]!.length, N: rows.length, '1': 1 };
  const shape = [1, ...[...letters].map((letter) => extent[letter as 'C' | 'N' | '1'])];
  const axisOf = (letter: 'C' | 'N'): number => 1 + letters.indexOf(letter);
  const long = Math.max(axisOf('C'), axisOf('N'));
  const stride = packedStride(shape.map((count, axis) => (axis === long ? count + pad : count)));
  const largest = new Float64Array(extent.C).fill(1e-3);
  for (const row of rows) row.forEach((value, c) => (largest[c] = Math.max(largest[c]!, Math.abs(value))));
  const whole = Math.max(...largest);
  const scale = Array.from(largest, (most) => (scales === 'tensor' ? whole : most) / LARGEST[type]);
  const data = new { float32: Float32Array, int16: Int16Array, int32: Int32Array }[type](
    stride[1]! * shape[1]!,
  ).fill(type === 'float32' ? 1e6 : LARGEST[type]);
  for (const [n, row] of rows.entries()) {
    row.forEach((value, c) => {
      const at = n * stride[axisOf('N')]! + c * stride[axisOf('C')]!;
      data[at] = type === 'float32' ? value : Math.round(value / scale[c]!);
    });
  }
  const stored = Float32Array.from(scales === 'tensor' ? [scale[0]!] : scale);
  return {
    name,
    shape,
    stride,
    type,
    quantization: type === 'float32' ? UNQUANTIZED : { kind: 'scale', scale: stored, axis: axisOf('C') },
    data,
  };
}
