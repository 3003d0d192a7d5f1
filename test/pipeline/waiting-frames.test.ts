import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { WaitingFrames } from '../../src/pipeline/waiting-frames.js';

describe('WaitingFrames', () => {
  it('drops the oldest frame of a camera at the limit, and gives the others in order', () => {
    const waiting = new WaitingFrames<string>(2, 2);
    const added = ['a', 'b', 'c'].map((frame, offered) => waiting.add(0, { frame, offered }));
    assert.deepEqual(added, [false, false, true]);
    assert.deepEqual(waiting.take(0), { frame: 'b', offered: 1 });
    assert.deepEqual(waiting.take(0), { frame: 'c', offered: 2 });
    assert.equal(waiting.ready, false);
  });

  it('serves cameras in turn, and passes over held and empty ones', () => {
    const waiting = new WaitingFrames<number>(4, 9);
    for (const camera of [0, 1, 3]) {
      for (const frame of [0, 1, 2]) waiting.add(camera, { frame, offered: 0 });
    }
    const serve = (): number => {
      const camera = waiting.next();
      if (camera >= 0) waiting.take(camera);
      return camera;
    };
    assert.deepEqual([serve(), serve(), serve(), serve()], [0, 1, 3, 0]);
    waiting.hold(1, true);
    assert.deepEqual([serve(), serve(), serve(), serve()], [3, 0, 3, -1]);
    assert.equal(waiting.ready, false);
    waiting.hold(1, false);
    assert.equal(waiting.ready, true);
    assert.deepEqual([serve(), serve(), serve()], [1, 1, -1]);
  });

  it('is empty after clear, which counts the frames', () => {
    const waiting = new WaitingFrames<number>(1, 3);
    for (const frame of [0, 1]) waiting.add(0, { frame, offered: 0 });
    assert.deepEqual([waiting.clear(0), waiting.clear(0), waiting.next()], [2, 0, -1]);
  });
});
