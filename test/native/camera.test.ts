import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'mocha';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { Letterbox } from '../../src/vision/picture/letterbox.js';
import { addon } from '../../src/native/addon.js';
import type { NativeFailure } from '../../src/native/failure.js';
import { repository } from '../data.js';

describe('native subscriptions', () => {
  it('letterbox as Letterbox does', () => {
    const size = fc.integer({ min: 2, max: 16384 });
    const model = fc.oneof(fc.constantFrom(64, 320, 384, 640, 672, 1280), size);
    fc.assert(
      fc.property(size, size, model, model, (...sizes) => {
        const { left, top, width, height } = new Letterbox(...sizes);
        assert.deepEqual(addon().letterboxContent(...sizes), { left, top, width, height });
        const stretched = new Letterbox(...sizes, 'stretch');
        assert.deepEqual(addon().letterboxContent(...sizes, true), {
          ...{ left: stretched.left, top: stretched.top },
          ...{ width: stretched.width, height: stretched.height },
        });
      }),
      { numRuns: 3000 },
    );
    // Halves: Math.round and C's round differ below zero only, but the scaled size must be the same double.
    for (let width = 2; width < 2600; width += 2) {
      const sizes = [width, 1080, 640, 640] as const;
      const { left, top, width: w, height } = new Letterbox(...sizes);
      assert.deepEqual(addon().letterboxContent(...sizes), { left, top, width: w, height });
    }
  });

  it('count frames that arrive while no engine is attached, also after they are closed', () => {
    const camera = addon().injectCamera();
    const message = { width: 2, height: 2, step: 2, encoding: 'nv12', data: new Uint8Array(6) };
    const header = { sec: 0, nanosec: 0, index: 0 };
    camera.offer({ ...message, ...header });
    camera.close();
    camera.close();
    camera.offer({ ...message, ...header });
    camera.setKeepPixels(true);
    const { received, discarded } = camera.counters();
    assert.deepEqual([received, discarded], [1, 1]);
  });

  it('setMinPeriod: one frame per period is accepted, the others are skipped unread', () => {
    const camera = addon().injectCamera();
    const message = { width: 2, height: 2, step: 2, encoding: 'nv12', data: new Uint8Array(6) };
    const header = { sec: 0, nanosec: 0, index: 0 };
    camera.setMinPeriod(3_600_000);
    camera.step({ ...message, ...header }, 5);
    camera.offer({ ...message, ...header, encoding: 'nonsense8' });
    const { received, skipped, discarded, failed } = camera.counters();
    assert.deepEqual([received, skipped, discarded, failed], [6, 5, 1, 0]);
    camera.setMinPeriod(0);
    camera.step({ ...message, ...header }, 5);
    assert.deepEqual([camera.counters().skipped, camera.counters().discarded], [5, 6]);
    for (const wrong of [-1, NaN, 86_400_001, '1']) {
      assert.throws(() => camera.setMinPeriod(wrong as number), TypeError);
    }
    camera.close();
    camera.setMinPeriod(5);
  });

  it('step: all messages are accepted when it returns, with increasing indices', async () => {
    const camera = addon().injectCamera();
    const message = { width: 2, height: 2, step: 2, encoding: 'nv12', data: new Uint8Array(6) };
    const indices: number[] = [];
    const two = new Promise<void>((resolve) => {
      const heapSlots = addon().openHeapSlots(
        1,
        64,
        64,
        (slot, failure, preprocess, inference, frameInfo) => {
          indices.push(frameInfo!.index);
          heapSlots.release(slot);
          if (indices.length === 2) resolve(heapSlots.close());
        },
      );
      heapSlots.ref();
      heapSlots.attach(camera.id);
    });
    camera.step({ ...message, sec: 0, nanosec: 0, index: 7 }, 100);
    const { received, submitted, dropped } = camera.counters();
    assert.deepEqual([received, submitted, dropped], [100, 1, 98]);
    await two;
    assert.deepEqual(indices, [7, 106]);
    camera.close();
    camera.step({ ...message, sec: 0, nanosec: 0, index: 7 }, 100);
    assert.equal(camera.counters().received, 100);
  });

  it('end at once when they are closed, however long their period is', async () => {
    const period = 60_000;
    const camera = addon().injectCamera();
    const message = { width: 2, height: 2, step: 2, encoding: 'nv12', data: new Uint8Array(6) };
    camera.play({ ...message, sec: 0, nanosec: 0, index: 0 }, period, 10);
    while (camera.counters().received === 0) await new Promise(setImmediate);
    const start = performance.now();
    camera.close();
    assert.ok(performance.now() - start < period / 2, 'nobody waits for the next frame');
    assert.equal(camera.counters().received, 1);
  });

  // Found by scripts/fuzz.sh camera.
  it('have no rows beyond their bytes, whatever the user sets, even if products exceed 32 bits', () => {
    const image = { width: 512, height: 38, step: 0, encoding: 'nv12', data: new Uint8Array(512 * 57) };
    const complete = { ...image, isBigEndian: false, hasBufferSize: false };
    const reading = { step: 2 ** 32 - 16, rows: 2 ** 32 - 2, white: 65535 };
    // Their bytes are 2^64 + 256.
    const pairs = reading.rows + complete.height / 2 - 1;
    assert.equal(BigInt(reading.step) * BigInt(pairs) + BigInt(complete.width), 2n ** 64n + 256n);
    assert.throws(
      () => addon().inspectImage(complete, reading),
      ({ failure }: { failure: NativeFailure }) =>
        failure.expected === 'image_step of at most 1048576 bytes' && failure.received === '4294967280',
    );
    assert.equal(addon().inspectImage(complete, { ...reading, step: 512, rows: 38 }).stride, 512);
  });

  it('say why they are unavailable in an addon without rclcpp', () => {
    const found = addon().nativeCameras();
    if (found.available) assert.ok(found.messages.includes('sensor_msgs/msg/Image'));
    else assert.match(found.reason, /without rclcpp/);
    assert.equal(typeof addon().openCameraNode, found.available ? 'function' : 'undefined');
  });

  it('survive any argument', () => {
    const heapSlots = addon().openHeapSlots(2, 64, 64, () => undefined);
    const slots = heapSlots as unknown as Record<string, (...args: unknown[]) => unknown>;
    const camera = addon().injectCamera();
    const evil = [
      undefined,
      null,
      -1,
      0.5,
      4294967295,
      NaN,
      Infinity,
      4294967296,
      '0',
      {},
      [],
      new ArrayBuffer(8),
    ];
    for (const value of evil) {
      assert.throws(() => slots['attach']!(value), TypeError);
      assert.throws(() => slots['detach']!(value), TypeError);
      assert.throws(() => slots['release']!(value), TypeError);
      for (const other of evil) {
        try {
          slots['endLease']!(value, other);
        } catch (error) {
          assert.ok(error instanceof TypeError);
        }
      }
      assert.throws(() => camera.offer(value as never), TypeError);
      assert.throws(() => addon().openHeapSlots(value as never, 64, 64, () => undefined), TypeError);
      assert.throws(() => addon().letterboxContent(value as never, 2, 2, 2), TypeError);
    }
    heapSlots.close();
    heapSlots.close();
    assert.equal(heapSlots.take(), -1);
    assert.throws(() => heapSlots.attach(camera.id), /an open engine/);
    camera.close();
  });

  it('have their own counters', () => {
    const [first, second] = [addon().injectCamera(), addon().injectCamera()];
    assert.notEqual(first.id, second.id);
    first.close();
    second.close();
  });

  for (const end of ['process.exit(0)', 'process.exitCode = 0', 'process.kill(process.pid, "SIGTERM")']) {
    it(`let the process end while frames arrive and nothing is closed (${end})`, async () => {
      const url = JSON.stringify(new URL('../../src/native/addon.js', import.meta.url).href);
      const script = `
        const { addon } = await import(${url});
        const camera = addon().injectCamera();
        const message = { width: 640, height: 480, step: 640, encoding: 'nv12', data: new Uint8Array(460800),
          sec: 0, nanosec: 0, index: 0 };
        camera.play(message, 0, 1e6);
        let seen = 0;
        const heapSlots = addon().openHeapSlots(2, 64, 64, (slot) => {
          seen++;
          heapSlots.release(slot);
          if (seen === 100) { clearInterval(alive); process.once('SIGTERM', () => process.exit(0)); ${end}; }
        });
        heapSlots.attach(camera.id);
        const alive = setInterval(() => undefined, 1000);`;
      const args = ['--input-type=module', '-e', script];
      await promisify(execFile)(process.execPath, args, { cwd: repository });
    });
  }
});
