import { ExpectationError } from '../../base/expect.js';
import { ATTRIBUTE, NODE, type Node, type OnnxModel } from './onnx-model.js';
import { type Chunk, integerField, messageField, textField } from './wire.js';

/** The operator set that the Horizon/D-Robotics mapper accepts. */
export const MAPPER_OPSET = 11;
/** The newest operator set whose changes are known here. */
const NEWEST_OPSET = 23;

/** Name of the empty tensor that replaces an omitted input, if opset 11 does not allow omitting it. */
export const EMPTY_TENSOR = 'tros_yolo_seg_empty';

/** A node in the form of opset 11. */
export interface LoweredNode {
  readonly inputs: readonly string[];
  /** Encoded attributes, kept or new. */
  readonly attributes: readonly Chunk[];
}

/** Operators that did not change from 11 to 23 except for the types that they accept. */
const SAME_FORM = new Set(
  (
    'Abs Add And Cast Clip Concat Conv ConvTranspose Div Elu Equal Erf Exp Expand Flatten Floor Gather Gemm ' +
    'GlobalAveragePool GlobalMaxPool Greater HardSigmoid Identity InstanceNormalization LeakyRelu Less Log MatMul Max ' +
    'MaxPool Min Mul Neg Not Or PRelu Pow Reciprocal Relu Selu Shape Sigmoid Sign Slice Softplus Sqrt Sub Tanh ' +
    'Tile Transpose Where AveragePool BatchNormalization Constant Reshape Resize Pad DepthToSpace SpaceToDepth'
  ).split(' '),
);

/** Attributes that are newer than opset 11, with the value that has the meaning of opset 11. */
const NEW_ATTRIBUTES: Readonly<Record<string, Readonly<Record<string, number | string>>>> = {
  Reshape: { allowzero: 0 },
  BatchNormalization: { training_mode: 0 },
  AveragePool: { dilations: 1 },
  Cast: { saturate: 1 },
  Resize: { antialias: 0, keep_aspect_ratio_policy: 'stretch' },
  Shape: { start: 0 },
};

/** Operators whose axes moved from an attribute to the second input, and the opset that moved them. */
const AXES_INPUT_SINCE: Readonly<Record<string, number>> = {
  Squeeze: 13,
  Unsqueeze: 13,
  ReduceSum: 13,
  ReduceMean: 18,
  ReduceMax: 18,
  ReduceMin: 18,
  ReduceProd: 18,
  ReduceL2: 18,
};

/**
 * Rewrites one node of opset 12 to 23 in the form of opset 11.
 *
 * @throws ExpectationError for operators that opset 11 lacks and forms that it cannot express
 */
export function lowerNode(model: OnnxModel, node: Node): LoweredNode {
  const { opType, attributes } = node;
  const refuse = (what: string): ExpectationError =>
    new ExpectationError(
      'operators that opset 11 can express',
      `${opType} ${node.name} ${what}`,
      'Export with opset=11 instead, or omit --opset.',
    );
  if (model.opset > NEWEST_OPSET) {
    throw new ExpectationError(
      `a model of opset 11 to ${NEWEST_OPSET}`,
      `opset ${model.opset}`,
      `Export with opset=${NEWEST_OPSET} or lower.`,
    );
  }
  const constant = (input: string): number[] => {
    const values = model.integers(input);
    if (!values) throw refuse('whose axes or sizes are computed at run time');
    return values;
  };
  const [data = '', second = ''] = node.inputs;
  const kept = (...without: string[]): Chunk[] =>
    [...attributes.values()].filter(({ name }) => !without.includes(name)).map(({ whole }) => whole);

  if (node.domain !== '' && node.domain !== 'ai.onnx') return { inputs: node.inputs, attributes: kept() };

  const axesSince = AXES_INPUT_SINCE[opType];
  if (axesSince !== undefined) {
    if (model.opset < axesSince || second === '') {
      if (attributes.get('noop_with_empty_axes')?.int) throw refuse('with noop_with_empty_axes');
      return { inputs: [data], attributes: kept('noop_with_empty_axes') };
    }
    const axes = constant(second);
    return { inputs: [data], attributes: [...kept('noop_with_empty_axes'), ...intsAttribute('axes', axes)] };
  }
  if (opType === 'Split') {
    if (second === '') return { inputs: [data], attributes: kept('num_outputs') };
    return { inputs: [data], attributes: [...kept(), ...intsAttribute('split', constant(second))] };
  }
  if (opType === 'Softmax' || opType === 'LogSoftmax') {
    // Before 13, all axes from `axis` on were flattened, which is the same only for the last one.
    const axis = attributes.get('axis')?.int ?? (model.opset >= 13 ? -1 : 1);
    if (model.opset >= 13 && axis !== -1 && axis !== 3) throw refuse(`along axis ${axis}, not the last one`);
    return { inputs: node.inputs, attributes: [...kept('axis'), ...intAttribute('axis', axis)] };
  }
  if (!SAME_FORM.has(opType)) throw refuse('which opset 11 lacks or which is unknown here');

  const dropped: string[] = [];
  for (const [name, neutral] of Object.entries(NEW_ATTRIBUTES[opType] ?? {})) {
    const attribute = attributes.get(name);
    if (!attribute) continue;
    // Without a zero in the shape there is nothing to allow.
    if (name === 'allowzero' && model.integers(second)?.every((extent) => extent !== 0)) {
      dropped.push(name);
      continue;
    }
    const values = attribute.ints.length > 0 ? attribute.ints : [attribute.int ?? attribute.text];
    if (values.some((value) => value !== neutral)) throw refuse(`with ${name}`);
    dropped.push(name);
  }
  if (opType === 'Constant' && !attributes.has('value')) throw refuse('without a tensor');
  if (opType === 'Shape' && attributes.has('end')) throw refuse('with end');
  if (opType === 'Pad' && (node.inputs[3] ?? '') !== '') throw refuse('with axes');
  if (opType === 'Resize') {
    if (attributes.has('axes')) throw refuse('with axes');
    if (attributes.get('coordinate_transformation_mode')?.text === 'half_pixel_symmetric') {
      throw refuse('with half_pixel_symmetric');
    }
    const [, roi = '', scales = '', ...sizes] = node.inputs;
    const inputs = [data, roi || EMPTY_TENSOR, scales || EMPTY_TENSOR, ...sizes];
    return { inputs, attributes: kept(...dropped) };
  }
  return { inputs: node.inputs, attributes: kept(...dropped) };
}

/** AttributeProto type codes. */
const INT = 2;
const INTS = 7;

export function intAttribute(name: string, value: number): Chunk[] {
  return messageField(NODE.attribute, [
    ...textField(ATTRIBUTE.name, name),
    ...integerField(ATTRIBUTE.int, value),
    ...integerField(ATTRIBUTE.type, INT),
  ]);
}

export function intsAttribute(name: string, values: readonly number[]): Chunk[] {
  return messageField(NODE.attribute, [
    ...textField(ATTRIBUTE.name, name),
    ...values.flatMap((value) => integerField(ATTRIBUTE.ints, value)),
    ...integerField(ATTRIBUTE.type, INTS),
  ]);
}
