import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Schedule, Sleeper } from '../../../src/node/camera/camera-schedule.js';

describe('Schedule', () => {
  it('starts with the first frame and does not drift, however late each frame is', () => {
    const schedule = new Schedule();
    const period = 1000 / 30;
    assert.equal(schedule.next(period, 500), 500);
    for (let i = 1; i <= 100_000; i++) {
      const lateness = (i * 7919) % 33; // below a period
      const due = schedule.next(period, 500 + i * period + lateness);
      assert.ok(Math.abs(due - (500 + i * period)) < 1e-3, `frame ${i} at ${due}`);
    }
    assert.equal(schedule.missed, 0);
  });

  it('skips missed periods, and counts them', () => {
    const schedule = new Schedule();
    schedule.next(10, 0);
    assert.equal(schedule.next(10, 19.9), 10); // late, but the turn is not over
    assert.equal(schedule.missed, 0);
    assert.equal(schedule.next(10, 57), 50); // due at 20; those at 20, 30, 40 are over
    assert.equal(schedule.missed, 3);
    assert.equal(schedule.next(10, 51), 60);
    assert.equal(schedule.next(10, 70), 70);
    assert.equal(schedule.missed, 3);
  });

  it('considers a period that has just ended as missed', () => {
    const schedule = new Schedule();
    schedule.next(10, 0);
    assert.equal(schedule.next(10, 20), 20);
    assert.equal(schedule.missed, 1);
  });

  it('allows an awaited frame another period, without counting it as missed', () => {
    const schedule = new Schedule();
    schedule.next(10, 0);
    assert.equal(schedule.next(1e6, 1), 1e6);
    assert.equal(schedule.again(50, 20), 50); // of the frame at 0
    assert.equal(schedule.again(10, 30), 30); // it would have been due at 10
    assert.equal(schedule.next(10, 31), 40);
    assert.equal(schedule.missed, 0);
  });

  it('follows changes of the period', () => {
    const schedule = new Schedule();
    const due = [0, 40, 20, 0, 60].map((period) => schedule.next(period, 0));
    assert.deepEqual(due, [0, 40, 60, 60, 120]);
  });
});

describe('Sleeper', () => {
  it('never wakes too early', async () => {
    const sleeper = new Sleeper();
    for (let i = 0; i < 20; i++) {
      const due = sleeper.now() + i / 3;
      await sleeper.until(due);
      assert.ok(sleeper.now() >= due, `woke ${due - sleeper.now()} ms early`);
    }
  });

  it('lets other work run when every frame is late', async () => {
    const sleeper = new Sleeper();
    let turns = 0;
    const other = (): NodeJS.Immediate => setImmediate(() => (turns++, (next = other())));
    let next = other();
    for (let i = 0; i < 10; i++) await sleeper.until(0);
    clearImmediate(next);
    assert.ok(turns >= 9, `${turns} turns`);
  });

  it('can be ended while it sleeps, and does not sleep again', async () => {
    const sleeper = new Sleeper();
    // Longer than a test may take.
    const due = sleeper.now() + 3_600_000;
    const sleeps = sleeper.until(due);
    sleeper.end();
    await sleeps;
    await sleeper.until(due);
    assert.ok(sleeper.now() < due);
  });
});
