import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Timeline } from '../../../src/node/segment/timeline.js';

const ms = (time: number): bigint => BigInt(Math.round(time * 1e6));

describe('Timeline', () => {
  let timeline: Timeline;
  const sameRun = (stamp: number, now: number): boolean => timeline.sameRun(ms(stamp), ms(now));

  it('accepts frames that are on time, and late ones', () => {
    timeline = new Timeline();
    for (let stamp = 10_000; stamp < 20_000; stamp += 100) assert.ok(sameRun(stamp, stamp + (stamp % 700)));
  });

  it('gives no age for frames between two runs of a bag', () => {
    timeline = new Timeline();
    assert.ok(sameRun(19_900, 19_950));
    assert.ok(!sameRun(10_000, 19_990), 'the first of the new run, and the clock has not gone back');
    assert.ok(!sameRun(10_100, 19_990));
    assert.ok(sameRun(10_200, 10_210));
    assert.ok(!sameRun(20_000, 10_250), 'the last of the former run');
    timeline = new Timeline();
    sameRun(20_000, 10_250);
    assert.ok(!sameRun(10_300, 10_310));
    assert.ok(sameRun(10_400, 11_400), 'a clock that goes on for a second is right');
  });

  it('allows two cameras on one topic', () => {
    timeline = new Timeline();
    for (let stamp = 10_000; stamp < 11_000; stamp += 100) {
      assert.ok(sameRun(stamp, stamp + 50));
      assert.ok(sameRun(stamp - 900, stamp + 60));
    }
  });
});
