import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import fc from 'fast-check';
import { Search } from '../../../src/vision/decode/search.js';

/** Where the search stops, one after the other, until the end. */
function stops(search: Search, length: number): number[] {
  const found: number[] = [];
  for (let at = search.firstAbove(0, length); at < length; at = search.firstAbove(at + 1, length))
    found.push(at);
  return found;
}

function above(values: ArrayLike<number>, limit: number): number[] {
  return Array.from(values, (value, i) => (value > limit ? i : -1)).filter((i) => i >= 0);
}

const EDGES = [0, -0, 1e-45, -1e-45, 1.1754944e-38, -1.1754944e-38, 3.4028235e38, -3.4028235e38];

describe('search', () => {
  it('finds the floats above a limit, and nothing else except NaN', () => {
    const value = fc.oneof(
      fc.float(),
      fc.float({ min: -4, max: 4 }),
      fc.constantFrom(...EDGES, NaN, Infinity, -Infinity),
    );
    const limit = fc.oneof(
      fc.double({ noNaN: true }),
      fc.double({ min: -4, max: 4, noNaN: true }),
      fc.constantFrom(...EDGES, 1e-60, -1e-60, -Infinity),
    );
    fc.assert(
      fc.property(fc.array(value, { maxLength: 40 }), limit, (values, bound) => {
        const data = Float32Array.from(values);
        const search = new Search();
        search.inFloats(data, bound);
        const found = stops(search, data.length).filter((i) => !Number.isNaN(data[i]!));
        assert.deepEqual(found, above(data, bound));
      }),
      { numRuns: 2000 },
    );
  });

  it('does not stop at a float that equals the limit', () => {
    for (const bound of [-1.5, 0, 2.25]) {
      const search = new Search();
      search.inFloats(Float32Array.of(bound, bound, bound), bound);
      assert.deepEqual(stops(search, 3), []);
    }
  });

  it('finds the integers above a limit', () => {
    const value = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
    const limit = fc.oneof(value, fc.double({ min: -1e10, max: 1e10, noNaN: true }));
    fc.assert(
      fc.property(fc.array(value, { maxLength: 40 }), limit, (values, bound) => {
        const search = new Search();
        search.inIntegers(Int32Array.from(values), bound);
        assert.deepEqual(stops(search, values.length), above(values, bound));
      }),
    );
  });

  it('has a limit for each channel', () => {
    const limits = Int32Array.of(5, -5, 100, 0, 7, 7);
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -120, max: 120 }), { minLength: 18, maxLength: 18 }),
        (values) => {
          const search = new Search();
          search.inChannels(Int16Array.from(values), limits);
          const first = values.findIndex((value, i) => value > limits[i % 6]!);
          assert.equal(search.firstAbove(0, 18), first < 0 ? 18 : first);
        },
      ),
    );
  });

  it('reads current values from an array that an engine overwrote', () => {
    const data = new Float32Array(20).fill(-3);
    const search = new Search();
    search.inFloats(data, -1);
    assert.equal(search.firstAbove(0, 20), 20);
    data[13] = -0.5;
    search.inFloats(data, -1);
    assert.equal(search.firstAbove(0, 20), 13);
  });
});
