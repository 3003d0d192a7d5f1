/** A worker thread that is ended while the addon works for it (ended-workers.ts). Tells when it is in the midst of it. */
import { parentPort, workerData } from 'node:worker_threads';
import { addon } from '../../src/native/addon.js';
import { BpuEngine } from '../../src/engine/bpu/bpu-engine.js';
import { messageOf } from '../engine/camera-messages.js';
import { EMULATOR } from '../engine/bpu/emulator.js';
import { noiseFrame, packedFrame } from './frames.js';

const { kind, model } = workerData as { kind: string; model: string };
const going = (): void => parentPort!.postMessage('going');

const WORK: Record<string, () => Promise<void>> = {
  /** In the midst of reading arguments, nearly always. */
  pixels() {
    const frame = packedFrame(2, 2);
    const rgb = new Uint8Array(12);
    going();
    for (;;) addon().nv12ToRgb8(frame, 'full', rgb);
  },
  /** Work on libuv's pool whose promises nobody can settle any more. */
  preprocess() {
    const content = { left: 0, top: 0, width: 320, height: 320 };
    const begin = (): Promise<void> =>
      addon()
        .preprocess(packedFrame(640, 480), content, packedFrame(320, 320), 'full', new Float32Array(307200))
        .then(begin);
    const all = Promise.all(Array.from({ length: 8 }, begin)).then(() => undefined);
    going();
    return all;
  },
  /** An engine with submitted frames, and a camera that never stops. */
  async engine() {
    const engine = await BpuEngine.open({ file: model, library: EMULATOR, slots: 3 });
    const camera = addon().injectCamera();
    camera.setKeepPixels(true);
    let seen = 0;
    const count = (): void => {
      if (++seen === 3) going();
    };
    engine.attach(camera, {
      result(inference) {
        inference.release();
        count();
      },
      failure: count,
    });
    camera.play(messageOf(noiseFrame(64, 64, 1)), 0, 1e9);
    for (;;) {
      const inference = await engine.submit(noiseFrame(64, 64, 2)).catch(() => undefined);
      inference?.release();
      await new Promise((resolve) => setImmediate(resolve));
    }
  },
  /** A frame that the BPU never answers, given ten minutes. */
  hang: () => hang(600_000),
  /** One that is given somewhat longer than a worker's end waits for it. */
  brief: () => hang(1200),
};

async function hang(timeout: number): Promise<void> {
  const engine = await BpuEngine.open({ file: model, library: EMULATOR, slots: 1, timeout });
  const frame = engine.submit(noiseFrame(64, 64, 2));
  going();
  // Whoever ends this worker may come late.
  await frame.catch(() => undefined);
}

await WORK[kind]!();
