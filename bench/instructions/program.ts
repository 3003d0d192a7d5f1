/**
 * Counts cases of one group, within an arm64 Node.js under QEMU with the plugin:
 *
 *   node program.js COUNTS HEADS GROUP [CASE...]
 *
 * HEADS is a file of saveHeads(), or - for what no heads belong to; without a CASE, all of the group are counted. Prints a line of
 * JSON for each: {"name", "own", "others"}. Started by arm64.ts.
 */
import { readSavedHeads } from '../material.js';
import { headCases, pixelCases } from './cases.js';
import { InstructionCounter } from './counter.js';

const [counts, heads, group, ...names] = process.argv.slice(2);
const counter = new InstructionCounter(counts!);
const cases = heads === '-' ? pixelCases() : headCases(readSavedHeads(heads!));
for (const { name, group: own, prepare } of cases) {
  if (own !== group || (names.length > 0 && !names.includes(name))) continue;
  const { run, close } = await prepare();
  const counted = await counter.count(run);
  await close?.();
  process.stdout.write(`${JSON.stringify({ name, ...counted })}\n`);
}
