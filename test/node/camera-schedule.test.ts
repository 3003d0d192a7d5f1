import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Schedule, Sleeper } from '../../src/node/camera-schedule.js';

describe('Schedule', () => {
  it('begins with the first frame and goes on without drift, however late each frame is', () => {
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

  it('leaves out turns that are over, and counts them', () => {
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

  it('takes a turn that has just ended as over', () => {
    const schedule = new Schedule();
    schedule.next(10, 0);
    assert.equal(schedule.next(10, 20), 20);
    assert.equal(schedule.missed, 1);
  });

  it('follows periods that change', () => {
    const schedule = new Schedule();
    const due = [0, 40, 20, 0, 60].map((period) => schedule.next(period, 0));
    assert.deepEqual(due, [0, 40, 60, 60, 120]);
  });
});

describe('Sleeper', () => {
  it('never wakes early, and hardly late', async () => {
    const sleeper = new Sleeper();
    const late: number[] = [];
    for (let i = 0; i < 40; i++) {
      const due = performance.now() + 5 + i / 10;
      await sleeper.until(due);
      late.push(performance.now() - due);
    }
    late.sort((a, b) => a - b);
    assert.ok(late[0]! >= 0, `woke ${-late[0]!} ms early`);
    // Other programs may have the processor for a while, but not most of the time.
    assert.ok(late[10]! < 1, `${late[10]!.toFixed(2)} ms late`);
  });

  it('lets other work have its turn when every frame is late', async () => {
    const sleeper = new Sleeper();
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    for (const end = performance.now() + 100; performance.now() < end;) await sleeper.until(0);
    clearInterval(timer);
    assert.ok(turns > 5, `${turns} turns`);
  });

  it('is ended while it sleeps, and does not sleep again', async () => {
    const sleeper = new Sleeper();
    const begin = performance.now();
    setTimeout(() => sleeper.end(), 20);
    await sleeper.until(begin + 60_000);
    await sleeper.until(begin + 60_000);
    assert.ok(performance.now() - begin < 10_000);
  });
});
