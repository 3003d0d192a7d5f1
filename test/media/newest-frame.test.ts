import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { RING_FRAMES } from '../../src/media/frame-ring.js';
import { NewestFrame } from '../../src/media/newest-frame.js';
import type { Nv12Frame } from '../../src/vision/picture/nv12-frame.js';

/** A camera that sends a frame, its number in every byte, when the test says so. */
class Camera {
  time = 0;
  readonly newest = new NewestFrame(8, 4, () => this.time);
  #sent = 0;
  #due = 0;
  #failure: Error | undefined;
  #ended = false;
  #wake: (() => void) | undefined;

  /** Resolves when they have all arrived. */
  async send(count: number): Promise<void> {
    this.#due += count;
    while (this.#sent < this.#due) {
      this.#wake?.();
      await Promise.resolve();
    }
  }

  end(failure?: Error): void {
    this.#ended = true;
    this.#failure = failure;
    this.#wake?.();
  }

  async *frames(): AsyncGenerator<{ frame: Nv12Frame }, void, void> {
    for (let frame = this.newest.next(); ; frame = this.newest.next()) {
      while (this.#sent === this.#due && !this.#ended) await new Promise<void>((wake) => (this.#wake = wake));
      if (this.#sent === this.#due) break;
      frame.data.fill(this.#sent);
      this.time = 1000 * this.#sent;
      yield { frame };
      this.#sent++;
    }
    if (this.#failure) throw this.#failure;
  }
}

describe('NewestFrame', () => {
  it('drops what has been replaced before it was taken, and counts it', async () => {
    const camera = new Camera();
    const frames = camera.newest.of(camera.frames());
    const first = frames.next();
    await camera.send(1);
    assert.deepEqual([(await first).value?.index, camera.newest.dropped], [0, 0]);
    await camera.send(4);
    const next = (await frames.next()).value!;
    assert.deepEqual([next.index, next.time, next.frame.data[0]], [4, 4000, 4]);
    assert.equal(camera.newest.dropped, 3);
    await camera.send(1);
    camera.end();
    assert.equal((await frames.next()).value?.index, 5, 'the last one is not lost with the end');
    assert.equal((await frames.next()).done, true);
  });

  it('leaves frames that were taken as they are, for as long as a ring does', async () => {
    const camera = new Camera();
    const frames = camera.newest.of(camera.frames());
    const taken: { index: number; frame: Nv12Frame }[] = [];
    const memory = new Set<Uint8Array>();
    for (let i = 0; i < 4 * RING_FRAMES; i++) {
      await camera.send(1 + (i % 3));
      const { value } = await frames.next();
      taken.push(value!);
      memory.add(value!.frame.data);
      for (const { index, frame } of taken.slice(-RING_FRAMES)) {
        assert.ok(
          frame.data.every((byte) => byte === index),
          `${index} after ${value!.index}`,
        );
      }
    }
    assert.ok(memory.size <= RING_FRAMES + 2, `${memory.size} frames of memory`);
  });

  it('throws what the frames end with', async () => {
    const camera = new Camera();
    const frames = camera.newest.of(camera.frames());
    await camera.send(1);
    camera.end(new Error('unplugged'));
    assert.equal((await frames.next()).value?.index, 0);
    await assert.rejects(frames.next(), /unplugged/);
  });
});
