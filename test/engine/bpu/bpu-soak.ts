/**
 * Runs frames through the bpu engine while faults are injected (TROS_YOLO_SEG_EMULATOR), in a process of its own so that the
 * emulator's report at unload tells what was lost. Prints one line of JSON.
 *
 *     node dist/test/engine/bpu/bpu-soak.js MODEL FRAMES
 */
import { BpuEngine } from '../../../src/engine/bpu/bpu-engine.js';
import { noiseFrame } from '../../native/frames.js';
import { boardReport, EMULATOR } from './emulator.js';

const SLOTS = 6;
const TIMEOUT = 25;

const [file, count] = process.argv.slice(2);
const frames = [1, 2, 3].map((seed) => noiseFrame(64, 64, seed));
const total = Number(count);
const engine = await BpuEngine.open({ file: file!, library: EMULATOR, slots: SLOTS, timeout: TIMEOUT });

// The results of each frame without faults, to check that a fault of one frame never affects another.
const sums: (number | undefined)[] = [];
const outcomes = { results: 0, wrong: 0, errors: {} as Record<string, number> };
/** Maximum number of live blocks of BPU memory. */
const blocks: number[] = [];
let submitted = 0;

async function lane(): Promise<void> {
  while (submitted < total) {
    const index = submitted++;
    if (index % Math.ceil(total / 10) === 0) blocks.push(boardReport().blocksAlive);
    try {
      const inference = await engine.submit(frames[index % frames.length]!);
      const sum = inference.tensors.reduce((all, { data }) => all + Number(data[0]) + Number(data.at(-1)), 0);
      if (sum !== (sums[index % frames.length] ??= sum)) outcomes.wrong++;
      outcomes.results++;
      inference.release();
    } catch (error) {
      const name = /HB_\w+|a free slot|still outstanding/.exec(String(error))?.[0] ?? String(error);
      outcomes.errors[name] = (outcomes.errors[name] ?? 0) + 1;
    }
  }
}
await Promise.all(Array.from({ length: SLOTS }, lane));
// All slots are free again: as many frames as there are slots are accepted at once.
const last = await Promise.allSettled(Array.from({ length: SLOTS }, () => engine.submit(frames[0]!)));
const refused = last.filter(
  (one) => one.status === 'rejected' && /a free slot/.test(String(one.reason)),
).length;
await engine.close();
process.stdout.write(`${JSON.stringify({ ...outcomes, refused, blocks })}\n`);
