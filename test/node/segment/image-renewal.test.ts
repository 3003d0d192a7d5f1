import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'mocha';
import type { Qos } from '../../../src/message/qos.js';
import { ImageRenewal } from '../../../src/node/segment/image-renewal.js';

const RELIABLE: Qos = { reliability: 'reliable', durability: 'volatile', depth: 5 };
const BEST_EFFORT: Qos = { ...RELIABLE, reliability: 'best_effort' };
const CYCLONE = 'rmw_cyclonedds_cpp';

describe('ImageRenewal', () => {
  let now: number;
  /** Reliability of each renewal, and whether of several publishers. */
  let renewed: (readonly [string, boolean])[];
  let succeeds: boolean;

  beforeEach(() => {
    now = 5000;
    renewed = [];
    succeeds = true;
  });

  const open = (middleware: string): ImageRenewal =>
    new ImageRenewal(
      middleware,
      () => now,
      ({ reliability }, several) => {
        renewed.push([reliability, several]);
        return succeeds;
      },
    );
  /** Renewals after a message are made when its callback has ended. */
  const callbackEnded = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('renews at once, unless it would be the first reliable reader in Cyclone DDS', () => {
    const changes = [
      [CYCLONE, BEST_EFFORT, RELIABLE],
      [CYCLONE, RELIABLE, RELIABLE],
      [CYCLONE, BEST_EFFORT, BEST_EFFORT],
      ['rmw_fastrtps_cpp', RELIABLE, BEST_EFFORT],
      ['rmw_zenoh_cpp', RELIABLE, BEST_EFFORT],
    ] as const;
    for (const [middleware, wanted, current] of changes) {
      const renewal = open(middleware);
      renewal.request(wanted, current, false);
      assert.deepEqual(renewed.splice(0), [[wanted.reliability, false]], middleware);
      assert.equal(renewal.handingOver, true);
    }
    open(CYCLONE).request(RELIABLE, BEST_EFFORT, false);
    assert.deepEqual(renewed, []);
  });

  it('renews once after the next message, not during its callback', async () => {
    const renewal = open(CYCLONE);
    renewal.request(RELIABLE, BEST_EFFORT, true);
    renewal.arrived();
    renewal.arrived();
    assert.deepEqual([renewed, renewal.handingOver], [[], false]);
    await callbackEnded();
    assert.deepEqual([renewed, renewal.handingOver], [[['reliable', true]], true]);
    renewal.arrived();
    await callbackEnded();
    assert.equal(renewed.length, 1);
  });

  it('waits one second for a message from the first request on, and then uses the latest request', () => {
    const renewal = open(CYCLONE);
    renewal.request(RELIABLE, BEST_EFFORT, false);
    now += 500;
    renewal.request(RELIABLE, BEST_EFFORT, true);
    now += 499;
    renewal.request(RELIABLE, BEST_EFFORT, true);
    assert.deepEqual(renewed, []);
    now += 1;
    renewal.request(RELIABLE, BEST_EFFORT, true);
    assert.deepEqual(renewed, [['reliable', true]]);
  });

  it('does not renew after a message if the request was cancelled, even after that message', async () => {
    const renewal = open(CYCLONE);
    renewal.request(RELIABLE, BEST_EFFORT, false);
    renewal.arrived();
    renewal.cancel();
    await callbackEnded();
    assert.deepEqual(renewed, []);
    // The second of another request begins anew.
    now += 1000;
    renewal.request(RELIABLE, BEST_EFFORT, false);
    assert.deepEqual(renewed, []);
  });

  it('lets the former subscription be closed once, five seconds after the renewal', () => {
    const renewal = open('rmw_fastrtps_cpp');
    assert.equal(renewal.settled(), false, 'there is none');
    renewal.request(RELIABLE, RELIABLE, false);
    now += 4999;
    assert.deepEqual([renewal.settled(), renewal.handingOver], [false, true]);
    now += 1;
    assert.deepEqual([renewal.settled(), renewal.handingOver], [true, false]);
    assert.equal(renewal.settled(), false);
  });

  it('hands nothing over if the new subscription cannot be opened', () => {
    succeeds = false;
    const renewal = open('rmw_fastrtps_cpp');
    renewal.request(RELIABLE, RELIABLE, false);
    assert.deepEqual([renewed.length, renewal.handingOver], [1, false]);
    now += 5000;
    assert.equal(renewal.settled(), false);
  });

  it('forgets both the request and the former subscription when the subscription is closed', async () => {
    const renewal = open(CYCLONE);
    renewal.request(RELIABLE, RELIABLE, false);
    renewal.request(RELIABLE, BEST_EFFORT, false);
    renewal.reset();
    renewal.arrived();
    await callbackEnded();
    now += 5000;
    assert.deepEqual([renewed.length, renewal.handingOver, renewal.settled()], [1, false, false]);
  });
});
