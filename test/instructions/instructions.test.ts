import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { buildArm64, type CountedCase, countInstructions, millions } from '../../bench/instructions/arm64.js';
import { sharedData } from '../data.js';
import { FIGURES } from './figures.js';

/** What a count may differ from the figure beside it: V8 decides otherwise at times, a regression is more. */
const TOLERANCE = 0.1;
/** Million instructions below which a tenth says nothing. */
const FEW = 0.02;

// Not `npm test`: it needs qemu-user, a cross-compiler and an arm64 Node.js. `npm run test:instructions`.
describe('arm64 instructions of a frame', function () {
  this.timeout(1_800_000);
  const counted = new Map<string, CountedCase>();
  const names = Object.keys(FIGURES).filter((name) => !name.startsWith('bus: ') || !sharedData.skip);

  before(async () => {
    await buildArm64();
    await countInstructions(
      (name) => names.includes(name),
      (item) => counted.set(item.name, item),
    );
  });

  for (const name of names) {
    it(name, () => {
      const item = counted.get(name);
      assert.ok(item, `Expected a case of this name: bench/instructions/cases.ts has others.`);
      const found = millions(item);
      const [js, others] = FIGURES[name]!;
      const told = `${found.js.toPrecision(3)} on the JavaScript thread, ${found.others.toPrecision(3)} on others`;
      for (const [is, was, thread] of [
        [found.js, js, 'the JavaScript thread'],
        [found.others, others, 'other threads'],
      ] as const) {
        assert.ok(
          Math.abs(is - was) <= Math.max(FEW, TOLERANCE * was),
          `Expected ${was} million instructions on ${thread}, within 10 %, but counted ${told}. ` +
            'Find what became dearer; where it became cheaper, write the new figure into test/instructions/figures.ts.',
        );
      }
    });
  }
});
