/**
 * Lives of engines, each in a process of its own (node --expose-gc), whose end the emulator reports on. Prints what is alive
 * of the addon afterwards, when the collector has done what it can.
 *
 *     node --expose-gc dist/test/engine/bpu/bpu-lifetimes.js LIFE MODEL
 */
import { subscribe } from 'node:diagnostics_channel';
import { EventEmitter, once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { BpuEngine, type BpuEngineOptions } from '../../../src/engine/bpu/bpu-engine.js';
import type { CameraFrameInfo, CameraAttachment, Inference } from '../../../src/engine/engine.js';
import { OnnxEngine } from '../../../src/engine/onnx/onnx-engine.js';
import { addon } from '../../../src/native/addon.js';
import type { NativeCamera } from '../../../src/native/camera.js';
import { noiseFrame } from '../../native/frames.js';
import { messageOf } from '../camera-messages.js';
import { EMULATOR } from './emulator.js';

const [life, model] = process.argv.slice(2);
const frame = noiseFrame(64, 64, 1);

function open(options: Partial<BpuEngineOptions> = {}): Promise<BpuEngine> {
  return BpuEngine.open({ file: model!, library: EMULATOR, ...options });
}

/** An engine that is closed while its results are not released, and while a frame of its camera waits for them to be. */
async function closeWithPictures(): Promise<void> {
  const engine = await open();
  const camera = addon().injectCamera();
  camera.setKeepPixels(true);
  const held: [Inference, CameraFrameInfo][] = [];
  let resolveBoth!: () => void;
  const both = new Promise<void>((resolve) => (resolveBoth = resolve));
  engine.attach(camera, {
    result(inference, frameInfo) {
      held.push([inference, frameInfo]);
      if (held.length === 2) resolveBoth();
      else camera.offer(messageOf(noiseFrame(64, 64, 2)));
    },
    failure(error) {
      throw error;
    },
  });
  camera.offer(messageOf(frame));
  await both;
  camera.offer(messageOf(frame));
  camera.close();
  await engine.close();
}

async function timeOut(engine: BpuEngine, code = 'HB_DNN_TIMEOUT'): Promise<void> {
  const outcome = await engine.submit(frame).then(
    () => 'a result',
    (error: Error) => error.message,
  );
  if (!outcome.includes(code)) throw new Error(outcome);
}

// Functions of their own: one that waits keeps what it had in hand.

async function openOnnx(): Promise<OnnxEngine> {
  return OnnxEngine.open({ file: model!, threads: 1 });
}

async function inferWithOnnx(): Promise<void> {
  (await (await openOnnx()).submit(frame)).release();
}

/** Only the camera holds on to the engine. @returns detaches it */
async function attachOnnx(camera: NativeCamera, results: EventEmitter): Promise<() => Promise<void>> {
  const engine = await openOnnx();
  let attachment: CameraAttachment | undefined = engine.attach(camera, {
    result(inference) {
      inference.release();
      results.emit('result');
    },
    failure(error) {
      throw error;
    },
  });
  return () => {
    const detached = attachment!.detach();
    attachment = undefined;
    return detached;
  };
}

const LIVES: Record<string, () => Promise<unknown>> = {
  async closed() {
    for (let i = 0; i < 20; i++) await closeWithPictures();
  },
  async forgotten() {
    for (let i = 0; i < 5; i++) (await (await open()).submit(frame)).release();
    // An engine with a tensor that is still referenced: the tensor's memory stays readable, and is freed with it.
    const { tensors } = await (await open()).submit(frame);
    const kept = tensors[0]!.data;
    await collect(() => addon().aliveObjects().engines === 0);
    if (kept.length === 0) throw new Error('the tensor is gone');
  },
  /** The same for the onnx engine: its slots and its worker end; an engine with an attached camera stays. */
  async onnx() {
    const ended: Promise<unknown>[] = [];
    subscribe('worker_threads', (message) =>
      ended.push(once((message as { worker: Worker }).worker, 'exit')),
    );
    for (let i = 0; i < 3; i++) await inferWithOnnx();
    const camera = addon().injectCamera();
    const results = new EventEmitter();
    const detach = await attachOnnx(camera, results);
    await collect(() => addon().aliveObjects().tables === 1);
    await Promise.all(ended.slice(0, 3));
    const came = once(results, 'result');
    camera.offer(messageOf(frame));
    await came;
    await detach();
    camera.close();
    await collect(() => addon().aliveObjects().tables === 0);
    await Promise.all(ended);
  },
  async exit() {
    const engine = await open({ slots: 6 });
    const inference = await engine.submit(frame);
    // A tensor that was transferred elsewhere outlives its engine, where Node.js transfers it: 20 does; 22.23, 24 and 26
    // leave the memory of an addon where it is, and it is kept by a copy.
    const { data } = inference.tensors[0]!;
    let kept: typeof data;
    try {
      kept = structuredClone(data, { transfer: [data.buffer as ArrayBuffer] });
    } catch (error) {
      if ((error as Error).name !== 'DataCloneError') throw error;
      kept = data.slice();
    }
    await engine.close();
    process.exit(kept.length > 0 ? 0 : 1);
  },
  async hang() {
    const engine = await open({ slots: 2, timeout: 600_000 });
    for (let i = 0; i < 2; i++) void engine.submit(frame);
    process.stdout.write('told');
    process.exit(7);
  },
  /** The first frame times out, the engine is closed, and the BPU works on for long. */
  async timeout() {
    const engine = await open({ slots: 1, timeout: 20 });
    await timeOut(engine);
    await engine.close();
  },
  /** The clock does not advance for a frame in flight. */
  async stepped() {
    const engine = await open({ slots: 2, timeout: 1000 });
    for (let i = 0; i < 2; i++) void engine.submit(frame);
    process.exit(0);
  },
  /** Waiting for the first frame fails, the engine is closed, and the BPU works on for long. */
  async unwaited() {
    const engine = await open({ slots: 1 });
    await timeOut(engine, 'HB_DNN_API_USE_ERROR');
    await engine.close();
  },
  /** The BPU lets go of a frame that was given up long after its engine, and before the last frame of this process. */
  async late() {
    const engine = await open({ slots: 1, timeout: 20 });
    await timeOut(engine);
    await engine.close();
    process.env['TROS_YOLO_SEG_EMULATOR'] = process.env['TROS_YOLO_SEG_EMULATOR']!.replace(
      'hang=1',
      'hang=0',
    );
    const second = await open({ slots: 1, timeout: 60_000 });
    (await second.submit(frame)).release();
    await second.close();
  },
};

/** Runs the collector and its finalizers until `done`, or for a long time. */
async function collect(done: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !done(); i++) {
    (globalThis as { gc?: () => void }).gc!();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

// Cameras do not keep a process alive.
const awake = setInterval(() => undefined, 60_000);
await LIVES[life!]!();
clearInterval(awake);
await collect(() => Object.values(addon().aliveObjects()).every((count) => count === 0));
process.stdout.write(JSON.stringify(addon().aliveObjects()));
