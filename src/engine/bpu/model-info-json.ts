import { readFile } from 'node:fs/promises';
import { ExpectationError, messageOf } from '../../base/expect.js';
import type { NativeTensorProperties } from '../../native/bpu.js';
import { QUANTI_TYPE_NAMES, TENSOR_LAYOUT_NAMES, TENSOR_TYPE_NAMES } from './bpu-tensor.js';

/**
 * Reads tensor properties of a .bin model from JSON: a list of what `hrt_model_exec model_info` prints. Its objects have
 * slot (`input[0]`, `output[3]`), name, validShape, alignedShape, alignedByteSize, tensorType, tensorLayout, quantiType and
 * stride; quantized ones also have scale (or shift, zeroPoint) and quantizeAxis.
 *
 * @throws ExpectationError when the file is not such a list
 */
export async function readModelInfo(
  file: string,
): Promise<{ inputs: NativeTensorProperties[]; outputs: NativeTensorProperties[] }> {
  let items: unknown;
  try {
    items = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new ExpectationError(
      `tensor properties as JSON in ${file}`,
      messageOf(error),
      'It is a list of what hrt_model_exec model_info prints of each tensor.',
      {
        cause: error,
      },
    );
  }
  if (!Array.isArray(items))
    throw new ExpectationError(
      `a list of tensors in ${file}`,
      typeof items,
      'It is a list of what hrt_model_exec model_info prints of each tensor.',
    );
  const of = (kind: string): NativeTensorProperties[] =>
    items
      .filter((item): item is Record<string, unknown> =>
        String((item as Record<string, unknown>)?.['slot']).startsWith(kind),
      )
      .map((item) => readTensor(item, file));
  return { inputs: of('input'), outputs: of('output') };
}

function readTensor(item: Record<string, unknown>, file: string): NativeTensorProperties {
  const slot = String(item['slot']);
  const fail = (what: string, value: unknown): never => {
    throw new ExpectationError(
      `${what} of ${slot} in ${file}`,
      value,
      'Write it as hrt_model_exec model_info prints it.',
    );
  };
  const numbers = (key: string, missing?: number[]): number[] => {
    const value = item[key] ?? missing;
    if (
      !Array.isArray(value) ||
      !value.every((entry) => typeof entry === 'number' && Number.isFinite(entry))
    ) {
      return fail(`a list of numbers for ${key}`, value);
    }
    return value as number[];
  };
  const number = (key: string, missing?: number): number => {
    const value = item[key] ?? missing;
    return typeof value === 'number' && Number.isInteger(value)
      ? value
      : fail(`an integer for ${key}`, value);
  };
  const name = (key: string, names: readonly (readonly [string, number])[]): number =>
    names.find(([text]) => text === item[key])?.[1] ?? fail(`a known ${key}`, item[key]);
  return {
    name: String(item['name']),
    validShape: numbers('validShape'),
    alignedShape: numbers('alignedShape'),
    stride: numbers('stride'),
    alignedByteSize: number('alignedByteSize'),
    tensorType: name(
      'tensorType',
      TENSOR_TYPE_NAMES.map((text, value) => [text, value]),
    ),
    tensorLayout: name(
      'tensorLayout',
      Object.entries(TENSOR_LAYOUT_NAMES).map(([value, text]) => [text, Number(value)]),
    ),
    quantiType: name(
      'quantiType',
      QUANTI_TYPE_NAMES.map((text, value) => [text, value]),
    ),
    quantizeAxis: number('quantizeAxis', 0),
    scale: numbers('scale', []),
    zeroPoint: numbers('zeroPoint', []),
    shift: numbers('shift', []),
  };
}
