import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'mocha';
import { setImmediate as settle } from 'node:timers/promises';
import type { CameraEngine } from '../../src/engine/engine.js';
import { cutOut } from '../../src/native/cut-out.js';
import { type Region } from '../../src/vision/picture/region.js';
import { addon } from '../../src/native/addon.js';
import type { InjectedCamera, NativeCameraCounters } from '../../src/native/camera.js';
import { noiseFrame, packedBytes } from '../native/frames.js';
import { Collector } from './camera-collector.js';
import { messageOf } from './camera-messages.js';
import { infer } from './conformance.js';

function expectCounts(camera: InjectedCamera, expected: Partial<NativeCameraCounters>): void {
  const counters = camera.counters();
  assert.deepEqual({ ...counters, ...expected }, counters);
}

/** What every engine does with attached cameras (src/engine/engine.ts). */
export function testCameraEngine(name: string, open: (slots: number) => Promise<CameraEngine>): void {
  describe(`cameras attached to the ${name} engine`, () => {
    const ends: (() => void | Promise<void>)[] = [];
    afterEach(async () => {
      for (const end of ends.splice(0).reverse()) await end();
    });
    const openEngine = async (slots: number): Promise<CameraEngine> => {
      const engine = await open(slots);
      ends.push(() => engine.close());
      return engine;
    };
    const openCamera = (): InjectedCamera => {
      const camera = addon().injectCamera();
      ends.push(() => camera.close());
      return camera;
    };

    it('give the tensors that submit() gives, for frames of any size', async () => {
      const engine = await openEngine(2);
      const camera = openCamera();
      const seen = new Collector();
      engine.attach(camera, seen);
      const frames = [
        noiseFrame(80, 50),
        noiseFrame(640, 360, 2),
        noiseFrame(16, 900, 3),
        noiseFrame(2, 2, 1),
      ];
      for (const [i, frame] of frames.entries()) {
        camera.offer(messageOf(frame));
        await seen.until(i + 1);
        assert.deepEqual(seen.values[i], await infer(engine, frame));
      }
      expectCounts(camera, { received: 4, submitted: 4, dropped: 0, failed: 0, discarded: 0, converted: 0 });
    });

    it('give the tensors of the region of interest, and its position', async () => {
      const engine = await openEngine(1);
      const camera = openCamera();
      const seen = new Collector();
      engine.attach(camera, seen);
      const frame = noiseFrame(80, 50);
      const offers: [region: Region | undefined, keep: boolean][] = [
        [{ x: 20, y: 10, width: 30, height: 40 }, false],
        [{ x: 21, y: 11, width: 28, height: 38 }, true],
        [{ x: 0, y: 0, width: 80, height: 50 }, true],
        [undefined, false],
      ];
      for (const [i, [region, keep]] of offers.entries()) {
        camera.setRegion(region);
        camera.setKeepPixels(keep);
        camera.offer(messageOf(frame));
        await seen.until(i + 1);
        assert.deepEqual(seen.values[i], await infer(engine, region ? cutOut(frame, region).view : frame));
        const { width, height, cut, picture, pixels } = seen.frameInfos[i]!;
        assert.deepEqual([picture, pixels !== undefined], [undefined, keep]);
        if (i < 2) {
          assert.deepEqual(
            [width, height, cut?.x, cut?.y, cut?.picture],
            [...[30, 40, 20, 10], { width: 80, height: 50 }],
          );
          assert.equal(cut!.whole, pixels);
        } else {
          assert.deepEqual([width, height, cut], [80, 50, undefined]);
        }
        if (pixels) assert.deepEqual([pixels.width, pixels.height], [80, 50]);
      }
    });

    it('pass on the header of a frame', async () => {
      const engine = await openEngine(1);
      const camera = openCamera();
      const seen = new Collector();
      engine.attach(camera, seen);
      const before = performance.now();
      camera.offer(messageOf(noiseFrame(80, 50), { sec: -5, nanosec: 999_999_999, frameId: 'links/äöü' }));
      camera.offer(messageOf(noiseFrame(64, 64), { index: 41, frameId: undefined }));
      await seen.until(2);
      const [image, hbm] = seen.frameInfos;
      assert.deepEqual(image!.stamp, { sec: -5, nanosec: 999_999_999 });
      assert.deepEqual([image!.frameId, image!.index], ['links/äöü', -1]);
      assert.deepEqual([image!.width, image!.height], [80, 50]);
      assert.deepEqual([hbm!.frameId, hbm!.index], [undefined, 41]);
      for (const { received, submitted, wait, pixels } of seen.frameInfos) {
        // Two clocks, held side by side to a few microseconds.
        assert.ok(before - 0.5 <= received && received < submitted && submitted < performance.now() + 0.5);
        assert.ok(wait >= 0 && wait <= submitted - received);
        assert.equal(pixels, undefined);
      }
    });

    it('keep the newest frame while no slot is free, and count dropped frames', async () => {
      const engine = await openEngine(1);
      const camera = openCamera();
      const seen = new Collector({ hold: true });
      engine.attach(camera, seen);
      for (let index = 0; index < 10; index++) {
        camera.offer(messageOf(noiseFrame(64, 64, 1 + (index % 6)), { index }));
        if (index === 0) await seen.until(1);
      }
      expectCounts(camera, { received: 10, submitted: 1, dropped: 8 });
      assert.equal(engine.free, 0);
      seen.release();
      await seen.until(2);
      assert.deepEqual(
        seen.frameInfos.map(({ index }) => index),
        [0, 9],
      );
      seen.release();
      assert.deepEqual(seen.values[1], await infer(engine, noiseFrame(64, 64, 4)));
      expectCounts(camera, { received: 10, submitted: 2, dropped: 8 });
    });

    it('wait for slots, as many frames as the queue has room for, and give what submit() gives', async () => {
      const engine = await openEngine(1);
      const camera = openCamera();
      const seen = new Collector({ hold: true });
      engine.attach(camera, seen, 3);
      for (let index = 0; index < 5; index++) {
        camera.offer(messageOf(noiseFrame(64, 64, 1 + index), { index }));
        if (index === 0) await seen.until(1);
      }
      expectCounts(camera, { received: 5, submitted: 1, dropped: 1 });
      for (let count = 2; count <= 4; count++) {
        seen.release();
        await seen.until(count);
      }
      seen.release();
      assert.deepEqual(seen.indices, [0, 2, 3, 4]);
      for (const [at, index] of seen.indices.entries())
        assert.deepEqual(seen.values[at], await infer(engine, noiseFrame(64, 64, 1 + index)));
      // And again: the ring goes round.
      camera.step(messageOf(noiseFrame(64, 64, 1), { index: 9 }), 3);
      for (let count = 5; count <= 7; count++) {
        await seen.until(count);
        seen.release();
      }
      assert.deepEqual(seen.indices.slice(4), [9, 10, 11]);
      expectCounts(camera, { received: 8, submitted: 7, dropped: 1 });
    });

    it('discard waiting frames when they are detached', async () => {
      const engine = await openEngine(1);
      const camera = openCamera();
      const seen = new Collector({ hold: true });
      const attachment = engine.attach(camera, seen, 4);
      for (let index = 0; index < 4; index++) camera.offer(messageOf(noiseFrame(64, 64), { index }));
      await seen.until(1);
      await attachment.detach();
      expectCounts(camera, { received: 4, submitted: 1, dropped: 0, discarded: 3 });
      seen.release();
    });

    it('refuse an invalid queue size', async () => {
      const engine = await openEngine(1);
      for (const queue of [0, 1001, 1.5, -1]) {
        assert.throws(
          () => engine.attach(openCamera(), new Collector(), queue),
          /a queue size from 1 to 1000/,
        );
      }
    });

    it('are served in turn, and share slots with submitted frames', async () => {
      const engine = await openEngine(1);
      const cameras = [openCamera(), openCamera(), openCamera()];
      const seen = new Collector({ read: false });
      for (const camera of cameras) engine.attach(camera, seen);
      const held = await engine.submit(noiseFrame(64, 64, 1));
      for (const [index, camera] of cameras.entries())
        camera.step(messageOf(noiseFrame(64, 64, 2), { index: 10 * index }), 3);
      await assert.rejects(engine.submit(noiseFrame(64, 64, 1)), /Expected a free slot/);
      held.release();
      await assert.rejects(engine.submit(noiseFrame(64, 64, 1)), /Expected a free slot/);
      await seen.until(3);
      assert.deepEqual([seen.indices, seen.errors], [[2, 12, 22], []]);
      assert.equal(engine.free, 1);
      await infer(engine, noiseFrame(64, 64, 1));
      for (const camera of cameras) expectCounts(camera, { received: 3, submitted: 1, dropped: 2 });
    });

    it('leave a reserved slot to submit(), in turn', async () => {
      const engine = await openEngine(1);
      assert.equal(await engine.reserve(), true);
      assert.equal(engine.free, 1);
      const camera = openCamera();
      const seen = new Collector();
      engine.attach(camera, seen);
      const message = messageOf(noiseFrame(64, 64, 2));
      camera.offer(message);
      expectCounts(camera, { received: 1, submitted: 0 });
      const own = await engine.submit(noiseFrame(64, 64, 1));
      assert.equal(engine.free, 0);
      const reserved = engine.reserve();
      assert.equal(engine.reserve(), reserved);
      own.release();
      assert.equal(await reserved, true);
      await assert.rejects(engine.submit({ ...noiseFrame(64, 64, 1), width: 63 }), /even/);
      assert.deepEqual([engine.free, seen.frameInfos.length], [1, 0]);
      engine.unreserve();
      await seen.until(1);
      assert.equal(engine.free, 1);

      // A camera that is faster than any engine leaves every second slot.
      camera.play(message, 0, 2 ** 32 - 1);
      for (let i = 0; i < 10; i++) {
        assert.equal(await engine.reserve(), true);
        (await engine.submit(noiseFrame(64, 64, 1))).release();
      }
      for (let i = 0; i < 50; i++) {
        const kept = engine.reserve();
        // Taken back at once, after some of the camera's frames, and when it is granted.
        if (i % 2 === 0) await Promise.race([kept, seen.until(seen.frameInfos.length + (i % 5))]);
        engine.unreserve();
        assert.equal(typeof (await kept), 'boolean');
      }
      camera.close();
      const late = engine.reserve();
      await late;
      engine.unreserve();
      await seen.until(camera.counters().submitted);
      // A slot that was granted in the moment it was not wanted any more is on its way back.
      while (engine.free === 0) await settle();
      const last = engine.submit(noiseFrame(64, 64, 1));
      const never = engine.reserve();
      const closed = engine.close();
      assert.equal(await never, false);
      await last;
      await closed;
      assert.equal(await engine.reserve(), false);
    });

    it('take no slot that is claimed for submit(), used or returned', async () => {
      const engine = await openEngine(1);
      const camera = openCamera();
      const seen = new Collector();
      engine.attach(camera, seen);
      assert.equal(engine.claim(), true);
      assert.equal(engine.claim(), true, 'the same one');
      camera.step(messageOf(noiseFrame(64, 64, 2), { index: 0 }), 3);
      expectCounts(camera, { received: 3, submitted: 0 });
      const own = await engine.submit(noiseFrame(64, 64, 1));
      assert.equal(engine.claim(), false, 'there is none');
      own.release();
      await seen.until(1);
      assert.deepEqual(seen.indices, [2]);

      assert.equal(engine.claim(), true);
      camera.step(messageOf(noiseFrame(64, 64, 2), { index: 3 }), 1);
      await assert.rejects(engine.submit({ ...noiseFrame(64, 64, 1), width: 63 }), /even/);
      expectCounts(camera, { received: 4, submitted: 1 });
      engine.unclaim();
      engine.unclaim();
      await seen.until(2);
      assert.deepEqual(seen.indices, [2, 3]);
      assert.equal(engine.free, 1);
      await engine.close();
      assert.equal(engine.claim(), false);
    });

    it('work while the JS thread is blocked, and the newest frame is next', async () => {
      const engine = await openEngine(2);
      const camera = openCamera();
      const seen = new Collector({ read: false });
      engine.attach(camera, seen);
      const message = messageOf(noiseFrame(320, 240), { index: 0, frameId: undefined });
      // The JS thread comes back when the camera's own thread has brought all of them.
      camera.step(message, 50);
      expectCounts(camera, { received: 50, submitted: 2, dropped: 47 });
      assert.equal(engine.free, 0);
      assert.equal(seen.frameInfos.length, 0);
      await seen.until(3);
      // Two had a slot; the third is the newest there is.
      assert.deepEqual(seen.indices, [0, 1, 49]);
      for (let i = 50; i < 60; i++) {
        camera.step({ ...message, index: i }, 1);
        await seen.until(seen.frameInfos.length + 1);
      }
      expectCounts(camera, { received: 60, submitted: 13, dropped: 47 });
      assert.deepEqual(seen.indices.slice(3), [50, 51, 52, 53, 54, 55, 56, 57, 58, 59]);
    });

    it('convert rgb8, bgr8 and mono8, and read steps as submit() does', async () => {
      const engine = await openEngine(1);
      const camera = openCamera();
      const seen = new Collector();
      camera.setKeepPixels(true);
      engine.attach(camera, seen);
      const luma = Uint8Array.from({ length: 65 * 65 }, () => 0);
      camera.offer(
        messageOf(noiseFrame(64, 64), { width: 65, height: 65, step: 0, encoding: 'mono8', data: luma }),
      );
      await seen.until(1);
      const { width, height, picture } = seen.frameInfos[0]!;
      assert.deepEqual([width, height, picture], [66, 66, { width: 65, height: 65 }]);
      expectCounts(camera, { converted: 1, pixelCopies: 0 });
      assert.equal(seen.frameInfos[0]!.pixels!.data.length, 6534);
    });

    it('count unreadable messages, and continue', async () => {
      const engine = await openEngine(1);
      const camera = openCamera();
      const seen = new Collector();
      engine.attach(camera, seen);
      const good = messageOf(noiseFrame(64, 64, 1));
      const known =
        'an image with encoding nv12, nv21, yuyv (yuv422_yuy2, yuy2), uyvy (yuv422), i420, yv12, bgr8 (8UC3), rgb8, ' +
        'bgra8 (8UC4), rgba8, mono8 (8UC1), mono16 (16UC1)';
      const cases = [
        [{ width: 63 }, 'an even width for NV12', '63'],
        [{ height: 0 }, 'an integer from 2 to 16384 for the frame height', '0'],
        [{ width: 4294967294 }, 'an integer from 2 to 16384 for the frame width', '4294967294'],
        [{ data: good.data.subarray(1) }, 'at least 6144 bytes for a 64x64 nv12 image', '6143 bytes'],
        [{ encoding: 'rgb8' }, 'at least 12288 bytes for a 64x64 rgb8 image', '6144 bytes'],
        [{ encoding: 'jpeg' }, known, 'jpeg'],
        [{ encoding: '' }, known, 'an empty string'],
      ] as const;
      for (const [i, [change, expected, received]] of cases.entries()) {
        camera.offer({ ...good, ...change });
        expectCounts(camera, { received: i + 1, failed: i + 1, submitted: 0 });
        const { lastFailure } = camera.counters();
        assert.deepEqual([lastFailure!.expected, lastFailure!.received], [expected, received]);
      }
      const expected = await infer(engine, noiseFrame(64, 64, 1));
      for (const [i, step] of [0, 63, 1 << 30].entries()) {
        camera.offer({ ...good, step });
        await seen.until(i + 1);
        assert.deepEqual(seen.values[i], expected);
      }
      assert.equal(engine.free, 1);
    });

    it('keep the full picture only on request, until it is released', async () => {
      const engine = await openEngine(2);
      const camera = openCamera();
      const seen = new Collector({ read: false });
      engine.attach(camera, seen);
      const frame = noiseFrame(80, 50);
      camera.setKeepPixels(true);
      for (let i = 0; i < 3; i++) {
        camera.offer(messageOf(frame));
        await seen.until(i + 1);
      }
      for (const { pixels } of seen.frameInfos) assert.deepEqual(packedBytes(pixels!), packedBytes(frame));
      expectCounts(camera, { pixelCopies: 3, pixelsMissed: 0, bytesRead: 3 * 2 * 6000 });
      const [first, second] = seen.frameInfos;
      const { data } = first!.pixels!;
      first!.releasePixels();
      first!.releasePixels();
      assert.equal(data.length, 0);
      assert.equal(second!.pixels!.data.length, 6000);
      for (let i = 3; i < 20; i++) {
        camera.offer(messageOf(frame));
        await seen.until(i + 1);
      }
      const { pixelCopies, pixelsMissed } = camera.counters();
      assert.ok(pixelsMissed > 0 && pixelCopies + pixelsMissed === 20, `${pixelCopies} and ${pixelsMissed}`);
      camera.setKeepPixels(false);
      camera.offer(messageOf(frame));
      await seen.until(21);
      assert.equal(seen.frameInfos[20]!.pixels, undefined);
      const { width, height } = engine.model.input;
      expectCounts(camera, {
        pixelCopies,
        bytesRead: (21 + pixelCopies) * 6000,
        bytesWritten: pixelCopies * 6000 + (21 * width * height * 3) / 2,
      });
    });

    it('can be detached: frames in flight are delivered, waiting ones discarded, and another engine continues', async () => {
      const engine = await openEngine(1);
      const camera = openCamera();
      const seen = new Collector({ hold: true });
      const message = messageOf(noiseFrame(64, 64, 1));
      camera.offer(message);
      expectCounts(camera, { received: 1, discarded: 1 });
      const attachment = engine.attach(camera, seen);
      assert.throws(
        () => engine.attach(camera, seen),
        /camera \d+ to be attached .*a camera that is not attached/,
      );
      camera.offer(message);
      camera.offer(message);
      const detached = attachment.detach();
      assert.equal(attachment.detach(), detached);
      expectCounts(camera, { received: 3, submitted: 1, discarded: 2 });
      await detached;
      assert.equal(seen.frameInfos.length, 1);
      camera.offer(message);
      seen.release();
      expectCounts(camera, { received: 4, submitted: 1, discarded: 3 });

      const second = await openEngine(1);
      const later = new Collector();
      second.attach(camera, later);
      camera.offer(message);
      await later.until(1);
      assert.deepEqual(later.values[0], seen.values[0]);
      assert.equal(seen.frameInfos.length, 1);
      camera.close();
      assert.throws(() => engine.attach(camera, seen), /a camera that is open/);
    });

    it('allow an engine to be closed with frames in flight, while the camera continues', async () => {
      const engine = await openEngine(2);
      const camera = openCamera();
      const seen = new Collector({ read: false });
      engine.attach(camera, seen);
      const message = messageOf(noiseFrame(64, 64, 1));
      camera.play(message, 0, 2 ** 32 - 1);
      await seen.until(5);
      await engine.close();
      const { submitted } = camera.counters();
      assert.equal(seen.frameInfos.length, submitted);
      camera.step(message, 20);
      assert.equal(camera.counters().submitted, submitted);
      camera.play(message, 0, 2 ** 32 - 1);
      assert.throws(() => engine.attach(camera, seen), /an open engine/);
      for (let i = 0; i < 6; i++) {
        const next = await open(2);
        const more = new Collector({ read: false });
        next.attach(camera, more);
        await more.until(2);
        await next.close();
      }
    });
  });
}
