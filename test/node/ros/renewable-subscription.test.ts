import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Random } from '../../../src/media/scene/random.js';
import { Handover } from '../../../src/node/ros/renewable-subscription.js';

describe('Handover', () => {
  it('delivers each message once, in whatever order two subscriptions receive it', () => {
    const random = new Random(7);
    for (let round = 0; round < 500; round++) {
      // The new one hears all from some message on; a former one with queued messages lags behind.
      const [first, last] = [random.integer(5), 20];
      const queues = [numbers(0, last), numbers(first, last)];
      const handover = new Handover(false);
      const taken: number[] = [];
      while (queues[1]!.length > 0 || (queues[0]!.length > 0 && !handover.over)) {
        const byNew = random.next() < 0.5;
        const message = queues[Number(byNew)]!.shift();
        if (message === undefined) continue;
        if (handover.admit(byNew, String(message), 0)) taken.push(message);
      }
      assert.deepEqual(
        taken.toSorted((a, b) => a - b),
        numbers(0, last),
      );
      assert.ok(handover.over);
    }
  });

  it('delivers each message of several publishers once until it is ended, whichever of them is discovered first', () => {
    const handover = new Handover(true);
    assert.ok(handover.admit(false, 'a1', 0));
    assert.ok(!handover.admit(true, 'a1', 0));
    assert.ok(handover.admit(true, 'a2', 5000));
    assert.ok(!handover.admit(false, 'a2', 5000));
    // The other publisher has not discovered the new one yet.
    assert.ok(handover.admit(false, 'b1', 5001));
    assert.ok(!handover.over);
    handover.end();
    assert.ok(handover.over);
    assert.ok(!handover.admit(false, 'b2', 5002));
    assert.ok(handover.admit(true, 'b2', 5002));
  });

  it('drops a former subscription without messages a second after the new one began', () => {
    const handover = new Handover(false);
    assert.ok(handover.admit(true, 'a', 5000));
    assert.ok(handover.admit(true, 'b', 6000));
    assert.ok(!handover.over);
    assert.ok(handover.admit(true, 'c', 6001));
    assert.ok(handover.over);
    assert.ok(!handover.admit(false, 'd', 6001));
  });

  it('switches at the first message of the new subscription if stamps are not set', () => {
    const handover = new Handover(false);
    assert.ok(handover.admit(false, undefined, 0));
    assert.ok(handover.admit(true, undefined, 0));
    assert.ok(handover.over);
  });

  it('accepts stamps that a publisher repeats', () => {
    const handover = new Handover(false);
    assert.ok(handover.admit(false, 'a', 0));
    assert.ok(handover.admit(false, 'a', 0));
  });
});

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}
