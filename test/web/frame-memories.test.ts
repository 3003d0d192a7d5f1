import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Nv12Frame } from '../../src/vision/picture/nv12-frame.js';
import { FrameMemories } from '../../src/web/feed/frame-memories.js';
import type { FrameMemory } from '../../src/web/feed/frame-memory.js';
import { NO_START } from '../../src/web/feed/page-worker.js';
import type { MemoryOrder } from '../../src/web/feed/thread-protocol.js';
import { packedFrame } from '../native/frames.js';

/** Memories, and those that the thread knows. */
function memories(): {
  fill: (pixels: Nv12Frame | undefined) => FrameMemory;
  known: Set<number>;
  made: () => number;
} {
  const known = new Set<number>();
  let made = 0;
  const tell = ({ number, memory }: MemoryOrder): void => {
    if (memory) {
      assert.ok(!known.has(number));
      known.add(number);
      made++;
    } else assert.ok(known.delete(number));
  };
  const kept = new FrameMemories(80, tell);
  const fill = (pixels: Nv12Frame | undefined): FrameMemory => {
    const memory = kept.fill(
      { ...{ camera: 0, sequence: 1, pixels, range: 'full', size: 'full' }, start: NO_START, pages: [] },
      ...([1, false] as const),
    );
    assert.ok(memory.used);
    assert.ok(known.has(memory.number), 'the thread knows it');
    return memory;
  };
  return { fill, known, made: () => made };
}

describe('the memories of frames', () => {
  const sizes = [64, 200, 400, 800, 1600, 3200];

  it('are used again when they are free, and never before', () => {
    const { fill, made } = memories();
    const frame = packedFrame(64, 64);
    const used = [1, 2, 3, 4, 5].map(() => fill(frame));
    assert.equal(new Set(used.map(({ number }) => number)).size, 5);
    used[3]!.release();
    assert.equal(fill(frame), used[3]);
    assert.equal(made(), 5);
  });

  it('are not made anew for sizes that take turns, nor for frames without a picture', () => {
    const { fill, made } = memories();
    const frames = sizes.map((size) => packedFrame(size, size));
    for (let round = 0; round < 100; round++)
      for (const frame of [undefined, ...frames]) fill(frame).release();
    assert.ok(made() <= sizes.length, `${made()}`);
  });

  it('are forgotten, here and by the thread, when they are not used for some hundred frames', () => {
    const { fill, known } = memories();
    const large = sizes.flatMap((size) => [1, 2, 3].map(() => fill(packedFrame(size, size))));
    assert.equal(known.size, large.length);
    const kept = large.pop()!;
    for (const memory of large) memory.release();
    let small: FrameMemory;
    for (let i = 0; i < 512; i++) (small = fill(packedFrame(64, 64))).release();
    assert.deepEqual([...known].sort(), [small!.number, kept.number].sort(), 'what is in use stays');
    kept.release();
    for (let i = 0; i < 512; i++) fill(packedFrame(64, 64)).release();
    assert.deepEqual([...known], [small!.number]);
  });

  it('are free after a frame that turns out not to hold what it says', () => {
    const { fill, made } = memories();
    const frame = packedFrame(64, 64);
    const data = frame.data.slice(0, 100);
    Object.defineProperty(data, 'length', { value: frame.data.length });
    for (let round = 0; round < 3; round++)
      assert.throws(() => fill({ ...frame, data }), /^TypeError: Expected at least 6144 bytes/);
    fill(frame);
    assert.equal(made(), 1);
  });
});
