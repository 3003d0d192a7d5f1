import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import fc from 'fast-check';
import { COLOR_RANGES } from '../../src/vision/picture/color-range.js';
import { type FrameDraft, FrameMemory } from '../../src/web/feed/frame-memory.js';

/** Objects as they are written in code, which deepEqual() tells from others. */
const PLAIN = { noNullPrototype: true };
const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const size = fc
  .tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }))
  .map(([width, height]) => ({ width: 2 * width, height: 2 * height }));
const picture = fc.record(
  {
    ...{ size, part: fc.option(size, { nil: undefined }) },
    range: fc.constantFrom(...COLOR_RANGES),
    quality: fc.integer({ min: 1, max: 100 }),
  },
  PLAIN,
);
const draft: fc.Arbitrary<FrameDraft> = fc.record(
  {
    ...{ id: uint32, camera: fc.nat(100), sequence: uint32, file: fc.boolean() },
    pages: fc.array(uint32, { maxLength: 20 }),
    start: fc.record(
      {
        frame: fc.uint8Array({ maxLength: 300 }),
        masks: fc.option(fc.int32Array({ minLength: 4, maxLength: 200 }), { nil: undefined }),
        tolerance: fc.double({ noNaN: true }),
      },
      PLAIN,
    ),
    picture: fc.option(picture, { nil: undefined }),
  },
  PLAIN,
);

/** The order that is read, with copies of what it views. */
function read(memory: FrameMemory): ReturnType<FrameMemory['read']> {
  const order = memory.read();
  const { frame, masks, tolerance } = order.start;
  return { ...order, start: { frame: frame.slice(), masks: masks?.slice(), tolerance } };
}

describe('the memory of a frame', () => {
  it('gives the other thread what was written, whatever was written before', () => {
    const room = FrameMemory.of(1, 64_000);
    const other = new FrameMemory(1, room.memory);
    fc.assert(
      fc.property(draft, (given) => {
        assert.ok(FrameMemory.bytesOf(given) <= room.memory.byteLength);
        room.write(given);
        const { picture, ...rest } = read(other);
        const { picture: wanted, ...others } = given;
        assert.deepEqual(rest, others);
        assert.equal(picture === undefined, wanted === undefined);
        if (!picture || !wanted) return;
        const { frame, range, quality } = picture;
        assert.deepEqual([range, quality, frame.picture], [wanted.range, wanted.quality, wanted.part]);
        const { width, height } = wanted.size;
        assert.deepEqual([frame.width, frame.height, frame.lumaStride], [width, height, width]);
        assert.equal(frame.lumaOffset, room.pictureAt);
        // The picture ends where the memory that was asked for does, and covers nothing else.
        assert.equal(frame.chromaOffset + (width * height) / 2, FrameMemory.bytesOf(given));
        room.bytes.fill(0xa5, frame.lumaOffset, FrameMemory.bytesOf(given));
        assert.deepEqual(read(other).start, given.start);
        assert.deepEqual(read(other).pages, given.pages);
      }),
    );
  });

  it('is in use from when it is taken until either thread releases it', () => {
    const mine = FrameMemory.of(1, 100);
    const theirs = new FrameMemory(1, mine.memory);
    assert.equal(mine.used, false);
    mine.take();
    assert.equal(theirs.used, true);
    for (const side of [theirs, mine]) {
      mine.take();
      side.release();
      assert.deepEqual([mine.used, theirs.used], [false, false]);
    }
  });

  it('fits frames of about its size, and none that it cannot hold', () => {
    for (const bytes of [100, 70_000, 1_000_000, 40_000_000]) {
      const memory = FrameMemory.of(1, bytes);
      const { byteLength } = memory.memory;
      assert.ok(memory.fits(bytes));
      assert.ok(memory.fits(Math.floor(0.8 * bytes)));
      assert.equal(memory.fits(byteLength), true);
      assert.equal(memory.fits(byteLength + 1), false);
    }
    assert.equal(FrameMemory.of(1, 1_000_000).fits(100_000), false);
  });
});
