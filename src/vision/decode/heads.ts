import type { TensorInfo } from '../tensor/tensor.js';
import { ExpectationError } from '../../base/expect.js';
import {
  type Head,
  type HeadHints,
  type HeadLayout,
  type HeadRole,
  HEADS_OF_LEVEL,
  type InputSize,
  type Level,
  MOST_LEVELS,
} from './head-layout.js';
import { areQueries, recognizeQueries } from './queries.js';
import { recognizeTwoOutputs, strideOf } from './two-outputs.js';

export { HEAD_ROLES } from './head-layout.js';
export type { HeadHints, HeadLayout, HeadRole } from './head-layout.js';

/**
 * Recognizes the head of each output from shapes, types, names and grouping; never from the index.
 *
 * Outputs on the same grid form a level of three: class, box and coefficients. The remaining output is the prototypes, whose channel
 * count identifies the coefficients. Any number of levels is supported: P3 to P5 as usual, with P2, with P6. Class and box heads differ in
 * channel count (a box head has 4 x 16, or 4, channels). If counts coincide (32 or 64 classes, for instance, or 4 beside plain distances) the
 * following decide, in this order: the number of labels, names of outputs and of the layers that make them, and quantized box and
 * coefficient heads beside float class heads. If the heads are still ambiguous, the error asks for the `heads` setting:
 * exporters use every possible order of heads, so the order is no evidence.
 *
 * A model with two outputs decodes its heads itself: see recognizeTwoOutputs(). One with three may have queries: see
 * recognizeQueries().
 *
 * @throws ExpectationError with a table of what was expected and found
 */
export function recognizeHeads(
  outputs: readonly TensorInfo[],
  input: InputSize,
  hints: HeadHints = {},
): HeadLayout {
  const fail = (reason: string): never => {
    throw new ExpectationError(
      'the heads of a YOLOv8-seg model',
      `${outputs.length} outputs`,
      `${reason}\n${headTable(outputs, input)}`,
    );
  };
  if (areQueries(outputs)) return recognizeQueries(outputs, input, hints, fail);
  if (outputs.length === 2) return recognizeTwoOutputs(outputs, input, hints, fail);
  if (!isHeadCount(outputs.length)) {
    fail(
      'A model must have one class, box and coefficient head for each of its grids, normally three, and one prototype tensor.',
    );
  }

  const heads = viewAs('NHWC', outputs, input) ?? viewAs('NCHW', outputs, input);
  if (!heads)
    return fail(
      'Every output must be a grid [1, height, width, channels] that divides the input size evenly.',
    );

  const grids = new Map<number, Head[]>();
  for (const head of heads) {
    const stride = input.height / head.height;
    grids.set(stride, [...(grids.get(stride) ?? []), head]);
  }
  const strides = [...grids.keys()].sort((a, b) => a - b);
  const odd = strides.filter((stride) => grids.get(stride)!.length !== 3);
  const protoGrid = grids.get(odd[0] ?? 0);
  if (odd.length !== 1 || !protoGrid || (protoGrid.length !== 1 && protoGrid.length !== 4)) {
    return fail(
      'Each grid must carry three heads (class, box, coefficient), and one more must be the prototypes.',
    );
  }
  // A level of stride 4 has the same grid as the prototypes.
  const readings = protoGrid.map((proto) => ({
    proto,
    grids: strides.flatMap((stride): Grid[] => {
      const rest = grids.get(stride)!.filter((head) => head !== proto);
      return rest.length === 0 ? [] : [{ stride, heads: rest }];
    }),
  }));
  const { proto, levels } = chooseReading(readings, hints, fail);
  const { class: cls, box, coefficient } = levels[0]!;
  return {
    form: 'heads',
    inputWidth: input.width,
    inputHeight: input.height,
    levels,
    proto,
    protoStride: input.height / proto.height,
    classCount: cls.channels,
    regMax: box.channels / 4,
    coefficientCount: coefficient.channels,
  };
}

/** Three heads for each of one to eight levels, and the prototypes. */
export function isHeadCount(outputs: number): boolean {
  return outputs % 3 === 1 && outputs >= 4 && outputs <= 3 * MOST_LEVELS + 1;
}

type Fail = (reason: string) => never;

/** Further readings are not compared; they would be ambiguous anyway. */
const MOST_READINGS = 4096;

/** A level of a network that is cut. */
type FullLevel = Required<Level>;

interface Grid {
  readonly stride: number;
  readonly heads: readonly Head[];
}
/** One interpretation of the outputs. */
interface Reading {
  readonly proto: Head;
  readonly levels: readonly FullLevel[];
}

/** All orders of the three roles of a level. */
const PERMUTATIONS = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
] as const;

function chooseReading(
  choices: readonly { readonly proto: Head; readonly grids: readonly Grid[] }[],
  hints: HeadHints,
  fail: Fail,
): Reading {
  const fitting = choices.map(({ proto, grids }) => ({
    proto,
    levels: grids.map((grid) => fits(grid, proto)),
  }));
  const possible = fitting.filter(({ levels }) => levels.every((level) => level.length > 0));
  if (possible.length === 0) {
    return fail(
      `Each grid needs a coefficient head with the ${choices[0]!.proto.channels} channels of the prototypes and a box head with a multiple of 4.`,
    );
  }
  const ambiguous = (): never => {
    const roles = HEADS_OF_LEVEL.flatMap((role) => choices[0]!.grids.map(() => role));
    return fail(
      'Channel counts, types and names leave more than one reading. Give the class names (labels), if their number tells; or ' +
        `say what each output is with the setting heads, for example heads=${roles.join(',')},proto.`,
    );
  };
  let readings = possible.flatMap(({ proto, levels }) =>
    allOf(levels, hints, ambiguous).map((chosen): Reading => ({ proto, levels: chosen })),
  );
  if (readings.length === 0) return fail('The grids must agree on the channel counts of their heads.');

  if (hints.roles) {
    const { roles } = hints;
    readings = readings.filter(({ proto, levels }) =>
      rolesOf({ proto, levels }).every(([head, role]) => roles[head.output] === role),
    );
    if (readings.length === 1) return readings[0]!;
    return fail(`The setting heads=${roles.join(',')} does not fit these outputs.`);
  }

  // Each test keeps the readings that pass it, unless none does: evidence narrows the choice, it never empties it.
  const evidence: ((reading: Reading) => boolean)[] = [
    ({ levels }) => levels[0]!.class.channels === hints.classCount,
    (reading) => rolesOf(reading).every(([head, role]) => roleByName(head.info) === role),
    // Box heads of real networks have 64 or 4 channels; if both occur, this decides nothing.
    ({ levels }) => levels[0]!.box.channels === 64 || levels[0]!.box.channels === 4,
    ({ levels }) =>
      levels.every(
        (level) => isQuantized(level.box) && isQuantized(level.coefficient) && !isQuantized(level.class),
      ),
  ];
  for (const test of evidence) {
    const kept = readings.filter(test);
    if (kept.length > 0) readings = kept;
    if (readings.length === 1) return readings[0]!;
  }
  return ambiguous();
}

/** The roles that channel counts allow the heads of a grid. */
function fits({ stride, heads }: Grid, proto: Head): FullLevel[] {
  return PERMUTATIONS.map(([c, b, m]): FullLevel => ({
    stride,
    class: heads[c]!,
    box: heads[b]!,
    coefficient: heads[m]!,
  })).filter(({ box, coefficient }) => box.channels % 4 === 0 && coefficient.channels === proto.channels);
}

/** One reading of each level, with equal channel counts. Evidence within a level is applied here, so that there are few readings. */
function allOf(
  levels: readonly (readonly FullLevel[])[],
  hints: HeadHints,
  ambiguous: () => never,
): FullLevel[][] {
  const counts = ({ class: c, box: b }: Level): string => `${c.channels} ${b.channels}`;
  const evidence: ((level: FullLevel) => boolean)[] = [
    (level) => HEADS_OF_LEVEL.every((role) => hints.roles?.[level[role].output] === role),
    (level) => HEADS_OF_LEVEL.every((role) => roleByName(level[role].info) === role),
    (level) => isQuantized(level.box) && isQuantized(level.coefficient) && !isQuantized(level.class),
  ];
  return [...new Set(levels[0]!.map(counts))].flatMap((count) => {
    const alike = levels.map((level) => {
      let left = level.filter((candidate) => counts(candidate) === count);
      for (const test of evidence) {
        const kept = left.filter(test);
        if (kept.length > 0) left = kept;
      }
      return left;
    });
    if (alike.reduce((product, { length }) => product * length, 1) > MOST_READINGS) ambiguous();
    return alike.reduce<FullLevel[][]>(
      (readings, level) => readings.flatMap((reading) => level.map((next) => [...reading, next])),
      [[]],
    );
  });
}

function rolesOf({ proto, levels }: Reading): [Head, HeadRole][] {
  return [
    [proto, 'proto'],
    ...levels.flatMap((level) => HEADS_OF_LEVEL.map((role): [Head, HeadRole] => [level[role], role])),
  ];
}

function isQuantized(head: Head): boolean {
  return head.info.quantization.kind !== 'none';
}

/**
 * Names that identify the role: names that exporters give outputs on purpose, and Ultralytics' names of the last layers, which are kept inside
 * a file whatever its outputs are called (cv2 boxes, cv3 classes, cv4 or, with a vocabulary, cv5 coefficients). `output0` or `371` identify nothing.
 */
const NAMES: readonly (readonly [RegExp, HeadRole])[] = [
  [/proto/i, 'proto'],
  [/cv2\.\d/, 'box'],
  [/cv3\.\d/, 'class'],
  [/cv[45]\.\d/, 'coefficient'],
  [/cls|class|score/i, 'class'],
  [/box|reg|dfl/i, 'box'],
  [/coef|mc|mask/i, 'coefficient'],
];

/** The role given by the name of an output, or of the layer that makes it. */
function roleByName({ name, layer }: Pick<TensorInfo, 'name' | 'layer'>): HeadRole | undefined {
  for (const text of [name, layer ?? '']) {
    const role = NAMES.find(([pattern]) => pattern.test(text))?.[1];
    if (role) return role;
  }
  return undefined;
}

/** All outputs read with one memory order; undefined if one of them does not divide the input evenly. */
function viewAs(
  layout: 'NHWC' | 'NCHW',
  outputs: readonly TensorInfo[],
  input: InputSize,
): Head[] | undefined {
  const heads: Head[] = [];
  for (const [output, info] of outputs.entries()) {
    if (info.shape.length !== 4 || info.shape[0] !== 1) return undefined;
    const [y, x, c] = layout === 'NHWC' ? [1, 2, 3] : [2, 3, 1];
    const [height, width, channels] = [info.shape[y]!, info.shape[x]!, info.shape[c]!];
    const ratio = input.height / height;
    if (channels < 1 || !Number.isInteger(ratio) || ratio * width !== input.width) return undefined;
    const stride = strideOf(info);
    heads.push({
      output,
      info,
      height,
      width,
      channels,
      strideY: stride[y]!,
      strideX: stride[x]!,
      strideC: stride[c]!,
      axis: c,
      first: 0,
    });
  }
  return heads;
}

/** The expected and the found outputs, one per line, for `info` and for load errors. */
function headTable(outputs: readonly TensorInfo[], input: InputSize): string {
  const { width, height } = input;
  const lines = [8, 16, 32].flatMap((stride) =>
    [
      ['class', 'C'],
      ['box', '64 or 4'],
      ['coefficient', 'K'],
    ].map(
      ([role, channels]) => `  ${role!.padEnd(12)}[1, ${height / stride}, ${width / stride}, ${channels}]`,
    ),
  );
  lines.push(`  ${'proto'.padEnd(12)}[1, ${height / 4}, ${width / 4}, K]`);
  const found = outputs.map(
    ({ name, shape, type, quantization }) =>
      `  ${name.padEnd(12)}[${shape.join(', ')}] ${type}${quantization.kind === 'none' ? '' : ` ${quantization.kind}`}`,
  );
  lines.push('  or two outputs: [1, 4 + C + K, cells] or [1, rows, 6 + K], and proto');
  lines.push('  or three of Q queries: box [1, Q, 4], class [1, Q, C], mask [1, Q, height / 4, width / 4]');
  return [`Expected for an input of ${width}x${height} (any order):`, ...lines, 'Found:', ...found].join(
    '\n',
  );
}
