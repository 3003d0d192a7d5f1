import { ExpectationError } from '../../base/expect.js';
import { readClassNames } from '../../model/class-names.js';
import { inputPicture, type InputPicture, pictureNote } from '../../model/onnx/input-picture.js';
import type { OnnxMetadata } from '../../model/onnx/onnx-metadata.js';
import { expectFloatOutput, expectPictureInput } from '../../model/onnx/runnable-values.js';
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

/** The only input, and how pictures are brought to it. */
function imageInput(file: string, inputs: readonly ValueInfo[], picture: InputPicture): ModelInfo['input'] {
  const { fit, normalization } = picture;
  return {
    ...expectPictureInput(file, inputs, picture),
    ...(fit === 'letterbox' ? {} : { fit }),
    ...(normalization ? { normalization } : {}),
  };
}

function tensorInfo(file: string, value: ValueInfo, layer?: string): TensorInfo {
  const shape = expectFloatOutput(file, value);
  return {
    ...{ name: value.name, layer, shape, stride: packedStride(shape) },
    ...{ type: ELEMENT_TYPE, quantization: UNQUANTIZED },
  };
}
