import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'mocha';
import type { CameraArrival, CameraEngine, CameraHandlers, Inference } from '../../src/engine/engine.js';
import { addon } from '../../src/native/addon.js';
import type { InjectedCamera, NativeCameraCounters } from '../../src/native/camera.js';
import { noiseFrame, packedBytes } from '../native/frames.js';
import { messageOf } from './camera-messages.js';
import { infer, valuesOf } from './conformance.js';

/** What the handlers were given, and a promise for more of it. */
class Collector implements CameraHandlers {
  readonly arrivals: CameraArrival[] = [];
  readonly values: number[][][] = [];
  readonly errors: Error[] = [];
  /** Not released. */
  readonly held: Inference[] = [];
  readonly #waiting: (() => void)[] = [];

  constructor(
    private readonly hold = false,
    private readonly read = true,
  ) {}

  result(inference: Inference, arrival: CameraArrival): void {
    this.arrivals.push(arrival);
    if (this.read) this.values.push(valuesOf(inference));
    if (this.hold) this.held.push(inference);
    else inference.release();
    this.#tell();
  }

  failure(error: Error, arrival: CameraArrival): void {
    this.arrivals.push(arrival);
    this.errors.push(error);
    this.#tell();
  }

  /** Until `count` frames have come to something. */
  async until(count: number): Promise<void> {
    const late = setTimeout(() => assert.fail(`${this.arrivals.length} of ${count} frames`), 10_000);
    while (this.arrivals.length < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    clearTimeout(late);
  }

  release(): void {
    for (const inference of this.held.splice(0)) inference.release();
  }

  #tell(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

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

    it('say what is known of a frame', async () => {
      const engine = await openEngine(1);
      const camera = openCamera();
      const seen = new Collector();
      engine.attach(camera, seen);
      const before = performance.now();
      camera.offer(messageOf(noiseFrame(80, 50), { sec: -5, nanosec: 999_999_999, frameId: 'links/äöü' }));
      camera.offer(messageOf(noiseFrame(64, 64), { index: 41, frameId: undefined }));
      await seen.until(2);
      const [image, hbm] = seen.arrivals;
      assert.deepEqual(image!.stamp, { sec: -5, nanosec: 999_999_999 });
      assert.deepEqual([image!.frameId, image!.index], ['links/äöü', -1]);
      assert.deepEqual([image!.width, image!.height], [80, 50]);
      assert.deepEqual([hbm!.frameId, hbm!.index], [undefined, 41]);
      for (const { received, submitted, wait, pixels } of seen.arrivals) {
        // Two clocks, held side by side to a few microseconds.
        assert.ok(before - 0.5 <= received && received < submitted && submitted < performance.now() + 0.5);
        assert.ok(wait >= 0 && wait <= submitted - received);
        assert.equal(pixels, undefined);
      }
    });

    it('keep to the newest frame while no slot is free, and count what was dropped', async () => {
      const engine = await openEngine(1);
      const camera = openCamera();
      const seen = new Collector(true);
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
        seen.arrivals.map(({ index }) => index),
        [0, 9],
      );
      seen.release();
      assert.deepEqual(seen.values[1], await infer(engine, noiseFrame(64, 64, 4)));
      expectCounts(camera, { received: 10, submitted: 2, dropped: 8 });
    });

    it('take turns, and share slots with submitted frames', async () => {
      const engine = await openEngine(1);
      const cameras = [openCamera(), openCamera(), openCamera()];
      const turns: number[] = [];
      for (const [i, camera] of cameras.entries()) {
        engine.attach(camera, {
          result: (inference) => {
            turns.push(i);
            inference.release();
          },
          failure: (error) => assert.fail(error),
        });
      }
      const held = await engine.submit(noiseFrame(64, 64, 1));
      const message = messageOf(noiseFrame(64, 64, 2));
      for (const camera of cameras) for (let i = 0; i < 3; i++) camera.offer(message);
      await assert.rejects(engine.submit(noiseFrame(64, 64, 1)), /Expected a free slot/);
      held.release();
      await assert.rejects(engine.submit(noiseFrame(64, 64, 1)), /Expected a free slot/);
      while (turns.length < 3) await new Promise((resolve) => setTimeout(resolve, 1));
      assert.deepEqual(turns, [0, 1, 2]);
      assert.equal(engine.free, 1);
      await infer(engine, noiseFrame(64, 64, 1));
      for (const camera of cameras) expectCounts(camera, { received: 3, submitted: 1, dropped: 2 });
    });

    it('leave a slot to submit() where one is reserved, in turn', async () => {
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
      assert.deepEqual([engine.free, seen.arrivals.length], [1, 0]);
      engine.unreserve();
      await seen.until(1);
      assert.equal(engine.free, 1);

      // A camera that is faster than any engine leaves every second slot.
      camera.play(message, 0.2, 1e6);
      for (let i = 0; i < 10; i++) {
        assert.equal(await engine.reserve(), true);
        (await engine.submit(noiseFrame(64, 64, 1))).release();
      }
      for (let i = 0; i < 50; i++) {
        const kept = engine.reserve();
        if (i % 2 === 0) await new Promise((resolve) => setTimeout(resolve, i % 5));
        engine.unreserve();
        assert.equal(typeof (await kept), 'boolean');
      }
      camera.close();
      const late = engine.reserve();
      await late;
      engine.unreserve();
      await seen.until(camera.counters().submitted);
      assert.equal(engine.free, 1);
      const last = engine.submit(noiseFrame(64, 64, 1));
      const never = engine.reserve();
      const closed = engine.close();
      assert.equal(await never, false);
      await last;
      await closed;
      assert.equal(await engine.reserve(), false);
    });

    it('stand a JS thread that is blocked: the camera goes on, and the newest frame is next', async () => {
      const engine = await openEngine(2);
      const camera = openCamera();
      const seen = new Collector(false, false);
      engine.attach(camera, seen);
      camera.play(messageOf(noiseFrame(320, 240), { index: 0, frameId: undefined }), 5, 100);
      await seen.until(3);
      const until = performance.now() + 350;
      while (performance.now() < until);
      const { received, slowest } = camera.counters();
      assert.ok(received > 40, `${received} received`);
      assert.ok(slowest < 100, `a callback of ${slowest} ms`);
      const before = seen.arrivals.length;
      await seen.until(before + 3);
      // Two were finished meanwhile; the third is the newest there is.
      const newest = seen.arrivals[before + 2]!.index;
      assert.ok(newest >= received - 2, `frame ${newest} of ${received}`);
      const { dropped, submitted } = camera.counters();
      assert.ok(dropped > 30 && submitted < 100, `${dropped} dropped, ${submitted} submitted`);
      while (camera.counters().received < 100) await new Promise((resolve) => setTimeout(resolve, 10));
      await seen.until(camera.counters().submitted);
      const counters = camera.counters();
      assert.equal(counters.dropped + counters.submitted, 100);
      const order = seen.arrivals.map(({ index }) => index);
      assert.deepEqual(
        order,
        order.toSorted((a, b) => a - b),
      );
    });

    it('convert rgb8, bgr8 and mono8, and read steps as submit() does', async () => {
      const engine = await openEngine(1);
      const camera = openCamera();
      const seen = new Collector();
      camera.keepPixels(true);
      engine.attach(camera, seen);
      const luma = Uint8Array.from({ length: 65 * 65 }, () => 0);
      camera.offer(
        messageOf(noiseFrame(64, 64), { width: 65, height: 65, step: 0, encoding: 'mono8', data: luma }),
      );
      await seen.until(1);
      assert.deepEqual([seen.arrivals[0]!.width, seen.arrivals[0]!.height], [64, 64]);
      expectCounts(camera, { converted: 1, pixelCopies: 0 });
      assert.equal(seen.arrivals[0]!.pixels!.data.length, 6144);
    });

    it('count messages that cannot be read, and go on', async () => {
      const engine = await openEngine(1);
      const camera = openCamera();
      const seen = new Collector();
      engine.attach(camera, seen);
      const good = messageOf(noiseFrame(64, 64, 1));
      const cases = [
        [{ width: 63 }, 'an even width for NV12', '63'],
        [{ height: 0 }, 'an integer from 2 to 16384 for the frame height', '0'],
        [{ width: 4294967294 }, 'an integer from 2 to 16384 for the frame width', '4294967294'],
        [{ data: good.data.subarray(1) }, 'at least 6144 bytes for a 64x64 NV12 frame', '6143 bytes'],
        [{ encoding: 'rgb8' }, 'at least 12288 bytes for a 64x64 rgb8 image', '6144 bytes'],
        [{ encoding: 'jpeg' }, 'an image with encoding nv12, bgr8, rgb8, mono8 on a native camera', 'jpeg'],
        [
          { encoding: '' },
          'an image with encoding nv12, bgr8, rgb8, mono8 on a native camera',
          'an empty string',
        ],
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

    it('keep the full picture only when asked, until it is given back', async () => {
      const engine = await openEngine(2);
      const camera = openCamera();
      const seen = new Collector(false, false);
      engine.attach(camera, seen);
      const frame = noiseFrame(80, 50);
      camera.keepPixels(true);
      for (let i = 0; i < 3; i++) {
        camera.offer(messageOf(frame));
        await seen.until(i + 1);
      }
      for (const { pixels } of seen.arrivals) assert.deepEqual(packedBytes(pixels!), packedBytes(frame));
      expectCounts(camera, { pixelCopies: 3, pixelsMissed: 0, bytesRead: 3 * 2 * 6000 });
      const [first, second] = seen.arrivals;
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
      camera.keepPixels(false);
      camera.offer(messageOf(frame));
      await seen.until(21);
      assert.equal(seen.arrivals[20]!.pixels, undefined);
      const { width, height } = engine.model.input;
      expectCounts(camera, {
        pixelCopies,
        bytesRead: (21 + pixelCopies) * 6000,
        bytesWritten: pixelCopies * 6000 + (21 * width * height * 3) / 2,
      });
    });

    it('are detached: what is in flight is told of, what waits is discarded, and another engine takes over', async () => {
      const engine = await openEngine(1);
      const camera = openCamera();
      const seen = new Collector(true);
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
      assert.equal(seen.arrivals.length, 1);
      camera.offer(message);
      seen.release();
      expectCounts(camera, { received: 4, submitted: 1, discarded: 3 });

      const second = await openEngine(1);
      const later = new Collector();
      second.attach(camera, later);
      camera.offer(message);
      await later.until(1);
      assert.deepEqual(later.values[0], seen.values[0]);
      assert.equal(seen.arrivals.length, 1);
      camera.close();
      assert.throws(() => engine.attach(camera, seen), /a camera that is open/);
    });

    it('let an engine be closed with frames in flight, and a camera that goes on', async () => {
      const engine = await openEngine(2);
      const camera = openCamera();
      const seen = new Collector(false, false);
      engine.attach(camera, seen);
      camera.play(messageOf(noiseFrame(64, 64, 1)), 0.5, 1e6);
      await seen.until(5);
      await engine.close();
      const { submitted } = camera.counters();
      assert.equal(seen.arrivals.length, submitted);
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(camera.counters().submitted, submitted);
      assert.throws(() => engine.attach(camera, seen), /an open engine/);
      for (let i = 0; i < 6; i++) {
        const next = await open(2);
        const more = new Collector(false, false);
        next.attach(camera, more);
        await more.until(2);
        await next.close();
      }
    });
  });
}
