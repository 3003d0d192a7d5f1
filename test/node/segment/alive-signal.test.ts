import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'mocha';
import { AliveSignal } from '../../../src/node/segment/alive-signal.js';
import type { RawPublisher } from '../../../src/node/ros/ros-node.js';
import { FakeRos } from '../fake-ros.js';

describe('AliveSignal', () => {
  let now: number;
  let limit: number;
  let ros: FakeRos;
  let signal: AliveSignal;

  beforeEach(() => {
    now = 5000;
    limit = 300;
    ros = new FakeRos();
    const publisher = ros.publish('std_msgs/msg/Bool', '/alive') as RawPublisher;
    signal = new AliveSignal(
      publisher,
      () => limit,
      () => now,
    );
  });

  /** Looks every 50 ms. @returns what was sent, with the time of it */
  function run(milliseconds: number): string[] {
    const sent: string[] = [];
    for (const end = now + milliseconds; now < end; now += 50) {
      const before = ros.published.length;
      signal.check();
      for (const cdr of ros.published.slice(before)) sent.push(`${now} ${cdr[4] === 1}`);
    }
    return sent;
  }

  it('is false until there is a result, then true at once, and false after the limit without a result', () => {
    assert.deepEqual(run(300), ['5000 false']);
    signal.result();
    assert.deepEqual([ros.published.at(-1)![4], signal.alive], [1, true]);
    assert.deepEqual(run(400), ['5600 true', '5650 false']);
    assert.equal(signal.alive, false);
  });

  it('repeats its message, so that the end of the node is noticed', () => {
    for (let frame = 0; frame < 20; frame++) {
      signal.result();
      run(50);
    }
    assert.equal(ros.published.length, 1 + 3, 'the change, and once per 300 ms of the second');
    assert.equal(run(900).length, 3);
  });

  it('follows a change of the limit', () => {
    signal.result();
    limit = 5000;
    run(4000);
    assert.equal(signal.alive, true);
    limit = 1000;
    signal.check();
    assert.equal(signal.alive, false);
  });
});
