import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'mocha';
import { DecodedMasks } from '../../../src/vision/mask/decoded-mask.js';
import { RowRuns } from '../../../src/vision/track/row-runs.js';
import { SteadyGain } from '../../../src/vision/track/steady-gain.js';
import { RunMemory, SteadyMask } from '../../../src/vision/track/steady-mask.js';

describe('a steady mask', () => {
  // So little is taken over that what moves with the object can only come from the motion expected of it.
  const gain = Object.assign(new SteadyGain(), { least: 0.1, near: 20, far: 40 });
  let steady: SteadyMask;
  beforeEach(() => {
    steady = new SteadyMask();
  });

  const rowsOf = (top: number, rows: number[][]): RowRuns => {
    const made = new RowRuns();
    made.begin(top);
    made.reserve(rows.length, rows.flat().length);
    for (const row of rows) {
      for (const edge of row) made.edges[made.used++] = edge;
      made.endRow();
    }
    return made;
  };
  const written = (of: SteadyMask): object => {
    const mask = new DecodedMasks().at(0);
    of.write(mask, new RunMemory(), 200, 100);
    const { x, y, width, height, runs } = mask.mask;
    return { x, y, width, height, runs };
  };
  const asFound = (seen: RowRuns): object => {
    const mask = new SteadyMask();
    mask.restart(seen);
    return written(mask);
  };

  it('grows with its object: rows that are seen, rows seen in two parts, and unseen rows', () => {
    steady.restart(rowsOf(10, Array<number[]>(6).fill([20, 100])));
    const seen = [
      [20, 116],
      [20, 116],
      [20, 64, 70, 110],
      [20, 116],
      [20, 116],
    ];
    steady.update(rowsOf(10, seen), { scale: 1.2, shift: -4, top: 0, bottom: 0 }, gain);
    assert.deepEqual(written(steady), asFound(rowsOf(10, Array<number[]>(6).fill([20, 116]))));
  });

  it('moves up and down with its object, by whole rows', () => {
    // Each row is wider than the one above, so one that is a row too low or too high shows.
    const triangle = (top: number): RowRuns =>
      rowsOf(
        top,
        Array.from({ length: 12 }, (_, y) => [80 - 5 * y, 90 + 5 * y]),
      );
    for (const step of [0.75, -0.75]) {
      steady.restart(triangle(40));
      for (let i = 1; i <= 8; i++) {
        const seen = triangle(Math.round(40 + step * i));
        steady.update(seen, { scale: 1, shift: 0, top: step, bottom: step }, gain);
        assert.deepEqual(written(steady), asFound(seen), `${step} rows a frame, frame ${i}`);
      }
    }
  });
});
