import { ExpectationError } from '../../base/expect.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Head } from './head-layout.js';

/** Scale and zero point of each channel of a head, ready to use: x = (q - zero[c]) * scale[c]. */
export interface ChannelScales {
  readonly scale: Float64Array;
  readonly zero: Float64Array;
  /** Whether all channels share one positive scale and zero point, so that integers have the same order as the real numbers. */
  readonly uniform: boolean;
}

/**
 * The de-quantization of a head by channel; undefined if its values are real numbers.
 *
 * @throws ExpectationError unless there is one scale, or one for each channel
 */
export function channelScales(head: Head): ChannelScales | undefined {
  const { info, channels, axis, first } = head;
  const { quantization, name, shape } = info;
  if (quantization.kind === 'none') return undefined;
  const stored = quantization.kind === 'scale' ? quantization.scale : quantization.shift;
  const zeros = quantization.kind === 'scale' ? (quantization.zeroPoint ?? []) : [];
  const alongChannels = shape[quantization.axis] === shape[axis];
  if (stored.length !== 1 && (stored.length < first + channels || !alongChannels)) {
    throw new ExpectationError(
      `1 or ${shape[axis]} ${quantization.kind}s along the channels of output ${name}`,
      `${stored.length} along axis ${quantization.axis}`,
      'The model file is damaged or of a kind that is not known here.',
    );
  }
  const at = (values: ArrayLike<number>, c: number): number =>
    values.length === 1 ? values[0]! : (values[first + c] ?? 0);
  const scale = new Float64Array(channels);
  const zero = new Float64Array(channels);
  for (let c = 0; c < channels; c++) {
    scale[c] = quantization.kind === 'scale' ? at(stored, c) : 2 ** -at(stored, c);
    zero[c] = at(zeros, c);
  }
  const uniform = scale.every((s) => s === scale[0] && s > 0) && zero.every((z) => z === zero[0]);
  return { scale, zero, uniform };
}

/** Copies the channels of one cell into `target` as real numbers. `offset` is that of the cell's channel 0. */
export function readChannels(
  tensor: Tensor,
  head: Head,
  scales: ChannelScales | undefined,
  offset: number,
  target: Float32Array,
): void {
  const { data } = tensor;
  const { channels, strideC } = head;
  if (scales) {
    const { scale, zero } = scales;
    for (let c = 0; c < channels; c++) target[c] = (data[offset + c * strideC]! - zero[c]!) * scale[c]!;
  } else {
    for (let c = 0; c < channels; c++) target[c] = data[offset + c * strideC]!;
  }
}
