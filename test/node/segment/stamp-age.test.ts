import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { StampAge } from '../../../src/node/segment/stamp-age.js';

const NOW = 1_800_000_000_000_000_000n;
const MS = 1_000_000n;

describe('StampAge', () => {
  it('gives milliseconds, or the reason why a stamp is implausible', () => {
    const age = new StampAge();
    assert.equal(age.text, '');
    for (const [stamp, now, milliseconds, text] of [
      [NOW - 3_600_000n * MS, NOW, 3_600_000, 'ok'],
      [NOW - 20n * MS, NOW, 20, 'ok'],
      [NOW + 100n * MS, NOW, 0, 'ok'],
      [NOW + 101n * MS, NOW, undefined, '0.1 s ahead of the clock of this node'],
      [NOW + 86_400_000n * MS, NOW, undefined, '86400.0 s ahead of the clock of this node'],
      [NOW - 3_600_001n * MS, NOW, undefined, '3600.0 s behind the clock of this node'],
      [0n, NOW, undefined, 'not set'],
      [NOW, 0n, undefined, 'unknown: /clock has not begun'],
      [0n, 0n, undefined, 'not set'],
    ] as const) {
      assert.deepEqual([age.of(stamp, now), age.text], [milliseconds, text]);
    }
  });

  it('has no age for frames between two runs of a bag that is played in a loop', () => {
    const age = new StampAge();
    const of = (stamp: number, now: number): number | undefined =>
      age.of(BigInt(stamp) * MS, BigInt(now) * MS);
    assert.equal(of(19_900, 19_950), 50);
    assert.equal(of(10_000, 19_990), undefined, 'the first of the new run, and the clock has not gone back');
    assert.equal(age.text, 'of another run than the clock: it went back, or the stamps did');
    assert.equal(of(20_000, 10_050), undefined, 'the last of the former run');
    assert.deepEqual([of(10_100, 10_110), age.text], [10, 'ok']);
  });
});
