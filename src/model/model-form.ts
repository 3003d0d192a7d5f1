import { type HeadLayout, type HeadRole, recogniseHeads } from '../decode/heads.js';
import { packedStride, UNQUANTIZED } from '../engine/tensor.js';
import { OnnxModel } from './onnx-model.js';
import { WireFile } from './wire.js';

/** Whether a model ends in its ten heads, or has to be cut first; only cutting tells whether it can be. */
export type ModelForm = 'stock' | 'heads';

/**
 * Tells a stock export from a model that already ends in its ten heads.
 *
 * @throws ExpectationError when it is no ONNX model, or has ten outputs that are not the ten heads
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

/** @throws ExpectationError when there are ten outputs that are not the ten heads */
export function formOf(model: OnnxModel): ModelForm {
  if (model.outputs.length !== 10) return 'stock';
  headsOf(model);
  return 'heads';
}

/**
 * The role of each output of a model with ten heads, by name.
 *
 * @throws ExpectationError when its outputs are not the ten heads
 */
export function headRolesOf(path: string): Map<string, HeadRole> {
  return withModel(path, (model) => {
    const { levels, proto } = headsOf(model).layout;
    const roles = new Map<string, HeadRole>([[proto.info.name, 'proto']]);
    for (const level of levels) {
      for (const role of ['class', 'box', 'coefficient'] as const) roles.set(level[role].info.name, role);
    }
    return roles;
  });
}

/** @throws ExpectationError when the outputs are not the ten heads */
export function headsOf(model: OnnxModel): { width: number; height: number; layout: HeadLayout } {
  const shape = model.fedInputs[0]?.shape ?? [];
  const [, , height = 0, width = 0] = shape;
  const outputs = model.outputs.map(({ name, shape: extents = [] }) => ({
    name,
    shape: extents,
    stride: packedStride(extents),
    type: 'float32' as const,
    quantization: UNQUANTIZED,
  }));
  return { width, height, layout: recogniseHeads(outputs, { width, height }) };
}
