import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { boxDecoder, CandidateBoxes } from '../../../src/vision/decode/box.js';
import { channelScales } from '../../../src/vision/decode/dequantize.js';
import { cellOffset, type Head } from '../../../src/vision/decode/head-layout.js';
import { headBlock } from '../../../src/vision/decode/head-block.js';
import { GridAxis, type MaskGrid } from '../../../src/vision/decode/mask-grid.js';
import { MaskLogits } from '../../../src/vision/decode/mask-logits.js';
import { RunFinder } from '../../../src/vision/decode/run-finder.js';
import { PolygonTracer } from '../../../src/vision/mask/polygon.js';
import { NonMaximumSuppression } from '../../../src/vision/decode/nms.js';
import { Candidates } from '../../../src/vision/decode/scan.js';
import { CellScanner } from '../../../src/vision/decode/scan-cells.js';
import { KernelScanner } from '../../../src/vision/decode/scan-kernel.js';
import { PlaneScanner } from '../../../src/vision/decode/scan-planes.js';
import { softExp } from '../../../src/vision/decode/soft-exp.js';
import {
  packedStride,
  type Quantization,
  type Tensor,
  type TensorData,
  type TensorType,
  UNQUANTIZED,
} from '../../../src/vision/tensor/tensor.js';
import { addon } from '../../../src/native/addon.js';
import { nativeKernels } from '../../../src/native/kernels.js';

const ARRAYS = {
  float32: Float32Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
} as const;
const TYPES = Object.keys(ARRAYS) as TensorType[];

/** A head in a tensor of its own, with memory between its rows and cells that is none of it. */
interface Case {
  readonly head: Head;
  readonly tensor: Tensor;
}

/** Numbers that heads have, and those of broken ones. */
const broken = fc.constantFrom(NaN, Infinity, -Infinity, -0, 0, 1e-45, -1e-45, 3e38, -3e38);

function cases(channels: fc.Arbitrary<number>, types: readonly TensorType[] = TYPES): fc.Arbitrary<Case> {
  return fc
    .record({
      type: fc.constantFrom(...types),
      height: fc.integer({ min: 1, max: 9 }),
      width: fc.integer({ min: 1, max: 13 }),
      channels,
      planes: fc.boolean(),
      first: fc.integer({ min: 0, max: 3 }),
      gap: fc.constantFrom(0, 0, 0, 1, 5),
      scales: fc.constantFrom('none', 'one', 'each', 'negative', 'zeros'),
      seed: fc.integer(),
      odd: fc.array(fc.tuple(fc.nat(), broken), { maxLength: 6 }),
    })
    .map(({ type, height, width, channels: count, planes, first, gap, scales, seed, odd }) => {
      const all = first + count;
      const shape = planes ? [1, all, height, width] : [1, height, width, all];
      const [strideC, strideY, strideX] = planes
        ? [height * width + gap, width, 1]
        : [1, width * (all + gap) + gap, all + gap];
      const data: TensorData = new ARRAYS[type](
        (height - 1) * strideY + (width - 1) * strideX + (all - 1) * strideC + 1,
      );
      const random = randomNumbers(seed);
      const most = type === 'float32' ? 12 : type.endsWith('8') ? 128 : 40_000;
      for (let i = 0; i < data.length; i++) data[i] = (2 * random() - 1.2) * most;
      if (type === 'float32') for (const [at, value] of odd) data[at % data.length] = value;
      const info = {
        ...{ name: 'head', shape, stride: packedStride(shape), type },
        quantization: quantization(scales, all, random, planes ? 1 : 3, most),
      };
      const head: Head = {
        ...{ output: 0, info, height, width, channels: count, strideY, strideX, strideC },
        ...{ axis: planes ? 1 : 3, first },
      };
      return { head, tensor: { ...info, data } };
    });
}

function quantization(
  kind: string,
  channels: number,
  random: () => number,
  axis: number,
  most: number,
): Quantization {
  if (kind === 'none') return UNQUANTIZED;
  const unit = 12 / most;
  const each = kind === 'one' ? 1 : channels;
  const scale = Float32Array.from({ length: each }, () => unit * (0.1 + 2 * random()));
  if (kind === 'negative') scale[Math.floor(random() * each)] = random() < 0.5 ? 0 : -unit;
  const zeroPoint = kind === 'zeros' ? Int8Array.from({ length: each }, () => 40 * random() - 20) : undefined;
  return { kind: 'scale', scale, zeroPoint, axis };
}

function randomNumbers(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state = Math.imul(state, 1_664_525) + 1_013_904_223;
    return (state >>> 8) / 2 ** 24;
  };
}

/** What a scanner adds, bit by bit. */
function candidatesOf(found: Candidates): unknown {
  const { score, classId, level, cell, count } = found;
  return [score, classId, level, cell].map((list) => [
    ...Buffer.from(list.buffer, 0, count * list.BYTES_PER_ELEMENT),
  ]);
}

const kernels = nativeKernels();
const { usable, chosen } = addon().decodeKernels();

for (const name of usable) {
  describe(`kernels of ${name} give the same bits as in TypeScript`, () => {
    before(() => void addon().pixelKernels(name));
    after(() => void addon().pixelKernels(chosen));

    it('by their name', () => assert.equal(kernels.name, name));

    it('when they search classes', () => {
      const limit = fc.oneof(
        fc.double({ min: -14, max: 14, noNaN: true }),
        fc.constantFrom(-Infinity, Infinity, 0),
      );
      const channels = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(16, 80, 131));
      fc.assert(
        fc.property(
          cases(channels),
          fc.array(limit, { minLength: 1, maxLength: 4 }),
          ({ head, tensor }, some) => {
            const limits = Float64Array.from({ length: head.channels }, (_, c) => some[c % some.length]!);
            const lowest = Math.min(...limits);
            const scales = channelScales(head);
            const { width, height, strideX, strideY, strideC } = head;
            const planes = strideC !== 1 && strideX === 1 && (height === 1 || strideY === width);
            const wanted = new Candidates(2 * width * height);
            const scanner = planes ? new PlaneScanner(head, scales, 1) : new CellScanner(head, scales, 1);
            scanner.scan(tensor, limits, lowest, wanted);
            const found = new Candidates(2 * width * height);
            new KernelScanner(kernels, head, scales, 1).scan(tensor, limits, lowest, found);
            assert.deepEqual(candidatesOf(found), candidatesOf(wanted));
          },
        ),
        { numRuns: 3000 },
      );
    });

    it('when they search long rows, wherever the one value is', () => {
      for (const type of TYPES) {
        const [width, channels] = [41, 80];
        const info = {
          name: 'head',
          shape: [1, 1, width, channels],
          stride: packedStride([1, 1, width, channels]),
          type,
        };
        const head: Head = {
          ...{
            output: 0,
            info: { ...info, quantization: UNQUANTIZED },
            height: 1,
            width,
            channels,
            axis: 3,
            first: 0,
          },
          ...{ strideY: width * channels, strideX: channels, strideC: 1 },
        };
        const data: TensorData = new ARRAYS[type](width * channels);
        for (const [low, limit, high] of type.startsWith('u')
          ? [[3, 9, 10]]
          : [
              [-9, -1, 0],
              [-9, -3, -2],
              [-9, 2, 3],
            ]) {
          const limits = new Float64Array(channels).fill(limit!);
          data.fill(low!);
          const scanner = new KernelScanner(kernels, head, undefined, 0);
          const found = new Candidates(width);
          for (let at = 0; at < data.length; at += 7) {
            data[at] = high!;
            found.count = 0;
            scanner.scan({ ...head.info, data }, limits, limit!, found);
            data[at] = low!;
            assert.equal(found.count, 1);
            assert.deepEqual([found.cell[0], found.classId[0]], [Math.floor(at / channels), at % channels]);
          }
        }
      }
    });

    it('when they decode boxes', () => {
      const bins = fc.constantFrom(1, 2, 16);
      fc.assert(
        fc.property(
          bins.chain((count) => fc.tuple(fc.constant(count), cases(fc.constant(4 * count)))),
          ([regMax, { head, tensor }]) => {
            const cells = head.width * head.height;
            const scales = channelScales(head);
            const level = { stride: 8, class: head, box: head, coefficient: head };
            const decoder = boxDecoder({ form: 'heads', regMax } as never);
            const wanted = new CandidateBoxes(cells);
            const wantedValid = Uint8Array.from({ length: cells }, (_, i) =>
              decoder.decode(tensor, level, scales, i, wanted, i) ? 1 : 0,
            );
            const found = new CandidateBoxes(cells);
            const valid = new Uint8Array(cells);
            const order = Int32Array.from({ length: cells }, (_, i) => i);
            kernels.boxes(tensor.data, headBlock(head, scales), 8, regMax, order, 0, cells, found, valid);
            assert.deepEqual(valid, wantedValid);
            for (const side of ['x1', 'y1', 'x2', 'y2'] as const) {
              assert.deepEqual(
                found[side].filter((_, i) => valid[i]),
                wanted[side].filter((_, i) => valid[i]),
              );
            }
          },
        ),
        { numRuns: 1000 },
      );
    });

    it('when they combine prototypes', () => {
      const channels = fc.constantFrom(1, 7, 8, 12, 16, 32, 32, 32, 40);
      fc.assert(
        fc.property(
          cases(channels),
          fc.integer(),
          fc.array(fc.nat(), { minLength: 4, maxLength: 4 }),
          (item, seed, at) => {
            const { head, tensor } = item;
            const random = randomNumbers(seed);
            const coefficients = Float32Array.from({ length: head.channels }, () => 4 * random() - 2);
            const [x1, x2] = [at[0]! % head.width, at[1]! % head.width].sort((a, b) => a - b);
            const [y1, y2] = [at[2]! % head.height, at[3]! % head.height].sort((a, b) => a - b);
            const area = { firstColumn: x1!, lastColumn: x2!, firstRow: y1!, lastRow: y2! };
            const scales = channelScales(head);
            const wanted = new MaskLogits(head, scales);
            wanted.combine(tensor, coefficients, area);
            const found = new MaskLogits(head, scales, kernels);
            found.combine(tensor, coefficients, area);
            assert.deepEqual(found.values, wanted.values);
            assert.ok(found.values.every(Number.isFinite));
            // The sums themselves, with a tolerance: both forms might be wrong in the same way.
            const cell = y1! * head.width + x1!;
            const terms = [...coefficients].map((factor, k) => {
              const stored = tensor.data[cellOffset(head, cell) + k * head.strideC]!;
              return factor * (scales ? (stored - scales.zero[k]!) * scales.scale[k]! : stored);
            });
            const add = (sum: number, term: number): number => sum + term;
            const sum = terms.reduce(add, 0);
            const size = terms.map(Math.abs).reduce(add, 0);
            if (size < 1e6) assert.ok(Math.abs(found.values[0]! - sum) <= 1e-4 + 1e-5 * size, `${sum}`);
          },
        ),
        { numRuns: 2000 },
      );
    });
  });
}

/** A grid over prototypes of some size, a crop of it, and logits around that: what MaskBuilder would give. */
const masks = fc
  .record({
    protos: fc.tuple(fc.integer({ min: 1, max: 14 }), fc.integer({ min: 1, max: 14 })),
    perProto: fc.tuple(
      fc.double({ min: 0.6, max: 9, noNaN: true }),
      fc.double({ min: 0.6, max: 9, noNaN: true }),
    ),
    corners: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 }),
    seed: fc.integer(),
    smooth: fc.boolean(),
  })
  .map(({ protos, perProto, corners, seed, smooth }) => {
    const [x, y] = [0, 1].map((axis) => {
      const cells = Math.max(1, Math.floor(protos[axis]! * perProto[axis]!));
      const scale = protos[axis]! / cells;
      return new GridAxis(cells, 1, 0, 0, cells, scale, 0.5 * scale - 0.5, protos[axis]!);
    }) as [GridAxis, GridAxis];
    const side = (axis: GridAxis, a: number, b: number): [number, number] => {
      const from = Math.min(axis.cells - 1, Math.floor(Math.min(a, b) * axis.cells));
      return [from, Math.max(from + 1, Math.ceil(Math.max(a, b) * axis.cells))];
    };
    const [left, right] = side(x, corners[0]!, corners[1]!);
    const [top, bottom] = side(y, corners[2]!, corners[3]!);
    const protoAt = (axis: GridAxis, cell: number): number =>
      Math.max(0, Math.min(axis.protos - 1, Math.floor(axis.scale * cell + axis.offset)));
    const area = {
      firstColumn: protoAt(x, left),
      lastColumn: Math.min(protoAt(x, right - 1) + 1, x.protos - 1),
      firstRow: protoAt(y, top),
      lastRow: Math.min(protoAt(y, bottom - 1) + 1, y.protos - 1),
    };
    const random = randomNumbers(seed);
    const columns = area.lastColumn - area.firstColumn + 1;
    const logits = Float32Array.from({ length: columns * (area.lastRow - area.firstRow + 1) }, (_, i) =>
      smooth ? 3 - Math.hypot((i % columns) - columns / 2, i / columns - 3) + random() : 6 * random() - 3,
    );
    return { grid: { x, y } satisfies MaskGrid, crop: { left, top, right, bottom }, area, logits };
  });

describe('runs of masks', () => {
  it('are the cells where the bilinear surface is above 0, in both forms', () => {
    fc.assert(
      fc.property(masks, ({ grid, crop, area, logits }) => {
        const wanted = new RunFinder().find(crop, grid, area, logits);
        assert.deepEqual(new RunFinder(kernels).find(crop, grid, area, logits), wanted);
        const [width, height] = [crop.right - crop.left, crop.bottom - crop.top];
        const inside = new Uint8Array(width * height);
        for (let i = 0; i < wanted.length; i += 2) {
          assert.ok(
            wanted[i]! < wanted[i + 1]! && (i === 0 || wanted[i - 1]! < wanted[i]!),
            'in order and apart',
          );
          inside.fill(1, wanted[i], wanted[i + 1]);
        }
        const columns = area.lastColumn - area.firstColumn + 1;
        const logit = (x: number, y: number): number => {
          const column = Math.max(area.firstColumn, Math.min(area.lastColumn, x)) - area.firstColumn;
          const row = Math.max(area.firstRow, Math.min(area.lastRow, y)) - area.firstRow;
          return logits[row * columns + column]!;
        };
        for (let cell = 0; cell < inside.length; cell++) {
          const px = grid.x.scale * (crop.left + (cell % width)) + grid.x.offset;
          const py = grid.y.scale * (crop.top + Math.floor(cell / width)) + grid.y.offset;
          const [x, y] = [Math.floor(px), Math.floor(py)];
          const upper = logit(x, y) + (logit(x + 1, y) - logit(x, y)) * (px - x);
          const lower = logit(x, y + 1) + (logit(x + 1, y + 1) - logit(x, y + 1)) * (px - x);
          const surface = upper + (lower - upper) * (py - y);
          if (Math.abs(surface) > 1e-5)
            assert.equal(inside[cell], surface > 0 ? 1 : 0, `cell ${cell}: ${surface}`);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('of several masks are stored one after the other, even beyond the first capacity', () => {
    const some = fc.sample(masks, { numRuns: 100, seed: 3 });
    const runsOf = ({ crop, grid, area, logits }: (typeof some)[0], of: RunFinder): number[] => [
      ...of.find(crop, grid, area, logits),
    ];
    const [first, second] = some.sort(
      (a, b) => runsOf(b, new RunFinder()).length - runsOf(a, new RunFinder()).length,
    );
    for (const form of [undefined, kernels]) {
      const runs = new RunFinder(form);
      const found = Array.from({ length: 400 }, (_, i) => {
        return runsOf((i % 2 === 0 ? first : second)!, runs);
      });
      assert.ok(found[1]!.length > 20 && found[0]!.length > found[1]!.length);
      found.forEach((list, i) => assert.deepEqual(list, found[i % 2]));
    }
  });
});

describe('suppression of overlapping boxes', () => {
  /** Few places, sizes and scores, so that many overlap and many are equal. */
  const candidate = fc.record({
    score: fc.constantFrom(-Infinity, -3e38, -2, -0.5, -0, 0, 0.25, 0.25, 0.5, 3, 3e38),
    classId: fc.nat(2),
    corner: fc.tuple(fc.nat(6), fc.nat(6)),
    size: fc.tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 8 })),
    valid: fc.constantFrom(1, 1, 1, 0),
  });

  it('keeps the same boxes in the same order in both forms', () => {
    fc.assert(
      fc.property(
        fc.array(candidate, { maxLength: 60 }),
        fc.constantFrom(0, 0.2, 0.5, 0.7, 1, NaN),
        fc.integer({ min: 1, max: 70 }),
        (list, iou, most) => {
          const candidates = new Candidates(list.length);
          const boxes = new CandidateBoxes(list.length);
          candidates.count = list.length;
          list.forEach(({ score, classId, corner: [x, y], size: [w, h] }, i) => {
            candidates.score[i] = score;
            candidates.classId[i] = classId;
            boxes.set(i, x, y, x + w, y + h);
          });
          const valid = Uint8Array.from(list, (item) => item.valid);
          const [wanted, found] = [undefined, kernels].map((form) => {
            const nms = new NonMaximumSuppression(list.length, form);
            return [...nms.kept.subarray(0, nms.run(candidates, boxes, valid, iou, most))];
          });
          assert.deepEqual(found, wanted);
          // The best come first, and of equals those of the first cells.
          const order = [...list.keys()]
            .filter((i) => valid[i] === 1)
            .sort((a, b) => {
              const [first, second] = [list[a]!.score, list[b]!.score];
              return first === second ? a - b : second > first ? 1 : -1;
            });
          const kept: number[] = [];
          for (const i of order) {
            const gone = kept.some(
              (k) => list[k]!.classId === list[i]!.classId && overlap(list[k]!, list[i]!) > iou,
            );
            if (!(gone && iou < 1) && kept.length < most) kept.push(i);
          }
          assert.deepEqual(found, kept);
        },
      ),
      { numRuns: 3000 },
    );
  });

  interface Placed {
    readonly corner: readonly [number, number];
    readonly size: readonly [number, number];
  }

  function overlap(a: Placed, b: Placed): number {
    const [width, height] = [0, 1].map((axis) => {
      const end = Math.min(a.corner[axis]! + a.size[axis]!, b.corner[axis]! + b.size[axis]!);
      return Math.max(0, end - Math.max(a.corner[axis]!, b.corner[axis]!));
    }) as [number, number];
    const both = width * height;
    return both / (a.size[0] * a.size[1] + b.size[0] * b.size[1] - both);
  }
});

describe('softExp', () => {
  it('is e^x within a unit in the last place', () => {
    fc.assert(
      fc.property(fc.double({ min: -690, max: 0, noNaN: true }), (x) => {
        const wanted = Math.exp(x);
        assert.ok(Math.abs(softExp(x) - wanted) <= wanted * 2 ** -52, `${x}`);
      }),
      { numRuns: 20_000 },
    );
    assert.deepEqual([0, -0, -701, -Infinity, NaN].map(softExp), [1, 1, 0, 0, NaN]);
  });
});

/** Any mask: noise, and shapes with holes. */
const bitmaps = fc
  .record({
    width: fc.integer({ min: 1, max: 40 }),
    height: fc.integer({ min: 1, max: 30 }),
    density: fc.double({ min: 0, max: 1, noNaN: true }),
    rings: fc.boolean(),
    seed: fc.integer(),
  })
  .map(({ width, height, density, rings, seed }) => {
    const random = randomNumbers(seed);
    const data = Uint8Array.from({ length: width * height }, (_, i) => {
      if (!rings) return random() < density ? 1 : 0;
      return Math.floor(Math.hypot((i % width) - width / 2, i / width - height / 2) / 3 + density) % 2;
    });
    return { x: 3, y: 5, width, height, data };
  });

describe('contours of runs', () => {
  it('are those of the bitmap, corner by corner', () => {
    const options = fc.record({
      tolerance: fc.constantFrom(0, 0.5, 1, 1, 2.5),
      minArea: fc.constantFrom(0, 1, 4, 9),
      scaleX: fc.constantFrom(1, 1.5),
    });
    fc.assert(
      fc.property(bitmaps, options, (mask, asked) => {
        assert.deepEqual(
          new PolygonTracer(kernels).trace(mask, asked),
          new PolygonTracer().trace(mask, asked),
        );
      }),
      { numRuns: 3000 },
    );
  });

  it('of masks are correct if products exceed 32 bits', () => {
    const [width, height] = [20_000, 3];
    const random = randomNumbers(1);
    const data = Uint8Array.from({ length: width * height }, (_, i) => (i < width || random() < 0.5 ? 1 : 0));
    const mask = { x: 0, y: 0, width, height, data };
    for (const tolerance of [0, 1, 2]) {
      assert.deepEqual(
        new PolygonTracer(kernels).trace(mask, { tolerance }),
        new PolygonTracer().trace(mask, { tolerance }),
      );
    }
  });
});
