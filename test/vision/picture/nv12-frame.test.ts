import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { ExpectationError } from '../../../src/base/expect.js';
import { frameSize, MAX_DIMENSION, nv12Frame, nv12Size } from '../../../src/vision/picture/nv12-frame.js';

describe('a view of the bytes of an NV12 frame', () => {
  const strides = (bytes: number, step?: number, chromaOffset?: number): number[] => {
    const data = new Uint8Array(bytes);
    const frame = nv12Frame(data, { width: 4, height: 4, step, chromaOffset });
    assert.equal(frame.data, data, 'no copy');
    return [frame.lumaStride, frame.chromaStride, frame.lumaOffset, frame.chromaOffset];
  };

  it('has packed rows by default', () => {
    assert.deepEqual(strides(24), [4, 4, 0, 16]);
    assert.deepEqual(strides(24, 0), [4, 4, 0, 16]);
  });

  it('has padded rows if the step says so and the bytes exist', () => {
    assert.deepEqual(strides(36, 6), [6, 6, 0, 24]);
    // The padding of the last row may be absent.
    assert.deepEqual(strides(34, 6), [6, 6, 0, 24]);
    assert.deepEqual(strides(33, 6), [4, 4, 0, 16], 'too short for the step: packed');
    assert.deepEqual(strides(36, 3), [4, 4, 0, 16], 'a step below the width is none');
    assert.deepEqual(strides(36, 4.5), [4, 4, 0, 16]);
  });

  it('has its chroma at the given offset', () => {
    assert.deepEqual(strides(40, 4, 32), [4, 4, 0, 32]);
    assert.throws(() => strides(39, 4, 32), ExpectationError);
    assert.throws(() => strides(40, 4, 15), ExpectationError, 'chroma within the luma');
  });

  it('is refused for odd, empty and huge sizes, and for too few bytes', () => {
    const data = new Uint8Array(100);
    for (const [width, height, what] of [
      [5, 4, /an even width for NV12 but received 5/],
      [4, 5, /an even height for NV12 but received 5/],
      [0, 4, /2 to 16384 for the frame width/],
      [4, MAX_DIMENSION + 2, /2 to 16384 for the frame height/],
      [NaN, 4, /the frame width but received NaN/],
      [10, 8, /at least 120 bytes for a 10x8 NV12 frame but received 100 bytes/],
    ] as const) {
      assert.throws(() => nv12Frame(data, { width, height }), what);
    }
  });

  it('has one more column or row than an odd picture', () => {
    assert.deepEqual(frameSize({ width: 5, height: 3 }), { width: 6, height: 4 });
    assert.deepEqual(frameSize({ width: 6, height: 4 }), { width: 6, height: 4 });
    assert.equal(nv12Size(6, 4), 36);
  });
});
