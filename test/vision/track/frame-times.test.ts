import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { FrameTimes } from '../../../src/vision/track/frame-times.js';
import { stampAt } from './frames.js';

describe('frame times', () => {
  const steps = (...seconds: number[]): number[] => {
    const times = new FrameTimes();
    return seconds.map((time) => Math.round(times.step(stampAt(time)) * 1e6) / 1e6);
  };

  it('are the differences of stamps, to the nanosecond', () => {
    const times = new FrameTimes();
    times.step({ sec: 1_700_000_000, nanosec: 999_999_999 });
    const step = times.step({ sec: 1_700_000_001, nanosec: 33_333_332 });
    assert.equal(Math.round(step * 1e12) / 1e12, 0.033333333);
  });

  it('begin with 0, and span missing frames', () => {
    assert.deepEqual(steps(5, 5.1, 5.4, 9.4), [0, 0.1, 0.3, 4]);
  });

  it('advance by the usual period while stamps stand still', () => {
    assert.deepEqual(steps(5, 5.1, 5.1, 5.1, 5.1), [0, 0.1, 0, 0.1, 0.1]);
    assert.deepEqual(steps(0, 0, 0), [0, 0.033333, 0.033333]);
  });

  it('count no time twice if a frame arrives twice or late', () => {
    assert.deepEqual(steps(5, 5.1, 5.1, 5.2), [0, 0.1, 0, 0.1]);
    assert.deepEqual(steps(5, 5.1, 5.05, 5.15), [0, 0.1, 0, 0.05]);
  });

  it('report a jump back', () => {
    assert.deepEqual(steps(5, 5.1, 1, 1.2), [0, 0.1, -1, 0.2]);
  });

  it('never let their sum decrease', () => {
    const times = new FrameTimes();
    let before = 0;
    for (const time of [5, 6, 1, 1.5, 1.45, 100, 0]) {
      times.step(stampAt(time));
      assert.ok(times.now >= before);
      before = times.now;
    }
  });
});
