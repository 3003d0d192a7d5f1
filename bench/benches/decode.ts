import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BpuEngine } from '../../src/engine/bpu/bpu-engine.js';
import { Segmenter } from '../../src/pipeline/segmenter.js';
import { record } from '../../tools/record/record.js';
import { Decoder } from '../../src/vision/decode/decoder.js';
import type { DecodeOptions } from '../../src/vision/decode/options.js';
import { nativeKernels } from '../../src/native/kernels.js';
import type { Bench, BenchContext, Case, Result } from '../bench.js';
import {
  benchHeads,
  crowdOptions,
  type Heads,
  linearPass,
  noiseFrame,
  quantized,
  stillEngine,
} from '../material.js';
import { emulator } from '../sourced.js';
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
    const results = await measure(cases);
    return [...results, ...(await measureAhead(float, measure))];
  },
};

/** What is left for the JavaScript thread of a frame that the slot's thread has decoded already; none without the emulated BPU. */
async function measureAhead(heads: Heads, measure: BenchContext['measure']): Promise<Result[]> {
  const library = emulator();
  if (!existsSync(library)) return [];
  const folder = mkdtempSync(join(tmpdir(), 'tros-yolo-seg-bench-'));
  try {
    const file = join(folder, 'model.bin');
    const { sourceWidth, sourceHeight } = heads.letterbox;
    const frame = noiseFrame(sourceWidth, sourceHeight);
    await record(stillEngine(heads), [frame], { file, name: 'bench' });
    const engine = await BpuEngine.open({ file, library, slots: 1 });
    try {
      const { decoder } = new Segmenter(engine, { labelCount: heads.layout.classCount });
      const { tensors, letterbox, ahead } = await engine.submit(frame);
      return await measure([
        {
          name: `${heads.name}, decoded ahead, masks at source resolution`,
          run: () => decoder.decode(tensors, letterbox, undefined, undefined, ahead),
          yardsticks: [linearPass(heads)],
        },
      ]);
    } finally {
      await engine.close();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

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
