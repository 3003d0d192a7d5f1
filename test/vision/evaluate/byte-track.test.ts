import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { ByteTrack } from '../../../src/vision/evaluate/byte-track.js';
import { block, frameOf } from '../track/frames.js';

/** The ids that an object of 100 x 100 pixels has at these places, one frame after another; undefined: it is not there. */
function idsAt(places: readonly (number | undefined)[]): (number | undefined)[] {
  const tracker = new ByteTrack();
  return places.map((x) => {
    const found = frameOf(...(x === undefined ? [] : [block(x, 100, 100, 100, 0.9)]));
    tracker.update(found);
    return found.instances[0]?.trackId;
  });
}

describe("ByteTrack's rule", () => {
  it('gives ids at once in the first frame, and with the second detection later', () => {
    assert.deepEqual(idsAt([0, 5, 10]), [1, 1, 1]);
    assert.deepEqual(idsAt([undefined, 0, 5, 10]), [undefined, 0, 1, 1]);
  });

  // STrack.multi_predict gets the pool of tracked and lost tracks, without the unconfirmed ones (byte_tracker.py). So these have no speed
  // after their second detection: position 0.8 * 45, and nothing of the way from 0 to 45 is expected to go on.
  it('expects a new track at its last position', () => {
    assert.deepEqual(idsAt([undefined, 0, 45, 105]), [undefined, 0, 1, 0]);
    assert.deepEqual(idsAt([undefined, 0, 45, 98]), [undefined, 0, 1, 1]);
  });

  it('keeps a lost track for the number of frames of its buffer', () => {
    const gap = (frames: number): (number | undefined)[] =>
      idsAt([0, 0, ...Array.from({ length: frames }, () => undefined), 0]);
    assert.equal(gap(30).at(-1), 1);
    assert.equal(gap(31).at(-1), 0);
  });
});
