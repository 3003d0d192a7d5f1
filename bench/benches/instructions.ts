import type { Bench, Result } from '../bench.js';
import { buildArm64, countInstructions, millions } from '../instructions/arm64.js';

/** Below this, other threads did nothing that was asked of them. */
const NOTHING = 0.001;

export const bench: Bench = {
  summary:
    'million arm64 instructions of each part of the way of a frame, under QEMU: what a Cortex-A55 executes',
  async run({ quick, note, begin, report }) {
    if (quick) {
      note('left out with --quick: instructions are counted in full or not at all');
      return [];
    }
    begin('building build/arm64');
    await buildArm64();
    const results: Result[] = [];
    begin('counting');
    await countInstructions(
      () => true,
      (counted) => {
        const { js, others } = millions(counted);
        const values = {
          'M instructions, JS thread': js,
          ...(others > NOTHING ? { 'M instructions, other threads': others } : {}),
        };
        const result = { name: counted.name, values };
        report(result);
        results.push(result);
      },
    );
    return results;
  },
};
