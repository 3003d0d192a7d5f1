import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { buildArm64, type CountedCase, countInstructions, millions } from '../../bench/instructions/arm64.js';
import { sharedData } from '../data.js';
import { FIGURES } from './figures.js';

/** What a count may differ from the figure beside it. */
const TOLERANCE = 0.1;
/**
 * Times that a case is counted before its figure is believed to have changed. V8 compiles by how often a function was called while the
 * event loop turned, which threads shift a little: one process in some dozens ends with other machine code, dearer or cheaper. What
 * changed for good is in all of them.
 */
const TRIES = 3;
/** Million instructions below which a tenth says nothing. */
const FEW = 0.015;

// Not `npm test`: it needs qemu-user, a cross-compiler and an arm64 Node.js. `npm run test:instructions`.
describe('arm64 instructions of a frame', function () {
  this.timeout(1_800_000);
  /** Of each case's counts, the one nearest to its figure. */
  const counted = new Map<string, CountedCase>();
  const names = Object.keys(FIGURES).filter((name) => !name.startsWith('bus: ') || !sharedData.skip);

  before(async () => {
    await buildArm64();
    for (let left = TRIES, wanted = names; left > 0 && wanted.length > 0; left--) {
      await countInstructions(
        (name) => wanted.includes(name),
        (item) => {
          const before = counted.get(item.name);
          if (!before || distance(item) < distance(before)) counted.set(item.name, item);
        },
      );
      wanted = wanted.filter((name) => {
        const item = counted.get(name);
        return item && distance(item) > 1;
      });
    }
  });

  for (const name of names) {
    it(name, () => {
      const item = counted.get(name);
      assert.ok(item, `Expected a case of this name: bench/instructions/cases.ts has others.`);
      const { js, others } = millions(item);
      const [wasJs, wasOthers] = FIGURES[name]!;
      assert.ok(
        distance(item) <= 1,
        `Expected ${wasJs} million instructions on the JavaScript thread and ${wasOthers} on others, within 10 %, but counted ` +
          `${js.toPrecision(3)} and ${others.toPrecision(3)}. Find what became dearer; where it became cheaper, write the new ` +
          'figures into test/instructions/figures.ts.',
      );
    });
  }
});

/** How far a count is from its figure: at most 1 is within tolerance. */
function distance(item: CountedCase): number {
  const { js, others } = millions(item);
  const [wasJs, wasOthers] = FIGURES[item.name]!;
  const of = (is: number, was: number): number => Math.abs(is - was) / Math.max(FEW, TOLERANCE * was);
  return Math.max(of(js, wasJs), of(others, wasOthers));
}
