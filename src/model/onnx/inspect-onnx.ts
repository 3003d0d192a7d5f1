import { ExpectationError, messageOf } from '../../base/expect.js';
import { findCutPoints, shownOutputs } from './cut-points.js';
import { inputPicture, type InputPicture } from './input-picture.js';
import { expectRunsUncut, headsOf, withModel } from './model-form.js';
import { elementName, type OnnxModel } from './onnx-model.js';
import { formOf, type ModelForm } from './output-form.js';
import { expectRunnableValues } from './runnable-values.js';

/** A description of an ONNX model. */
export interface OnnxSummary {
  readonly form: ModelForm;
  readonly producer: string;
  readonly opset: number;
  readonly inputName: string;
  readonly inputType: string;
  readonly width: number;
  readonly height: number;
  readonly picture: InputPicture;
  readonly classCount: number;
  /** DFL bins per box side; 1 means plain distances. */
  readonly regMax: number;
  readonly coefficientCount: number;
  /** Why it cannot be cut into its heads, if it looks as if it could. */
  readonly uncut: string | undefined;
  readonly outputs: readonly {
    readonly name: string;
    readonly type: string;
    readonly shape: readonly number[];
  }[];
  readonly nodes: number;
  /** Softmax nodes by name; before the heads they are attention. */
  readonly softmaxNodes: readonly string[];
  readonly metadata: ReadonlyMap<string, string>;
}

/**
 * Reads the description of an ONNX segmentation model, without its weights.
 *
 * @throws ExpectationError when it is neither a segmentation export nor a model with ten heads
 */
export function inspectOnnx(path: string): OnnxSummary {
  return withModel(path, (model) => {
    const form = formOf(model);
    const [input] = model.fedInputs;
    const picture = inputPicture(model.outputs);
    return {
      form,
      producer: model.producer,
      opset: model.opset,
      inputName: input?.name ?? '',
      inputType: elementName(input?.elementType ?? 0),
      picture,
      ...(form === 'heads' || form === 'queries' ? sizesOfHeads() : sizesOfStock()),
      outputs: model.outputs.map(({ name, elementType, shape = [] }) => ({
        name,
        type: elementName(elementType),
        shape,
      })),
      nodes: model.nodes.length,
      softmaxNodes: model.nodes.filter(({ opType }) => opType === 'Softmax').map(({ name }) => name),
      metadata: model.metadata,
    };

    function sizesOfHeads(): Sizes {
      expectRunnableValues(model, picture);
      const { width, height, layout } = headsOf(model);
      const { classCount, regMax, coefficientCount } = layout;
      return { width, height, classCount, regMax, coefficientCount, uncut: undefined };
    }

    /** If it cannot be cut and runs as it is, only the outputs are known. */
    function sizesOfStock(): Sizes {
      try {
        const { inputWidth, inputHeight, classCount, regMax, proto } = findCutPoints(model);
        return {
          ...{ width: inputWidth, height: inputHeight, classCount, regMax },
          ...{ coefficientCount: proto.channels, uncut: undefined },
        };
      } catch (error) {
        expectRunsUncut(model, error);
        expectShapes(model);
        return { ...sizesOfHeads(), uncut: messageOf(error) };
      }
    }
  });
}

/** @throws ExpectationError when only ONNX Runtime knows the outputs' shapes */
function expectShapes(model: OnnxModel): void {
  if (model.outputs.every(({ shape = [0] }) => shape.every((extent) => extent > 0))) return;
  throw new ExpectationError(
    `the outputs' shapes in ${model.file.path}`,
    shownOutputs(model),
    'It cannot be described without them, but it can be run (tros-yolo-seg run): ONNX Runtime finds them.',
  );
}

type Sizes = Pick<OnnxSummary, 'width' | 'height' | 'classCount' | 'regMax' | 'coefficientCount' | 'uncut'>;
