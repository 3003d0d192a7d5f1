import { performance } from 'node:perf_hooks';
import type { Decoder } from '../src/vision/decode/decoder.js';
import type {
  CameraFrameInfo,
  CameraAttachment,
  CameraEngine,
  Engine,
  Inference,
} from '../src/engine/engine.js';
import type { Nv12Frame } from '../src/vision/picture/nv12-frame.js';
import { addon } from '../src/native/addon.js';
import type { InjectedCamera } from '../src/native/camera.js';
import { measureThroughput } from '../src/pipeline/throughput.js';

/** Measurements of frames through an engine and a decoder at full speed. Milliseconds. */
export interface PathRun {
  readonly elapsed: number;
  /** Total of all frames. */
  readonly decode: number;
  /** Share of the time that the JS thread was busy, 0 to 1. */
  readonly busy: number;
  /** For each frame: from its slot to its instances, minus the network. */
  readonly added: number[];
}

/** Milliseconds between a camera's frames: faster than any BPU, so that one always waits. */
const PERIOD = 2;

/** Frames submitted by JavaScript, as from rclnodejs, files and bags. */
export async function submittedRun(
  engine: Engine,
  decoder: Decoder,
  frame: Nv12Frame,
  frames: number,
): Promise<PathRun> {
  const begun = new WeakMap<Inference, number>();
  const added: number[] = [];
  const { kind, model, slots, spare } = engine;
  const timed: Engine = {
    ...{ kind, model, slots, spare },
    get free(): number {
      return engine.free;
    },
    submit: async (submitted) => {
      const start = performance.now();
      const inference = await engine.submit(submitted);
      begun.set(inference, start);
      return inference;
    },
    close: () => engine.close(),
  };
  const { elapsed, used, busy } = await measureThroughput(timed, frames, frame, (inference) => {
    const { tensors, letterbox, ahead } = inference;
    decoder.decode(tensors, letterbox, undefined, undefined, ahead);
    added.push(performance.now() - begun.get(inference)! - inference.timings.inference);
  });
  return { elapsed, decode: used, busy, added };
}

/** Frames of cameras in C++, like those of the node's native subscriptions but without ROS. */
export class CameraRun {
  readonly #cameras: readonly InjectedCamera[];
  readonly #attachments: readonly CameraAttachment[];
  readonly #decoder: Decoder;
  #added: number[] = [];
  #decode = 0;
  #wanted = 0;
  #resolve: (() => void) | undefined;
  #error: Error | undefined;

  /** @param cameras how many, and milliseconds between the frames of each @default one that always has a frame waiting */
  constructor(
    engine: CameraEngine,
    decoder: Decoder,
    { data, width, height, lumaStride }: Nv12Frame,
    { cameras = 1, period = PERIOD } = {},
  ) {
    this.#decoder = decoder;
    this.#cameras = Array.from({ length: cameras }, () => addon().injectCamera());
    this.#attachments = this.#cameras.map((camera) =>
      engine.attach(camera, {
        result: (inference, frameInfo) => this.#addResult(inference, frameInfo),
        failure: (error) => this.#end(error),
      }),
    );
    const message = { ...{ width, height, data }, step: lumaStride, encoding: 'nv12' };
    for (const camera of this.#cameras) {
      camera.play({ ...message, sec: 0, nanosec: 0, index: 0 }, period, 2 ** 32 - 1);
    }
  }

  /** Runs the next `count` frames. */
  async frames(count: number): Promise<PathRun> {
    this.#added = [];
    this.#decode = 0;
    // A camera does not keep the process alive.
    const alive = setInterval(() => undefined, 1000);
    const before = performance.eventLoopUtilization();
    const start = performance.now();
    this.#wanted = count;
    await new Promise<void>((resolve) => (this.#resolve = resolve));
    const elapsed = performance.now() - start;
    const { utilization: busy } = performance.eventLoopUtilization(before);
    clearInterval(alive);
    if (this.#error) throw this.#error;
    return { elapsed, decode: this.#decode, busy, added: this.#added };
  }

  async close(): Promise<void> {
    await Promise.all(this.#attachments.map((attachment) => attachment.detach()));
    for (const camera of this.#cameras) camera.close();
  }

  #addResult(inference: Inference, { submitted }: CameraFrameInfo): void {
    const start = performance.now();
    const { tensors, letterbox, ahead } = inference;
    this.#decoder.decode(tensors, letterbox, undefined, undefined, ahead);
    const end = performance.now();
    const network = inference.timings.inference;
    inference.release();
    if (this.#wanted === 0) return;
    this.#decode += end - start;
    this.#added.push(end - submitted - network);
    if (--this.#wanted === 0) this.#end();
  }

  #end(error?: Error): void {
    this.#error ??= error;
    this.#resolve?.();
  }
}
