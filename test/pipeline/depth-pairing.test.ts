import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { DepthPairing, type PairingOptions } from '../../src/pipeline/depth-pairing.js';

/** Pairs stamps, which stand for results and pictures. */
class Setup {
  now = 0;
  readonly pairs: string[] = [];
  readonly pairing: DepthPairing<number, number>;

  constructor(options: Partial<PairingOptions> = {}) {
    this.pairing = new DepthPairing(
      { tolerance: 20, queue: 3, timeout: 100, ...options },
      (result, depth) => this.pairs.push(`${result}-${depth ?? ''}`),
      () => this.now,
    );
  }

  depth(...stamps: number[]): this {
    for (const stamp of stamps) this.pairing.addDepth(stamp, stamp);
    return this;
  }

  result(...stamps: number[]): this {
    for (const stamp of stamps) this.pairing.addResult(stamp, stamp);
    return this;
  }
}

describe('DepthPairing', () => {
  it('pairs the nearest picture, as soon as no nearer one can arrive', () => {
    const setup = new Setup().depth(1000, 1033).result(1012);
    assert.deepEqual(setup.pairs, ['1012-1000']);
    setup.result(1040);
    assert.equal(setup.pairs.length, 1, 'a nearer one may come');
    setup.depth(1045);
    assert.deepEqual(setup.pairs, ['1012-1000', '1040-1045']);
    assert.deepEqual(setup.pairing.counts, { received: 3, paired: 2, unpaired: 0, late: 0 });
  });

  it('pairs equal stamps at once, whichever arrives first', () => {
    assert.deepEqual(new Setup().depth(1000).result(1000).pairs, ['1000-1000']);
    assert.deepEqual(new Setup().result(1000).depth(1000).pairs, ['1000-1000']);
  });

  it('pairs a picture with several results, because depth cameras are slower', () => {
    assert.deepEqual(new Setup().depth(1000, 1100).result(990, 1010).pairs, ['990-1000', '1010-1000']);
  });

  it('pairs nothing beyond the tolerance', () => {
    assert.deepEqual(new Setup().depth(1000, 1041).result(1021).pairs, ['1021-1041']);
    assert.deepEqual(new Setup({ tolerance: 19 }).depth(1000, 1041).result(1020).pairs, ['1020-']);
  });

  it('stops waiting after the timeout, and counts a picture that arrives late', () => {
    const setup = new Setup().depth(990).result(1000, 1030);
    setup.now = 99;
    setup.pairing.tick();
    assert.deepEqual(setup.pairs, []);
    setup.now = 100;
    setup.pairing.tick();
    assert.deepEqual(setup.pairs, ['1000-990', '1030-']);
    setup.depth(1031, 1032);
    assert.deepEqual(setup.pairing.counts, { received: 3, paired: 1, unpaired: 1, late: 1 });
  });

  it('lets only as many results wait as the queue holds, in order', () => {
    const setup = new Setup().result(1000, 1030, 1060, 1090, 1120);
    assert.deepEqual(setup.pairs, ['1000-', '1030-']);
    assert.equal(setup.pairing.waiting, 3);
    const many = new Setup();
    for (let stamp = 0; stamp < 1000; stamp += 30) many.depth(stamp);
    many.result(900, 930);
    assert.deepEqual(many.pairs, ['900-', '930-930'], '930, 960 and 990 are kept');
  });

  it('starts over when a bag does', () => {
    const setup = new Setup().depth(90_000).result(90_000, 90_030);
    setup.depth(10_000);
    setup.result(10_000);
    assert.deepEqual(setup.pairs, ['90000-90000', '90030-', '10000-10000']);
  });

  it('uses every result exactly once and in order, with the nearest picture received', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 40 })), { maxLength: 60 }),
        (events) => {
          const setup = new Setup({ queue: 100, tolerance: 25 });
          const sent: number[] = [];
          const pictures: number[] = [];
          let [resultAt, depthAt] = [1000, 1000];
          for (const [isResult, step] of events) {
            if (isResult) sent.push((resultAt += step));
            else pictures.push((depthAt += step));
            if (isResult) setup.result(resultAt);
            else setup.depth(depthAt);
          }
          setup.pairing.flush();
          const nearest = (stamp: number): number | '' => {
            const best = pictures.reduce<number>(
              (a, b) => (Math.abs(b - stamp) <= Math.abs(a - stamp) ? b : a),
              Infinity,
            );
            return Math.abs(best - stamp) <= 25 ? Math.abs(best - stamp) : '';
          };
          assert.deepEqual(
            setup.pairs.map((pair) => {
              const [result, depth] = pair.split('-');
              return `${result} ${depth === '' ? '' : Math.abs(Number(depth) - Number(result))}`;
            }),
            sent.map((stamp) => `${stamp} ${nearest(stamp)}`),
          );
        },
      ),
    );
  });
});
