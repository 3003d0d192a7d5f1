import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { SteadyGain } from '../../../src/vision/track/steady-gain.js';

describe('the gain of steady shapes', () => {
  it('forgets a small error as a critically damped filter: both poles at exp(-seconds / time)', () => {
    const gain = new SteadyGain();
    for (const [seconds, time] of [
      [1 / 30, 0.3],
      [0.1, 0.3],
      [0.5, 0.2],
    ] as const) {
      gain.set(seconds, time, 100, { near: 0.04, far: 0.1 });
      // Characteristic polynomial z^2 - (2 - g - h) z + (1 - g) of a filter with the gains g of position and h of speed.
      const sum = 2 - gain.of(1) - gain.ofSpeed;
      const product = 1 - gain.of(-1);
      const pole = Math.exp(-seconds / time);
      assert.ok(Math.abs(sum - 2 * pole) < 1e-12, `sum of the poles: ${sum}, expected ${2 * pole}`);
      assert.ok(
        Math.abs(product - pole * pole) < 1e-12,
        `their product: ${product}, expected ${pole * pole}`,
      );
    }
  });
});
