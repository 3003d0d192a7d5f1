import { recognizeHeads } from '../vision/decode/heads.js';
import { BpuEngine } from '../engine/bpu/bpu-engine.js';
import { QUANTI_TYPE_NAMES, TENSOR_LAYOUT_NAMES, TENSOR_TYPE_NAMES } from '../engine/bpu/bpu-tensor.js';
import { messageOf } from '../base/expect.js';
import type { NativeTensorProperties } from '../native/bpu.js';
import { roleTexts, verdictText } from './info-heads.js';

/**
 * What libdnn reports about a .bin model, in the form of hrt_model_exec model_info, and how our decoder uses each output.
 */
export async function bpuModelText(file: string, library?: string, name?: string): Promise<string> {
  const engine = await BpuEngine.open({ file, library, name, slots: 1 });
  try {
    const { properties, model } = engine;
    let roles: ReadonlyMap<number, string> = new Map();
    let verdict: string;
    try {
      const layout = recognizeHeads(model.outputs, model.input);
      roles = roleTexts(layout);
      verdict = verdictText(layout);
    } catch (error) {
      verdict = `The decoder cannot run it. ${messageOf(error)}`;
    }
    return [
      `${file}: model ${properties.name} of ${properties.names.join(', ')}`,
      `libdnn ${properties.version} at ${properties.library}`,
      ...properties.inputs.flatMap((tensor, i) => tensorLines(`input[${i}]`, tensor)),
      ...properties.outputs.flatMap((tensor, i) => tensorLines(`output[${i}]`, tensor, roles.get(i))),
      verdict,
      '',
    ].join('\n');
  } finally {
    await engine.close();
  }
}

function tensorLines(slot: string, tensor: NativeTensorProperties, role?: string): string[] {
  const { scale, zeroPoint, shift } = tensor;
  const lines = [
    `${slot}:${role ? ` ${role}` : ''}`,
    `  name: ${tensor.name}`,
    `  valid shape: (${tensor.validShape.join(',')})`,
    `  aligned shape: (${tensor.alignedShape.join(',')})`,
    `  aligned byte size: ${tensor.alignedByteSize}`,
    `  tensor type: ${TENSOR_TYPE_NAMES[tensor.tensorType] ?? tensor.tensorType}`,
    `  tensor layout: ${TENSOR_LAYOUT_NAMES[tensor.tensorLayout] ?? tensor.tensorLayout}`,
    `  quanti type: ${QUANTI_TYPE_NAMES[tensor.quantiType] ?? tensor.quantiType}`,
    `  stride: (${tensor.stride.join(',')})`,
  ];
  if (scale.length > 0)
    lines.push(`  scale: ${scale.map((value) => Number(value.toPrecision(6))).join(',')}`);
  if (zeroPoint.length > 0) lines.push(`  zero point: ${zeroPoint.join(',')}`);
  if (shift.length > 0) lines.push(`  shift: ${shift.join(',')}`);
  if (scale.length > 0 || shift.length > 0) lines.push(`  quantizeAxis: ${tensor.quantizeAxis}`);
  return lines;
}
