import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Random } from '../../../src/media/scene/random.js';
import { StampGaps } from '../../../src/node/segment/stamp-gaps.js';

/** Stamps of a camera at 30 FPS whose interval varies by so much either way, and of which some come. */
function camera(frames: number, jitter: number, comes: (index: number) => boolean, seed = 1): StampGaps {
  const random = new Random(seed);
  const gaps = new StampGaps();
  let stamp = 1e9;
  for (let index = 0; index < frames; index++) {
    stamp += 1000 / 30 + (2 * random.next() - 1) * jitter;
    if (comes(index)) gaps.add(stamp);
  }
  return gaps;
}

describe('StampGaps', () => {
  it('finds no losses with cameras of irregular rates', () => {
    for (const jitter of [0, 2, 8]) {
      const found = camera(300, jitter, () => true).sentFrames()!;
      assert.equal(found.missing, 0, `jitter ${jitter}`);
      assert.ok(Math.abs(found.period - 1000 / 30) < 4);
    }
  });

  it('counts missing frames in gaps, also if most are lost', () => {
    const random = new Random(3);
    for (const share of [0.95, 0.7, 0.43, 0.25]) {
      const lost: boolean[] = Array.from({ length: 250 }, () => random.next() > share);
      lost[0] = lost[249] = false;
      const truth = lost.filter(Boolean).length;
      const { missing, received } = camera(250, 3, (index) => !lost[index]).sentFrames()!;
      assert.equal(received, 250 - truth);
      assert.ok(Math.abs(missing - truth) <= 0.1 * truth + 1, `${missing} of ${truth}`);
    }
  });

  it('ignores frames before a pause, and before stamps jumped back', () => {
    const gaps = camera(100, 0, (index) => index % 3 !== 0);
    assert.ok(gaps.sentFrames()!.missing > 20);
    for (let stamp = 5e8; stamp < 5e8 + 1000; stamp += 100) gaps.add(stamp);
    assert.deepEqual(gaps.sentFrames(), { period: 100, received: 10, missing: 0 });
    for (let stamp = 9e8; stamp < 9e8 + 1000; stamp += 50) gaps.add(stamp);
    assert.deepEqual(gaps.sentFrames(), { period: 50, received: 20, missing: 0 });
  });

  it('uses the last ten seconds', () => {
    const gaps = camera(1500, 0, (index) => index > 1000 || index % 3 !== 0);
    assert.equal(gaps.sentFrames()!.missing, 0);
  });

  it('returns nothing for too few, equal or missing stamps', () => {
    const gaps = new StampGaps();
    assert.equal(gaps.sentFrames(), undefined);
    for (let i = 0; i < 100; i++) gaps.add(0);
    for (let i = 0; i < 100; i++) gaps.add(1e9);
    for (let i = 1; i < 4; i++) gaps.add(1e9 + i);
    assert.equal(gaps.sentFrames(), undefined);
    gaps.add(1e9 + 4);
    assert.equal(gaps.sentFrames()!.missing, 0);
  });
});
