import { ExpectationError } from '../../base/expect.js';
import { MAX_DIMENSION } from '../../vision/picture/nv12-frame.js';
import { readClassNames } from '../../model/class-names.js';
import { inputHint } from '../../model/onnx/cut-points.js';
import { inputPicture, type InputPicture, pictureNote } from '../../model/onnx/input-picture.js';
import type { OnnxMetadata } from '../../model/onnx/onnx-metadata.js';
import type { ModelInfo } from '../engine.js';
import { ELEMENT_TYPE, type Opened, type ValueInfo } from './onnx-protocol.js';
import { packedStride, type TensorInfo, UNQUANTIZED } from '../../vision/tensor/tensor.js';

/** What a model's graph shows and ONNX Runtime does not report. */
export interface GraphFacts {
  /** The layer that makes each output. */
  readonly layers?: ReadonlyMap<string, string> | undefined;
  readonly classCount?: number | undefined;
  /** Whether the network selects the instances itself. */
  readonly chosen?: boolean | undefined;
  /** What the user should know about the file. */
  readonly note?: string | undefined;
}

/**
 * Collects what the engine needs to know about a model from its file and from ONNX Runtime.
 *
 * @throws ExpectationError when this engine cannot run the model; it says how to export it instead
 */
export function describeOnnxModel(
  file: string,
  metadata: OnnxMetadata,
  opened: Opened,
  { layers, classCount, chosen, note }: GraphFacts = {},
): ModelInfo {
  if ('failure' in opened) throw refusal(file, opened);
  const { producer, opset, properties } = metadata;
  const { names, problem } = readClassNames(properties['names'] ?? '');
  const picture = inputPicture(opened.outputs);
  return {
    file,
    input: imageInput(file, opened.inputs, picture),
    outputs: opened.outputs.map((value) => tensorInfo(file, value, layers?.get(value.name))),
    labels: names.length === 0 ? undefined : names,
    classCount,
    chosen,
    warnings: problem === undefined ? [] : [`The model's class names cannot be read. ${problem}`],
    note: note ?? pictureNote(picture),
    metadata: { producer, ...(opset === undefined ? {} : { opset: String(opset) }), ...properties },
  };
}

function refusal(
  file: string,
  { failure, missing }: { failure: string; missing: boolean },
): ExpectationError {
  return missing
    ? new ExpectationError(
        'ONNX Runtime (the optional npm package onnxruntime-node)',
        failure,
        'Install it: npm install --ignore-scripts onnxruntime-node@1.30.0',
      )
    : new ExpectationError(
        `a model that ONNX Runtime can load in ${file}`,
        failure,
        'Export it again: yolo export format=onnx',
      );
}

/** The only input, an image. */
function imageInput(
  file: string,
  inputs: readonly ValueInfo[],
  { fit, step, normalization }: InputPicture,
): ModelInfo['input'] {
  const fail = (hint: string): ExpectationError =>
    new ExpectationError(
      `one input, ${ELEMENT_TYPE} [1, 3, height, width], in ${file}`,
      inputs.map(show).join(' and ') || 'none',
      hint,
    );
  const [input] = inputs;
  if (!input || inputs.length !== 1 || input.shape.length !== 4)
    throw fail('The model must have exactly one input, a picture.');
  if (!isFixed(input.shape)) throw fail('Export it with a fixed size (dynamic=False).');
  const [batch, channels, height, width] = input.shape as [number, number, number, number];
  if (input.type !== ELEMENT_TYPE) throw fail('Export it in single precision (half=False).');
  if (batch !== 1 || channels !== 3) throw fail(inputHint(input.shape));
  if (height % step !== 0 || width % step !== 0 || height > MAX_DIMENSION || width > MAX_DIMENSION) {
    throw fail(`Height and width must be multiples of ${step}, at most ${MAX_DIMENSION}.`);
  }
  return {
    ...{ width, height },
    ...(fit === 'letterbox' ? {} : { fit }),
    ...(normalization ? { normalization } : {}),
  };
}

function tensorInfo(file: string, value: ValueInfo, layer?: string): TensorInfo {
  const { name, type, shape } = value;
  if (type !== ELEMENT_TYPE || shape.length === 0 || !isFixed(shape)) {
    throw new ExpectationError(
      `${ELEMENT_TYPE} outputs of fixed size in ${file}`,
      show(value),
      'Export it in single precision with a fixed size (half=False, dynamic=False).',
    );
  }
  return { name, layer, shape, stride: packedStride(shape), type: ELEMENT_TYPE, quantization: UNQUANTIZED };
}

function isFixed(shape: ValueInfo['shape']): shape is readonly number[] {
  return shape.every((extent) => typeof extent === 'number' && extent > 0);
}

function show({ name, type, shape }: ValueInfo): string {
  return `${name}: ${type} [${shape.join(', ')}]`;
}
