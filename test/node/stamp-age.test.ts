import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { StampAge } from '../../src/node/stamp-age.js';

const NOW = 1_800_000_000_000_000_000n;
const MS = 1_000_000n;

describe('StampAge', () => {
  it('StampAge gives milliseconds, and says why not for stamps that cannot be believed', () => {
    const age = new StampAge();
    assert.equal(age.text, '');
    for (const [stamp, now, milliseconds, text] of [
      [NOW - 20n * MS, NOW, 20, 'ok'],
      [NOW + 100n * MS, NOW, 0, 'ok'],
      [NOW + 101n * MS, NOW, undefined, '0.1 s ahead of the clock of this node'],
      [NOW + 86_400_000n * MS, NOW, undefined, '86400.0 s ahead of the clock of this node'],
      [NOW - 3_600_000n * MS, NOW, 3_600_000, 'ok'],
      [NOW - 3_600_001n * MS, NOW, undefined, '3600.0 s behind the clock of this node'],
      [0n, NOW, undefined, 'not set'],
      [NOW, 0n, undefined, 'unknown: /clock has not begun'],
      [0n, 0n, undefined, 'not set'],
    ] as const) {
      assert.deepEqual([age.of(stamp, now), age.text], [milliseconds, text]);
    }
  });
});
