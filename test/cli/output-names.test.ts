import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { FrameNames } from '../../src/cli/sinks/frame-names.js';
import { nameSources } from '../../src/cli/sinks/output-names.js';

const picture = (name: string): { name: string; count: number; still: boolean } => ({
  name,
  count: 1,
  still: true,
});
const clip = (name: string): { name: string; count: number } => ({ name, count: 3 });
const stems = (sources: Parameters<typeof nameSources>[0]): string[] =>
  nameSources(sources).map(({ stem }) => stem);

describe('names of outputs', () => {
  it('are the names of the inputs, with a number if two are equal', () => {
    assert.deepEqual(
      stems([picture('a/bus.jpg'), picture('b/bus.png'), clip('bus.mp4'), picture('街 1.jpg')]),
      [...['bus', 'bus-2', 'bus-3', '街 1']],
    );
  });

  it('never equal the name for a frame of another input', () => {
    const [video, frame] = [clip('clip.mp4'), picture('clip_000001.jpg')];
    for (const sources of [
      [video, frame],
      [frame, video],
      [frame, video, picture('b/clip_000001.jpg'), clip('b/clip.mp4')],
    ]) {
      const frames = new FrameNames(nameSources(sources));
      const names = sources.flatMap(({ name, count }) =>
        Array.from({ length: count }, (_, index) => frames.of({ source: name, index })),
      );
      assert.equal(new Set(names).size, names.length, names.join(' '));
    }
    assert.deepEqual(stems([picture('bus_000001.jpg'), clip('clip.mp4')]), ['bus_000001', 'clip']);
  });
});
