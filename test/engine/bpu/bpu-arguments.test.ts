import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { BpuEngine } from '../../../src/engine/bpu/bpu-engine.js';
import type { CameraHandlers } from '../../../src/engine/engine.js';
import { addon } from '../../../src/native/addon.js';
import type { NativeBpu } from '../../../src/native/bpu.js';
import type { NativeDone } from '../../../src/native/camera.js';
import { noiseFrame, packedFrame } from '../../native/frames.js';
import { temporaryFolder } from '../../temporary-folder.js';
import { EMULATOR, withEmulator } from './emulator.js';
import { writePlaybackModel } from './playback-model.js';

const model = writePlaybackModel(join(temporaryFolder('arguments'), 'heads.bin'));
const frame = noiseFrame(64, 64, 1);
const content = { left: 0, top: 0, width: 64, height: 64 };

describe('the addon while an engine works', () => {
  const settings = {
    file: model,
    library: EMULATOR,
    slots: 1,
    spare: 1,
    core: 0,
    priority: 0,
    timeout: 5000,
  };

  function open(done: NativeDone = () => undefined): Promise<NativeBpu> {
    return withEmulator('play_unknown=1,busy_us=20000', () =>
      Promise.resolve(addon().openBpu(settings, done)),
    );
  }

  /** What the next call of `done` is told. */
  function nextOf(calls: Parameters<NativeDone>[][]): Promise<Parameters<NativeDone>> {
    return new Promise((resolve) => {
      const look = (): void => {
        const [call] = calls.shift() ?? [];
        if (call) resolve(call);
        else setImmediate(look);
      };
      look();
    });
  }

  it('reports a getter that closes the engine', async () => {
    const bpu = await open();
    const closing = {
      ...frame,
      get chromaOffset() {
        bpu.close();
        return frame.chromaOffset;
      },
    };
    assert.throws(() => bpu.run(closing, content, -1), {
      name: 'TypeError',
      message: 'Expected an open engine but received one that was closed while the frame was read.',
    });
    assert.throws(() => bpu.run(frame, content, -1), { name: 'TypeError', message: /an open engine/ });
    const other = await open();
    const evil = {
      ...content,
      get top() {
        other.close();
        return 0;
      },
    };
    assert.throws(() => other.run(frame, evil, -1), { name: 'TypeError', message: /an open engine/ });
  });

  it('accepts a granted slot once, and none whose result is being read', async () => {
    const calls: Parameters<NativeDone>[][] = [];
    const bpu = await open((...call) => calls.push([call]));
    const refused = {
      name: 'TypeError',
      message: /Expected -1, or a slot that was granted and not used since/,
    };
    const slot = bpu.run(frame, content, -1);
    assert.equal(slot, 0);
    assert.throws(() => bpu.run(frame, content, slot), refused, 'it is at work');
    await nextOf(calls);
    assert.throws(() => bpu.run(frame, content, slot), refused, 'its result is being read');
    bpu.requestSlot();
    const [granted, , , , frameInfo] = await nextOf(calls);
    assert.equal(frameInfo, null);
    assert.equal(bpu.run(frame, content, granted), granted);
    assert.throws(() => bpu.run(frame, content, granted), refused, 'it was used');
    await nextOf(calls);
    for (const value of [1.5, NaN, -2, 40, 2 ** 32, 2 ** 32 + slot, '0', undefined, null, {}]) {
      assert.throws(() => bpu.run(frame, content, value as number), { name: 'TypeError' });
    }
    bpu.close();
  });

  it('refuses resizable buffers, and accepts growable shared ones', async () => {
    const calls: Parameters<NativeDone>[][] = [];
    const bpu = await open((...call) => calls.push([call]));
    const options = { maxByteLength: 1 << 20 };
    const Resizable = ArrayBuffer as unknown as new (length: number, options: object) => ArrayBuffer;
    const Growable = SharedArrayBuffer as unknown as new (
      length: number,
      options: object,
    ) => SharedArrayBuffer;
    const refused = { name: 'TypeError', message: /an array of fixed length .*on a resizable ArrayBuffer/ };
    const on = (buffer: ArrayBuffer | SharedArrayBuffer): typeof frame => ({
      ...packedFrame(64, 64),
      data: new Uint8Array(buffer),
    });
    // Also when somebody hides it.
    const hidden = new Resizable(6144, options);
    Object.defineProperty(hidden, 'resizable', { value: false });
    for (const buffer of [new Resizable(6144, options), hidden]) {
      assert.throws(() => bpu.run(on(buffer), content, -1), refused);
      const planes = new Float32Array(3 * 64 * 64);
      const preprocess = (...frames: [typeof frame, typeof frame]): unknown =>
        addon().preprocess(frames[0], content, frames[1], 'full', planes);
      assert.throws(() => preprocess(on(buffer), packedFrame(64, 64)), refused);
      assert.throws(() => preprocess(packedFrame(64, 64), on(buffer)), refused);
    }
    const floats = new Float32Array(new Resizable(3 * 64 * 64 * 4, options));
    assert.throws(
      () => addon().preprocess(packedFrame(64, 64), content, packedFrame(64, 64), 'full', floats),
      refused,
    );
    const slot = bpu.run(on(new Growable(6144, options)), content, -1);
    const [reported, failure] = await nextOf(calls);
    assert.deepEqual([reported, failure], [slot, null]);
    // Nothing is in flight when these return.
    addon().letterbox(on(new Resizable(6144, options)), content, packedFrame(64, 64));
    bpu.close();
  });

  it('reports a buffer that was transferred while a frame was in flight', async () => {
    const calls: Parameters<NativeDone>[][] = [];
    const bpu = await open((...call) => calls.push([call]));
    const gone = noiseFrame(64, 64, 1);
    bpu.run(gone, content, -1);
    const moved = structuredClone(gone.data, { transfer: [gone.data.buffer as ArrayBuffer] });
    const [slot, failure] = await nextOf(calls);
    assert.match(failure!.received, /an ArrayBuffer that was transferred in the meantime/);
    bpu.release(slot);
    assert.equal(moved.length, 6144);
    bpu.close();

    const model64 = packedFrame(64, 64);
    const planes = new Float32Array(3 * 64 * 64);
    const done = addon().preprocess(frame, content, model64, 'full', planes);
    const kept = structuredClone(planes, { transfer: [planes.buffer] });
    await assert.rejects(done, { name: 'TypeError', message: /one that was transferred/ });
    assert.equal(kept.length, 12288);
  });
});

describe('a camera that is attached', () => {
  const handlers: CameraHandlers = { result: (inference) => inference.release(), failure: assert.fail };
  const open = (): Promise<BpuEngine> => BpuEngine.open({ file: model, library: EMULATOR });

  it('cannot be attached to a second engine until it is detached from the first', async () => {
    const [first, second] = [await open(), await open()];
    const camera = addon().injectCamera();
    const attachment = first.attach(camera, handlers);
    const refused = {
      name: 'ExpectationError',
      message:
        /camera \d+ to be attached .*Expected a camera that is not attached but received one that is attached to another/,
    };
    assert.throws(() => second.attach(camera, handlers), refused);
    await attachment.detach();
    const next = second.attach(camera, handlers);
    assert.throws(() => first.attach(camera, handlers), refused);
    await next.detach();
    // An engine that is closed lets go of its cameras.
    first.attach(camera, handlers);
    await first.close();
    second.attach(camera, handlers);
    camera.close();
    await second.close();
  });
});

describe('tensor properties of libdnn', () => {
  it('are read only if quantiType says that they are set', async () => {
    await withEmulator('stale_quanti=1', async () => {
      const engine = await BpuEngine.open({ file: model, library: EMULATOR });
      for (const { scale, zeroPoint, shift } of engine.properties.outputs) {
        assert.deepEqual([scale, zeroPoint, shift], [[], [], []]);
      }
      await engine.close();
    });
  });
});
