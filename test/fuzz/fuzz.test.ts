import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { ExpectationError } from '../../src/base/expect.js';
import { temporaryFolder } from '../temporary-folder.js';
import { bagTarget } from './bag.js';
import { cdrTarget } from './cdr.js';
import { fuzz, type FuzzTarget, type MakeTarget } from './target.js';

const targets: readonly [MakeTarget, inputs: number][] = [
  [cdrTarget, 2000],
  [bagTarget, 150],
];

describe('damaged input', () => {
  for (const [make, most] of targets) {
    it(`is read or refused, with no other outcome: ${make.name}`, async () => {
      const target = await make(temporaryFolder('fuzz'));
      const { inputs, read } = await fuzz(target, { seed: 1, going: (input) => input < most });
      assert.equal(inputs, most);
      // Both ends are reached: changes that do no harm, and those that do.
      assert.ok(read > most / 20 && read < most, `${read} of ${most} read`);
    });
  }
});

describe('fuzz()', () => {
  const target = (run: FuzzTarget['run']): FuzzTarget => ({
    ...{ name: 'toy', run },
    seeds: [{ bytes: Buffer.from('a small input') }],
  });
  const run = (run: FuzzTarget['run'], seed = 1) =>
    fuzz(target(run), { seed, going: (input) => input < 200 });

  it('reports the first input that fails otherwise, reproducibly', async () => {
    const found = (bytes: Uint8Array): boolean => {
      if (bytes.includes(0xff)) throw new RangeError('beyond the end');
      return true;
    };
    const message = async (seed: number): Promise<string> =>
      run(found, seed).then(
        () => 'none',
        (error: Error) => `${error.message}: ${String(error.cause)}`,
      );
    const first = await message(1);
    assert.match(first, /^toy: input \d+ of seed 1 fails in another way: RangeError: beyond the end$/);
    assert.equal(await message(1), first);
    assert.notEqual(await message(2), first);
  });

  it('counts refused inputs, and requires that its seeds are read', async () => {
    const refuse = (bytes: Uint8Array): boolean => {
      if (bytes[0] !== 0x61) throw new ExpectationError('an a', bytes[0]);
      return true;
    };
    const { inputs, read } = await run(refuse);
    assert.equal(inputs, 200);
    assert.ok(read > 0 && read < 200, `${read} read`);
    await assert.rejects(
      run(() => {
        throw new ExpectationError('anything else', 'this');
      }),
      /toy: seed input 0 is not read/,
    );
  });
});
