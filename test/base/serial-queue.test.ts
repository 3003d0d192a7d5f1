import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { SerialQueue } from '../../src/base/serial-queue.js';

describe('SerialQueue', () => {
  it('runs tasks one after the other, in the order in which they were added', async () => {
    const queue = new SerialQueue();
    const log: string[] = [];
    let end = (): void => undefined;
    const first = new Promise<void>((resolve) => (end = resolve));
    const results = [
      queue.run(async () => {
        log.push('first begins');
        await first;
        log.push('first ends');
        return 1;
      }),
      queue.run(() => Promise.resolve(log.push('second'))),
    ];
    await Promise.resolve();
    assert.deepEqual(log, ['first begins']);
    end();
    assert.deepEqual(await Promise.all(results), [1, 3]);
    assert.deepEqual(log, ['first begins', 'first ends', 'second']);
  });

  it('goes on after a failed task, and rejects only the promise of that task', async () => {
    const queue = new SerialQueue();
    const failed = queue.run(() => Promise.reject(new Error('no disk')));
    const next = queue.run(() => Promise.resolve('done'));
    await assert.rejects(failed, /no disk/);
    assert.equal(await next, 'done');
  });

  it('is idle when everything added so far has ended, failed tasks included', async () => {
    const queue = new SerialQueue();
    await queue.idle();
    let ended = false;
    const task = queue.run(async () => {
      await new Promise(setImmediate);
      ended = true;
      throw new Error('failed');
    });
    await queue.idle();
    assert.ok(ended);
    await assert.rejects(task, /failed/);
  });
});
