import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { Assignment } from '../../../src/vision/track/assignment.js';

/** The largest sum there is, by trying all. */
function best(values: readonly number[][], row = 0, taken = 0): number {
  if (row === values.length) return 0;
  let most = best(values, row + 1, taken);
  values[row]!.forEach((value, column) => {
    if (value > 0 && !(taken & (1 << column)))
      most = Math.max(most, value + best(values, row + 1, taken | (1 << column)));
  });
  return most;
}

describe('assignment', () => {
  const assignment = new Assignment();
  const solve = (values: readonly number[][]): { sum: number; pairs: number } => {
    const columns = values[0]?.length ?? 0;
    const pairs = assignment.solve(Float64Array.from(values.flat()), values.length, columns);
    let sum = 0;
    for (let row = 0; row < values.length; row++) {
      const column = assignment.rows[row]!;
      if (column < 0) continue;
      assert.equal(assignment.columns[column], row);
      sum += values[row]![column]!;
    }
    return { sum, pairs };
  };

  it('chooses the pairs with the largest sum, not the best pair first', () => {
    assert.deepEqual(
      solve([
        [0.9, 0.8],
        [0.8, 0.1],
      ]),
      { sum: 1.6, pairs: 2 },
    );
  });

  it('assigns nothing to a row of zeros', () => {
    solve([
      [0, 0, 0],
      [0, 0.2, 0],
    ]);
    assert.deepEqual([...assignment.rows.subarray(0, 2)], [-1, 1]);
    assert.deepEqual([...assignment.columns.subarray(0, 3)], [-1, 1, -1]);
  });

  it('is empty for an empty table', () => {
    assert.equal(assignment.solve(new Float64Array(0), 0, 5), 0);
    assert.equal(assignment.solve(new Float64Array(0), 5, 0), 0);
  });

  it('finds the largest sum of any table', () => {
    const value = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 100 }));
    const table = fc
      .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }))
      .chain(([rows, columns]) =>
        fc.array(fc.array(value, { minLength: columns, maxLength: columns }), {
          minLength: rows,
          maxLength: rows,
        }),
      );
    fc.assert(
      fc.property(table, (values) => {
        assert.equal(solve(values).sum, best(values));
      }),
      { numRuns: 300 },
    );
  });
});
