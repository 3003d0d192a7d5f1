import { outputRoles } from '../../vision/decode/head-layout.js';
import { type HeadLayout, type HeadRole, recognizeHeads } from '../../vision/decode/heads.js';
import { findCutPoints, imageInput, quantizedNode } from './cut-points.js';
import { inputPicture } from './input-picture.js';
import { formOf, isChosen, type ModelForm } from './output-form.js';
import { readClassNames } from '../class-names.js';
import { packedStride, UNQUANTIZED } from '../../vision/tensor/tensor.js';
import { OnnxModel } from './onnx-model.js';
import { expectRunnableValues } from './runnable-values.js';
import { WireFile } from './wire.js';

/**
 * Determines the form of a model's outputs.
 *
 * @throws ExpectationError when it is not an ONNX model
 */
export function modelForm(path: string): ModelForm {
  return withModel(path, formOf);
}

/** Opens a model, uses it and closes it. */
export function withModel<T>(path: string, use: (model: OnnxModel) => T): T {
  const file = new WireFile(path);
  try {
    return use(new OnnxModel(file));
  } finally {
    file.close();
  }
}

/**
 * The role of each output of a model with ten heads, by name.
 *
 * @throws ExpectationError when its outputs are not the ten heads
 */
export function headRolesOf(path: string): Map<string, HeadRole> {
  return withModel(path, (model) => {
    const roles = outputRoles(headsOf(model).layout);
    return new Map([...roles].map(([output, { role }]) => [model.outputs[output]!.name, role]));
  });
}

/** @throws ExpectationError when the outputs are not the heads, or their shapes are unknown */
export function headsOf(model: OnnxModel): { width: number; height: number; layout: HeadLayout } {
  const shape = model.fedInputs[0]?.shape ?? [];
  const [, , height = 0, width = 0] = shape;
  const layers = headLayers(model);
  const outputs = model.outputs.map(({ name, shape: extents = [] }) => ({
    name,
    layer: layers.get(name),
    shape: extents,
    stride: packedStride(extents),
    type: 'float32' as const,
    quantization: UNQUANTIZED,
  }));
  const names = readClassNames(model.metadata.get('names') ?? '').names;
  const classCount = names.length > 0 ? names.length : undefined;
  const hints = { classCount, chosen: isChosen(model) };
  const { fit } = inputPicture(model.outputs);
  return { width, height, layout: recognizeHeads(outputs, { width, height, fit }, hints) };
}

/**
 * Number of classes of a model that selects its instances. Its outputs do not show it; undefined if its graph does not,
 * either.
 */
export function classCountOf(model: OnnxModel): number | undefined {
  if (formOf(model) !== 'instances') return undefined;
  try {
    return findCutPoints(model).classCount;
  } catch {
    return undefined; // NMS inside
  }
}

/**
 * Makes sure that a model that cannot be cut runs as it is: it decodes its heads itself, and nothing about it is refused.
 *
 * @param uncut why it cannot be cut
 * @throws `uncut` when it does not decode its heads itself, and an ExpectationError when the CPU engine would refuse it
 */
export function expectRunsUncut(model: OnnxModel, uncut: unknown): void {
  if (!decodesItself(model)) throw uncut;
  expectRunnableValues(model, inputPicture(model.outputs));
}

function decodesItself(model: OnnxModel): boolean {
  try {
    imageInput(model);
    if (formOf(model) === 'instances') return true;
    return quantizedNode(model) === undefined && headsOf(model).layout.form === 'detections';
  } catch {
    return false;
  }
}

/** Operators between a head's convolution and the output. */
const BEHIND_HEADS = new Set(['Transpose', 'Cast', 'Identity', 'Reshape']);

/**
 * For each output, the names of the convolution before it and of its weights. They identify the head if outputs have numbers
 * as names.
 */
export function headLayers(model: OnnxModel): Map<string, string> {
  const layers = new Map<string, string>();
  for (const { name } of model.outputs) {
    let node = model.producers.get(name);
    while (node && BEHIND_HEADS.has(node.opType)) node = model.producers.get(node.inputs[0] ?? '');
    // An activation behind the prototypes' convolution has a name with the same prefix.
    if (node) layers.set(name, `${node.name} ${node.inputs[1] ?? ''}`);
  }
  return layers;
}
