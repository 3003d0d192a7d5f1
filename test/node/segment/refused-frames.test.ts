import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'mocha';
import { RefusedFrames } from '../../../src/node/segment/refused-frames.js';

describe('RefusedFrames', () => {
  let now: number;
  let lines: string[];
  let refused: RefusedFrames;

  beforeEach(() => {
    now = 5000;
    lines = [];
    refused = new RefusedFrames(
      '/front/image',
      (line) => lines.push(line),
      () => now,
    );
  });

  it('logs at most one line a second, with the topic and the number of frames', () => {
    refused.update(0, undefined);
    refused.update(1, 'no such encoding');
    now += 500;
    refused.update(8, 'no such encoding');
    now += 499;
    refused.update(16, 'no such encoding');
    assert.deepEqual(lines, ['/front/image: A frame cannot be used. no such encoding']);
    now += 1;
    refused.update(20, 'too short');
    now += 5000;
    refused.update(20, 'too short');
    assert.deepEqual(lines.slice(1), ['/front/image: 19 frames cannot be used. too short']);
  });

  it('continues when the counters start again', () => {
    refused.update(5, 'a');
    now += 1000;
    refused.update(2, 'b');
    assert.deepEqual(lines.slice(1), ['/front/image: 2 frames cannot be used. b']);
  });
});
