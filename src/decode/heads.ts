import { ExpectationError } from '../expect.js';
import { packedStride, type TensorInfo } from '../engine/tensor.js';

/**
 * The ten outputs of a YOLOv8-style segmentation network cut before its decoding part:
 *
 * - `class`: C logits for each cell of each level
 * - `box`: distances left, top, right, bottom from the cell's centre in units of the level's stride, each as
 *   `regMax` DFL logits, or as one plain number (regMax 1)
 * - `coefficient`: K factors that combine the prototype masks
 * - `proto`: K prototype masks for the whole picture
 */
export const HEAD_ROLES = ['class', 'box', 'coefficient', 'proto'] as const;
export type HeadRole = (typeof HEAD_ROLES)[number];

/** Where a head lies: which output, and how to walk it (steps in elements). */
export interface Head {
  /** Index into the engine's outputs. */
  readonly output: number;
  readonly info: TensorInfo;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly strideY: number;
  readonly strideX: number;
  readonly strideC: number;
}

/** The three heads that share a grid. */
export interface Level {
  /** Model pixels per cell: 8, 16, 32. */
  readonly stride: number;
  readonly class: Head;
  readonly box: Head;
  readonly coefficient: Head;
}

/** What every output of a model is; made once at load. */
export interface HeadLayout {
  readonly inputWidth: number;
  readonly inputHeight: number;
  /** Finest first. */
  readonly levels: readonly Level[];
  readonly proto: Head;
  /** Model pixels per prototype cell, normally 4. */
  readonly protoStride: number;
  readonly classCount: number;
  /** DFL bins for each distance; 1 means plain distances. */
  readonly regMax: number;
  /** K, normally 32. */
  readonly coefficientCount: number;
}

/** What is known beforehand; settles models whose channel counts alone are ambiguous. */
export interface HeadHints {
  /** The role of every output in order, as a user may set it. Overrides all guessing. */
  roles?: readonly HeadRole[] | undefined;
  /** Number of classes, from the labels of the model. */
  classCount?: number | undefined;
}

/**
 * Finds out which output is which head from shapes, types and grouping; never from the index alone.
 *
 * Outputs on the same grid form a level of three; the output alone on its grid is the prototypes, and its
 * channel count tells the coefficients. Class and box heads are told apart by channel count (a box head has 4 x 16,
 * or 4, channels). Where counts coincide (32 or 64 classes, for instance) the following decide, in this order: the
 * label count, quantised box and coefficient heads beside float class heads, names, and the two published
 * output orders. What remains ambiguous is an error that asks for the `heads` setting.
 *
 * @throws ExpectationError with a table of what was expected and found
 */
export function recogniseHeads(
  outputs: readonly TensorInfo[],
  input: { readonly width: number; readonly height: number },
  hints: HeadHints = {},
): HeadLayout {
  const fail = (reason: string): never => {
    throw new ExpectationError(
      'the ten heads of a YOLOv8-seg model',
      `${outputs.length} outputs`,
      `${reason}\n${headTable(outputs, input)}`,
    );
  };
  if (outputs.length !== 10) fail(tenHeadsHint(outputs));

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
  const levelStrides = strides.filter((stride) => grids.get(stride)!.length === 3);
  const protoStride = strides.find((stride) => grids.get(stride)!.length === 1);
  if (strides.length !== 4 || levelStrides.length !== 3 || protoStride === undefined) {
    return fail(
      'Three grids must carry three heads each (class, box, coefficient) and a fourth one the prototypes.',
    );
  }
  const proto = grids.get(protoStride)![0]!;
  const levels = assignRoles(
    levelStrides.map((stride) => ({ stride, heads: grids.get(stride)! })),
    proto,
    hints,
    fail,
  );
  const { class: cls, box, coefficient } = levels[0]!;
  return {
    inputWidth: input.width,
    inputHeight: input.height,
    levels,
    proto,
    protoStride,
    classCount: cls.channels,
    regMax: box.channels / 4,
    coefficientCount: coefficient.channels,
  };
}

type Fail = (reason: string) => never;
interface Grid {
  stride: number;
  heads: readonly Head[];
}

/** The three roles of a level in the orders that can be tried. */
const PERMUTATIONS = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
] as const;

function assignRoles(grids: readonly Grid[], proto: Head, hints: HeadHints, fail: Fail): Level[] {
  const permutations = grids.map(({ stride, heads }) =>
    PERMUTATIONS.map(([c, b, m]): Level => ({
      stride,
      class: heads[c]!,
      box: heads[b]!,
      coefficient: heads[m]!,
    })).filter(({ box, coefficient }) => box.channels % 4 === 0 && coefficient.channels === proto.channels),
  );
  if (permutations.some((levels) => levels.length === 0)) {
    return fail(
      `Each grid needs a coefficient head with the ${proto.channels} channels of the prototypes and a box head with a multiple of 4.`,
    );
  }
  const counts = ({ class: c, box: b }: Level): string => `${c.channels} ${b.channels}`;
  let candidates = permutations[0]!.flatMap((a) =>
    permutations[1]!.flatMap((b) =>
      permutations[2]!
        .filter((c) => counts(a) === counts(b) && counts(b) === counts(c))
        .map((c) => [a, b, c]),
    ),
  );
  if (candidates.length === 0)
    return fail('The three grids must agree on the channel counts of their heads.');

  if (hints.roles) {
    const roles = hints.roles;
    candidates = candidates.filter(
      (levels) =>
        roles[proto.output] === 'proto' &&
        levels.every((level) =>
          (['class', 'box', 'coefficient'] as const).every((role) => roles[level[role].output] === role),
        ),
    );
    if (candidates.length !== 1)
      return fail(`The setting heads=${roles.join(',')} does not fit these outputs.`);
    return candidates[0]!;
  }

  // Each test keeps the candidates that pass it, unless none does: evidence narrows the choice, it never empties it.
  const evidence: ((levels: readonly Level[]) => boolean)[] = [
    (levels) => levels[0]!.class.channels === hints.classCount,
    (levels) => levels[0]!.box.channels === 64,
    (levels) => levels[0]!.box.channels === 4,
    (levels) =>
      levels.every(
        (level) => isQuantized(level.box) && isQuantized(level.coefficient) && !isQuantized(level.class),
      ),
    (levels) => levels.every(namesFit),
    (levels) => isPublishedOrder(levels),
  ];
  for (const test of evidence) {
    const kept = candidates.filter(test);
    if (kept.length > 0) candidates = kept;
    if (candidates.length === 1) return candidates[0]!;
  }
  return fail(
    'Channel counts, types, names and order leave more than one reading. Say what each output is with the setting heads, ' +
      `for example heads=${['class', 'box', 'coefficient'].flatMap((role) => [role, role, role]).join(',')},proto.`,
  );
}

function isQuantized(head: Head): boolean {
  return head.info.quantization.kind !== 'none';
}

/** Names that exporters give on purpose; `output0` or `371` say nothing and do not fit. */
function namesFit(level: Level): boolean {
  return (
    /cls|class|score/i.test(level.class.info.name) &&
    /box|reg|dfl/i.test(level.box.info.name) &&
    /coef|mc|mask/i.test(level.coefficient.info.name)
  );
}

/**
 * The two orders in which such models are published: grouped by role (coefficients, boxes, classes; the YOLOv8-seg
 * page of D-Robotics) or by level (class, box, coefficients; rdk_model_zoo and TROS), always finest level first.
 */
function isPublishedOrder(levels: readonly Level[]): boolean {
  const byRole = [
    ...levels.map((level) => level.coefficient),
    ...levels.map((level) => level.box),
    ...levels.map((level) => level.class),
  ];
  const byLevel = levels.flatMap((level) => [level.class, level.box, level.coefficient]);
  return [byRole, byLevel].some((order) =>
    order.every((head, i) => i === 0 || head.output > order[i - 1]!.output),
  );
}

/** All outputs read with one memory order, or nothing if one of them does not divide the input evenly that way. */
function viewAs(
  layout: 'NHWC' | 'NCHW',
  outputs: readonly TensorInfo[],
  input: { readonly width: number; readonly height: number },
): Head[] | undefined {
  const heads: Head[] = [];
  for (const [output, info] of outputs.entries()) {
    if (info.shape.length !== 4 || info.shape[0] !== 1) return undefined;
    const [y, x, c] = layout === 'NHWC' ? [1, 2, 3] : [2, 3, 1];
    const [height, width, channels] = [info.shape[y]!, info.shape[x]!, info.shape[c]!];
    const ratio = input.height / height;
    if (channels < 1 || !Number.isInteger(ratio) || ratio * width !== input.width) return undefined;
    const stride = info.stride.length === 4 ? info.stride : packedStride(info.shape);
    heads.push({
      output,
      info,
      height,
      width,
      channels,
      strideY: stride[y]!,
      strideX: stride[x]!,
      strideC: stride[c]!,
    });
  }
  return heads;
}

function tenHeadsHint(outputs: readonly TensorInfo[]): string {
  const stock = outputs.length === 2 && outputs.some(({ shape }) => shape.length === 3);
  return stock
    ? 'This looks like a stock export with decoding inside; it has to be cut into its heads first.'
    : 'A model must have one class, box and coefficient head for each of three grids, and one prototype tensor.';
}

/** What was found beside what is expected, one line an output, as `info` and the load errors print it. */
export function headTable(
  outputs: readonly TensorInfo[],
  input: { readonly width: number; readonly height: number },
): string {
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
  return [`Expected for an input of ${width}x${height} (any order):`, ...lines, 'Found:', ...found].join(
    '\n',
  );
}
