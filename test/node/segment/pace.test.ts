import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Random } from '../../../src/media/scene/random.js';
import { Pace } from '../../../src/node/segment/pace.js';

describe('Pace', () => {
  /** @returns times at which frames are taken, of a camera whose frames come up to `jitter` ms off */
  function taken(rate: number, limit: number, seconds: number, jitter = 0): number[] {
    const random = new Random(5);
    const pace = new Pace();
    pace.setMinPeriod(1000 / limit);
    const times = Array.from({ length: rate * seconds }, (_, frame) => {
      return (frame * 1000) / rate + (random.next() - 0.5) * 2 * jitter;
    });
    return times.filter((time) => pace.admit(time));
  }

  it('accepts the given number of frames a second, whatever the rate and jitter of the camera', () => {
    for (const [rate, limit, expected] of [
      [30, 15, 15],
      [30, 20, 20],
      [30, 10, 10],
      [30, 7, 7],
      [30, 29.9, 30],
      [30, 60, 30],
      [15, 10, 10],
      [60, 1, 1],
    ] as const) {
      for (const jitter of [0, 3]) {
        const { length } = taken(rate, limit, 60, jitter);
        assert.ok(
          Math.abs(length / 60 - expected) < 0.05 * expected,
          `${length} of ${rate} to ${limit}, ${jitter}`,
        );
      }
    }
  });

  it('accepts all frames of a camera at the limit, though half of them are early', () => {
    assert.equal(taken(30, 30, 60, 3).length, 1800);
  });

  it('does not make up for a pause, and accepts all without a limit', () => {
    const pace = new Pace();
    pace.setMinPeriod(100);
    assert.deepEqual(
      [0, 33, 66, 100, 10_000, 10_033, 10_066, 10_100, 10_133].map((time) => pace.admit(time)),
      [true, false, false, true, true, true, false, true, false],
    );
    pace.setMinPeriod(0);
    assert.ok(pace.admit(10_134) && pace.admit(10_134));
  });
});
