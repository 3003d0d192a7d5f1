import type { TensorInfo } from '../tensor/tensor.js';
import { type Head, type HeadHints, type HeadLayout, type HeadRole, type InputSize } from './head-layout.js';
import { strideOf } from './two-outputs.js';

const BOX_CHANNELS = 4;

/** An output as an engine or a file describes it; extents that it does not tell are texts or 0. */
export interface Shaped {
  readonly shape?: readonly (number | string)[] | undefined;
}

/**
 * Whether outputs are those of a network with queries, as RF-DETR's segmentation export has them: [1, Q, 4], [1, Q, C] and
 * [1, Q, height, width], in any order.
 *
 * @example areQueries([{ shape: [1, 100, 4] }, { shape: [1, 100, 91] }, { shape: [1, 100, 78, 78] }]); // true
 */
export function areQueries(outputs: readonly Shaped[]): boolean {
  if (outputs.length !== 3) return false;
  const shapes = outputs.map(({ shape = [] }) => shape);
  const [masks, ...more] = shapes.filter(({ length }) => length === 4);
  const lists = shapes.filter(({ length }) => length === 3);
  if (!masks || more.length > 0 || lists.length !== 2) return false;
  const agree = shapes.every(([batch, queries]) => batch === 1 && queries === masks[1]);
  return agree && Number(masks[1]) > 0 && lists.some(([, , channels]) => channels === BOX_CHANNELS);
}

/** Names that exporters give these outputs. RF-DETR's own are dets, labels, and a number for the masks. */
const NAMES: readonly (readonly [RegExp, HeadRole])[] = [
  [/label|logit|class|cls|score/i, 'class'],
  [/det|box/i, 'box'],
];

type Fail = (reason: string) => never;

/**
 * The layout of a network with queries: transformers in the manner of DETR, here RF-DETR-seg.
 *
 * Each of Q queries is an object or none: a box (center x, center y, width, height as fractions of the picture), a logit for each
 * class, whose sigmoid is the score, and the logits of its mask. There is no NMS (rfdetr/models/lwdetr.py, PostProcess, in
 * github.com/roboflow/rf-detr). Two things are left out: a query's second-best class, as everywhere in this decoder, and what of a
 * mask lies outside its box.
 *
 * Such networks see the picture stretched to their input, without padding; an engine that cannot do that must not run them.
 *
 * @param outputs for which areQueries() holds
 * @throws what `fail` throws, when class and box cannot be told apart, and when the outputs do not fit the input
 */
export function recognizeQueries(
  outputs: readonly TensorInfo[],
  input: InputSize,
  { roles }: HeadHints,
  fail: Fail,
): HeadLayout {
  const masks = outputs.findIndex(({ shape }) => shape.length === 4);
  const lists = [0, 1, 2].filter((output) => output !== masks);
  let readings = [lists, [...lists].reverse()].filter(([box]) => outputs[box!]!.shape[2] === BOX_CHANNELS);
  if (roles) {
    readings = readings.filter(
      ([box, classes]) => roles[box!] === 'box' && roles[classes!] === 'class' && roles[masks] === 'mask',
    );
    if (readings.length === 0)
      return fail(`The setting heads=${roles.join(',')} does not fit these outputs.`);
  }
  // Four classes: what the boxes are only names can tell.
  const named = readings.filter(([box, classes]) => {
    const [first, second] = [roleByName(outputs[box!]!), roleByName(outputs[classes!]!)];
    return first !== 'class' && second !== 'box' && (first ?? second) !== undefined;
  });
  if (readings.length > 1 && named.length > 0) readings = named;
  const [reading] = readings;
  if (!reading || readings.length > 1) {
    return fail(
      'Boxes and classes have four channels each: say which is which with the setting heads, for example heads=box,class,mask.',
    );
  }
  const quantized = outputs.find((info) => info.type !== 'float32' || info.quantization.kind !== 'none');
  if (quantized) return fail(`Output ${quantized.name} must be float32: queries are read from no other.`);
  const [, , height, width] = outputs[masks]!.shape as [number, number, number, number];
  if (height * input.width !== width * input.height || height > input.height) {
    return fail(
      `The masks, ${width}x${height}, must have the proportions of the input, ${input.width}x${input.height}.`,
    );
  }
  if (input.fit !== 'stretch') {
    return fail(
      'A network with queries (RF-DETR) needs the picture stretched to its input and normalized: the onnx engine does that, no other.',
    );
  }
  const [box, classes] = reading.map((output) => listHead(outputs[output]!, output)) as [Head, Head];
  return {
    form: 'queries',
    inputWidth: input.width,
    inputHeight: input.height,
    levels: [{ stride: 1, box, class: classes }],
    proto: maskHead(outputs[masks]!, masks),
    protoStride: input.height / height,
    classCount: classes.channels,
    regMax: 1,
    coefficientCount: 1,
  };
}

function roleByName({ name }: TensorInfo): HeadRole | undefined {
  return NAMES.find(([pattern]) => pattern.test(name))?.[1];
}

/** [1, Q, channels]: the queries as cells of one row. */
function listHead(info: TensorInfo, output: number): Head {
  const [, width, channels] = info.shape as [number, number, number];
  const [, strideX, strideC] = strideOf(info) as [number, number, number];
  const strides = { strideY: width * strideX, strideX, strideC };
  return { output, info, height: 1, width, channels, ...strides, axis: 2, first: 0 };
}

/** [1, Q, height, width]: the queries as channels. */
function maskHead(info: TensorInfo, output: number): Head {
  const [, channels, height, width] = info.shape as [number, number, number, number];
  const [, strideC, strideY, strideX] = strideOf(info) as [number, number, number, number];
  return { output, info, height, width, channels, strideY, strideX, strideC, axis: 1, first: 0 };
}
