import type { HeadBlock } from '../tensor/kernels.js';
import type { TensorType } from '../tensor/tensor.js';
import type { ChannelScales } from './dequantize.js';
import type { Head } from './head-layout.js';

/** Must equal the version in native/decode/block.h. */
const BLOCK_VERSION = 1;

const TYPES: readonly TensorType[] = ['float32', 'int8', 'uint8', 'int16', 'uint16', 'int32'];

/** Index of a head's first channel among the numbers of its block. */
export const FIRST_CHANNEL = 8;

export function headBlock(head: Head, scales: ChannelScales | undefined): HeadBlock {
  const { info, height, width, channels, strideY, strideX, strideC, first } = head;
  return {
    numbers: Int32Array.of(
      ...[BLOCK_VERSION, TYPES.indexOf(info.type), height, width, channels],
      ...[strideY, strideX, strideC, first],
    ),
    scales: Float64Array.of(...(scales ? [...scales.scale, ...scales.zero] : [])),
  };
}
