import { boxDecoder, CandidateBoxes } from '../src/vision/decode/box.js';
import { readChannels } from '../src/vision/decode/dequantize.js';
import { cellOffset, type Head } from '../src/vision/decode/head-layout.js';
import { recognizeHeads } from '../src/vision/decode/heads.js';
import { sigmoid } from '../src/vision/decode/options.js';
import { packedStride, type Tensor, UNQUANTIZED } from '../src/vision/tensor/tensor.js';
import type { Heads } from './material.js';

const BOX_CHANNELS = 4;

/**
 * The same heads as a stock export decodes them itself, [1, 4 + C + K, cells] and [1, K, height, width]: what a model that was not
 * cut gives, on ONNX Runtime or compiled whole for the BPU.
 *
 * @param float heads of real numbers
 */
export function twoOutputs({ name, tensors, layout, letterbox }: Heads): Heads {
  const { classCount, coefficientCount, proto, inputWidth: width, inputHeight: height } = layout;
  const cells = layout.levels.reduce((sum, { class: head }) => sum + head.width * head.height, 0);
  const channels = BOX_CHANNELS + classCount + coefficientCount;
  const list = new Float32Array(channels * cells);
  const decoder = boxDecoder(layout);
  const boxes = new CandidateBoxes(1);
  const [scores, coefficients] = [new Float32Array(classCount), new Float32Array(coefficientCount)];
  let at = 0;
  for (const level of layout.levels) {
    const read = (head: Head, cell: number, into: Float32Array): Float32Array => {
      readChannels(tensors[head.output]!, head, undefined, cellOffset(head, cell), into);
      return into;
    };
    for (let cell = 0; cell < level.class.width * level.class.height; cell++, at++) {
      decoder.decode(tensors[level.box.output]!, level, undefined, cell, boxes, 0);
      const [x1, y1, x2, y2] = [boxes.x1[0]!, boxes.y1[0]!, boxes.x2[0]!, boxes.y2[0]!];
      const values = [
        ...[(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1],
        ...read(level.class, cell, scores).map(sigmoid),
        ...read(level.coefficient!, cell, coefficients),
      ];
      values.forEach((value, channel) => (list[channel * cells + at] = value));
    }
  }
  const planes = new Float32Array(coefficientCount * proto.height * proto.width);
  for (let cell = 0; cell < proto.height * proto.width; cell++) {
    readChannels(tensors[proto.output]!, proto, undefined, cellOffset(proto, cell), coefficients);
    coefficients.forEach((value, k) => (planes[k * proto.height * proto.width + cell] = value));
  }
  const outputs = [
    tensor('output0', [1, channels, cells], list),
    tensor('output1', [1, coefficientCount, proto.height, proto.width], planes),
  ];
  return {
    name,
    tensors: outputs,
    layout: recognizeHeads(outputs, { width, height }, { classCount }),
    letterbox,
  };
}

function tensor(name: string, shape: readonly number[], data: Float32Array): Tensor {
  return { name, shape, stride: packedStride(shape), type: 'float32', quantization: UNQUANTIZED, data };
}
