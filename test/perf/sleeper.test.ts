import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Sleeper } from '../../src/node/camera/camera-schedule.js';
import { printNote } from '../skips.js';

describe('the sleep of the camera player', () => {
  it('is usually less than a millisecond late', async function () {
    const sleeper = new Sleeper();
    const late: number[] = [];
    for (let i = 0; i < 100; i++) {
      const due = sleeper.now() + 5 + i / 10;
      await sleeper.until(due);
      late.push(sleeper.now() - due);
    }
    late.sort((a, b) => a - b);
    printNote(this, `late by ${late[50]!.toFixed(2)} ms (median), ${late[95]!.toFixed(2)} ms (p95)`);
    // Other programs may have the processor for a while, but not most of the time.
    assert.ok(late[25]! < 1, `${late[25]!.toFixed(2)} ms late`);
  });
});
