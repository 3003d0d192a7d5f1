import { ExpectationError } from '../../base/expect.js';
import { MAX_DIMENSION } from '../../vision/picture/nv12-frame.js';
import { inputHint } from './cut-points.js';
import type { InputPicture } from './input-picture.js';
import { elementName, type OnnxModel, type Value } from './onnx-model.js';

/** An input or output, as a file or ONNX Runtime describes it. */
export interface ShownValue {
  readonly name: string;
  /** ONNX Runtime's name: float32, float16, ... */
  readonly type: string;
  /** Fixed extents as numbers, others as names. */
  readonly shape: readonly (number | string)[];
}

/** The element type of all inputs and outputs. */
const TYPE = 'float32';

/**
 * The size of the only input, a picture, of a model that the CPU engine runs.
 *
 * @throws ExpectationError when it is another input, or there are more; it says how to export the model instead
 */
export function expectPictureInput(
  file: string,
  inputs: readonly ShownValue[],
  { step }: Pick<InputPicture, 'step'>,
): { width: number; height: number } {
  const fail = (hint: string): ExpectationError =>
    new ExpectationError(
      `one input, ${TYPE} [1, 3, height, width], in ${file}`,
      inputs.map(shown).join(' and ') || 'none',
      hint,
    );
  const [input] = inputs;
  if (!input || inputs.length !== 1 || input.shape.length !== 4)
    throw fail('The model must have exactly one input, a picture.');
  if (!isFixed(input.shape)) throw fail('Export it with a fixed size (dynamic=False).');
  const [batch, channels, height, width] = input.shape as [number, number, number, number];
  if (input.type !== TYPE) throw fail('Export it in single precision (half=False).');
  if (batch !== 1 || channels !== 3) throw fail(inputHint(input.shape));
  if (height % step !== 0 || width % step !== 0 || height > MAX_DIMENSION || width > MAX_DIMENSION) {
    throw fail(`Height and width must be multiples of ${step}, at most ${MAX_DIMENSION}.`);
  }
  return { width, height };
}

/**
 * The shape of an output of a model that the CPU engine runs.
 *
 * @throws ExpectationError when its shape is not fixed, or its type another
 */
export function expectFloatOutput(file: string, value: ShownValue): readonly number[] {
  const { type, shape } = value;
  if (type === TYPE && shape.length > 0 && isFixed(shape)) return shape;
  throw new ExpectationError(
    `${TYPE} outputs of fixed size in ${file}`,
    shown(value),
    'Export it in single precision with a fixed size (half=False, dynamic=False).',
  );
}

/**
 * Holds a model's file against what the CPU engine will demand of it. Output shapes that the file does not give are none of its
 * business: ONNX Runtime finds them.
 *
 * @throws ExpectationError that the engine would throw, too
 */
export function expectRunnableValues(model: OnnxModel, picture: Pick<InputPicture, 'step'>): void {
  const { path } = model.file;
  expectPictureInput(path, model.fedInputs.map(asShown), picture);
  for (const output of model.outputs) {
    const value = asShown(output);
    if (value.type !== TYPE) expectFloatOutput(path, value);
  }
}

/** In a file's values, 0 stands for an extent that is not fixed. */
function asShown({ name, elementType, shape = [] }: Value): ShownValue {
  return { name, type: elementName(elementType), shape: shape.map((extent) => (extent > 0 ? extent : '?')) };
}

function isFixed(shape: ShownValue['shape']): shape is readonly number[] {
  return shape.every((extent) => typeof extent === 'number' && extent > 0);
}

function shown({ name, type, shape }: ShownValue): string {
  return `${name}: ${type} [${shape.join(', ')}]`;
}
