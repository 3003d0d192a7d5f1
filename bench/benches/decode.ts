import { Decoder } from '../../src/vision/decode/decoder.js';
import type { DecodeOptions } from '../../src/vision/decode/options.js';
import { nativeKernels } from '../../src/native/kernels.js';
import type { Bench, Case } from '../bench.js';
import { benchHeads, crowdOptions, type Heads, linearPass, quantized } from '../material.js';
import { twoOutputs } from '../two-outputs.js';

export const bench: Bench = {
  summary: 'head tensors to boxes and masks, beside a linear pass over the class logits',
  async run({ measure }) {
    const float = await benchHeads();
    const crowd = crowdOptions(float);
    const forms: readonly (readonly [string, Heads])[] = [
      ['float', float],
      ['int32', quantized(float)],
      ['two outputs', twoOutputs(float)],
    ];
    const cases = forms.flatMap(([form, heads]): Case[] => {
      const what = (options: DecodeOptions, name: string): Case =>
        decodeCase(heads, options, `${form}, ${name}`, float);
      return [
        what({ masks: 'none' }, 'boxes only'),
        what({ masks: 'proto' }, 'masks at prototype resolution'),
        what({ masks: 'source' }, 'masks at source resolution'),
        what({ ...crowd, masks: 'none' }, '100 instances, boxes only'),
        what({ ...crowd, masks: 'source' }, '100 instances, masks at source resolution'),
      ];
    });
    return measure(cases);
  },
};

/** @param logits heads whose class logits are the yardstick */
function decodeCase(heads: Heads, options: DecodeOptions, name: string, logits: Heads): Case {
  const { layout, tensors, letterbox } = heads;
  const decoder = new Decoder(layout, options, nativeKernels());
  return {
    name: `${heads.name}, ${name}`,
    run: () => decoder.decode(tensors, letterbox),
    yardsticks: [linearPass(logits)],
  };
}
