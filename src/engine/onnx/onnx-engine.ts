import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { ExpectationError, expectInteger, expectOneOf } from '../../base/expect.js';
import { COLOR_RANGES, type ColorRange, DEFAULT_COLOR_RANGE } from '../../vision/picture/color-range.js';
import { allocateNv12, expectNv12Frame } from '../../native/convert.js';
import type { Letterbox } from '../../vision/picture/letterbox.js';
import { frameSize, type Nv12Frame, nv12Frame } from '../../vision/picture/nv12-frame.js';
import { classCountOf, headLayers, withModel } from '../../model/onnx/model-form.js';
import { readOnnxMetadata } from '../../model/onnx/onnx-metadata.js';
import { formOf } from '../../model/onnx/output-form.js';
import { type Content } from '../../native/nv12.js';
import { addon } from '../../native/addon.js';
import type { NativeFrameInfo, NativeDone, NativeSlots } from '../../native/camera.js';
import type { CameraEngine, EngineTimings, Inference, ModelInfo } from '../engine.js';
import { describeOnnxModel, type GraphFacts } from './onnx-model-info.js';
import {
  type Answer,
  elementCount,
  type Opened,
  type Order,
  type SlotMemory,
  type WorkerSettings,
} from './onnx-protocol.js';
import { withoutTelemetry } from './onnx-telemetry.js';
import { SlotEngine } from '../slot-engine.js';
import type { Tensor } from '../../vision/tensor/tensor.js';

export interface OnnxEngineOptions {
  /**
   * Path of an ONNX model with one float32 input [1, 3, height, width], RGB from 0 to 1, or normalized
   * (src/model/onnx/input-picture.ts).
   */
  file: string;
  /** What the user should know about the file; reported as the model's note. */
  note?: string | undefined;
  /** Threads of the network. @default the number of cores */
  threads?: number | undefined;
  /** Frames in flight, 1 to 8. @default 2 */
  slots?: number | undefined;
  /** Range of the frames' sample values. @default 'full' */
  colorRange?: ColorRange | undefined;
}

/** Memory of one frame in flight. */
interface Slot {
  readonly index: number;
  /** The frame as the model sees it. */
  readonly letterboxed: Nv12Frame;
  /** The model's input and outputs; with the worker during an inference. */
  memory: SlotMemory;
  /** View on `memory.input`. */
  planes: Float32Array;
}

/**
 * A submitted frame, or a camera's. It is `preprocessing`, `ready`, `running`, then settled; a failure settles it in any
 * state.
 */
interface Job {
  readonly slot: Slot;
  readonly letterbox: Letterbox;
  state: 'preprocessing' | 'ready' | 'running' | 'settled';
  preprocess: number;
  /** Whether a thread of libuv's pool is using the slot's and the frame's memory. */
  touched: boolean;
  /** Settles the caller's promise; called when all earlier frames have settled. */
  finish?: () => void;
  readonly resolve: (inference: Inference) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Runs an ONNX model on the CPU through ONNX Runtime: the engine of machines without a BPU.
 *
 * Letterbox and color conversion run on libuv's thread pool, the network on a worker thread, so that one frame is
 * prepared while another is in the network. The JS thread only moves buffers; no pixel and no tensor is copied there.
 *
 * The tensors of a released slot keep their values until the slot is used again. Then they have length 0, because their
 * memory has moved to the worker.
 *
 * An engine that is unreachable and was never closed is garbage-collected with its worker. It stays alive while a frame is
 * in flight or a camera is attached. Call close() anyway: the collector does not know about ONNX Runtime's memory and may
 * take long.
 */
export class OnnxEngine extends SlotEngine implements CameraEngine {
  readonly kind = 'onnx';
  /** Reading a result takes far less time than the network. */
  readonly spare = 0;
  readonly #worker: Worker;
  readonly #colorRange: ColorRange;
  readonly #slots: readonly Slot[];
  /** Keeps track of the slots of submitted frames and attached cameras. Cameras letterbox straight into them. */
  readonly #heapSlots: NativeSlots;
  /** Frames that have not settled, in order of submission. */
  readonly #jobs: Job[] = [];
  /** Called when #jobs becomes empty. */
  readonly #idle: (() => void)[] = [];
  /** Why the worker ended, if it did. */
  #broken: string | undefined;

  private constructor(
    readonly model: ModelInfo,
    readonly slots: number,
    worker: Worker,
    heapSlots: NativeSlots,
    colorRange: ColorRange,
  ) {
    super(heapSlots, () => {
      heapSlots.close();
      worker.postMessage('close' satisfies Order);
    });
    this.#worker = worker;
    this.#heapSlots = heapSlots;
    this.#colorRange = colorRange;
    this.#slots = Array.from({ length: slots }, (_, index) => allocateSlot(index, model));
  }

  /**
   * Loads a model.
   *
   * @throws ExpectationError when the file is missing or not an ONNX model, when ONNX Runtime is not installed or rejects
   * the model, and when its input is not a float32 image of fixed size, a multiple of 32 (with queries, of 2). Half precision (float16) inputs
   * and outputs are refused: on CPUs they are slower than float32.
   */
  static async open(options: OnnxEngineOptions): Promise<OnnxEngine> {
    const { file, note, colorRange = DEFAULT_COLOR_RANGE } = options;
    const threads = expectInteger('threads', options.threads ?? availableParallelism(), 1, 256);
    const slots = expectInteger('slots', options.slots ?? 2, 1, 8);
    expectOneOf('the color range', colorRange, COLOR_RANGES);
    addon(); // fail here rather than at the first frame
    const metadata = readOnnxMetadata(file);
    withoutTelemetry();
    const worker = new Worker(new URL('./onnx-worker.js', import.meta.url), {
      workerData: { file, threads } satisfies WorkerSettings,
      execArgv: [], // options of the main script, such as --input-type, may not fit a worker
    });
    // Weak, because the slots and the worker keep their callbacks until the engine is closed.
    let engine: WeakRef<OnnxEngine> | undefined;
    const callIfAlive = (call: (alive: OnnxEngine) => void): void => {
      const alive = engine?.deref();
      if (alive) call(alive);
    };
    try {
      const model = describeOnnxModel(file, metadata, await firstMessage(worker), {
        ...graphFacts(file),
        note,
      });
      const { width, height, fit, normalization } = model.input;
      worker.postMessage({ normalization } satisfies Order);
      const heapSlots = addon().openHeapSlots(
        slots,
        width,
        height,
        (...done) => callIfAlive((alive) => alive.#onDone(...done)),
        fit === 'stretch',
      );
      const opened = new OnnxEngine(model, slots, worker, heapSlots, colorRange);
      engine = new WeakRef(opened);
      worker.on('message', (answer: Answer) => callIfAlive((alive) => alive.#answered(answer)));
      worker.on('error', (error) => callIfAlive((alive) => alive.#lost(error.message)));
      worker.on('exit', (code) =>
        callIfAlive((alive) => alive.#lost(`a worker thread that ended with code ${code}`)),
      );
      // An idle engine must not keep the process alive.
      worker.unref();
      return opened;
    } catch (error) {
      await worker.terminate();
      throw error;
    }
  }

  submit(frame: Nv12Frame): Promise<Inference> {
    return new Promise((resolve, reject) => {
      this.expectRunning();
      expectNv12Frame('the frame', frame);
      const letterbox = this.letterboxFor(frame);
      const { slot: reserved } = this.reserved;
      const slot = this.#slots[reserved >= 0 ? reserved : this.#heapSlots.take()];
      this.reserved.used();
      if (!slot) {
        throw new ExpectationError(
          'a free slot',
          `${this.slots} frames in flight`,
          'Release an inference before submitting another frame.',
        );
      }
      this.#start(
        { slot, letterbox, state: 'preprocessing', preprocess: 0, touched: true, resolve, reject },
        frame,
        letterbox,
      );
    });
  }

  /** Called when a slot has a camera's frame or has been granted. */
  #onDone(...[slot, , , , frameInfo]: Parameters<NativeDone>): void {
    if (frameInfo) this.#arrived(this.#slots[slot]!, frameInfo);
    else this.reserved.granted(slot);
  }

  /** A camera's frame is letterboxed already; only its colors are converted here. */
  #arrived(slot: Slot, frameInfo: NativeFrameInfo): void {
    if (this.#broken !== undefined) {
      this.#heapSlots.release(slot.index);
      this.cameras.fail(
        frameInfo,
        new ExpectationError('a running ONNX engine', this.#broken, 'Open it again.'),
      );
      return;
    }
    const letterbox = this.letterboxFor(frameSize(frameInfo.part));
    const job: Job = {
      ...{ slot, letterbox, state: 'preprocessing', preprocess: frameInfo.preprocess, touched: true },
      resolve: (inference) => this.cameras.deliver(frameInfo, inference),
      reject: (error) => this.cameras.fail(frameInfo, error as Error),
    };
    const { width, height } = this.model.input;
    const frame = nv12Frame(new Uint8Array(frameInfo.input!), { width, height });
    this.#start(job, frame, { left: 0, top: 0, width, height });
  }

  #start(job: Job, frame: Nv12Frame, content: Content): void {
    const { slot } = job;
    if (this.#jobs.push(job) === 1) this.#worker.ref();
    this.keepAlive();
    addon()
      .preprocess(frame, content, slot.letterboxed, this.#colorRange, slot.planes)
      .then(
        (milliseconds) => {
          job.preprocess += milliseconds;
          if (job.state === 'preprocessing') job.state = 'ready';
        },
        (error: unknown) => this.#fail(job, error),
      )
      .finally(() => {
        job.touched = false;
        this.#advance();
      });
  }

  protected async end(): Promise<void> {
    await this.cameras.detachAll();
    if (this.#jobs.length > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
    this.#heapSlots.close();
    if (this.#broken !== undefined) return;
    const exited = new Promise((resolve) => this.#worker.once('exit', resolve));
    this.#worker.ref();
    this.#worker.postMessage('close' satisfies Order);
    await exited;
  }

  protected override expectRunning(): void {
    super.expectRunning();
    if (this.#broken !== undefined) {
      throw new ExpectationError('a running ONNX engine', this.#broken, 'Open it again.');
    }
  }

  /** Sends frames to the worker and settles callers' promises, both in order of submission. */
  #advance(): void {
    for (const job of this.#jobs) {
      if (job.state === 'preprocessing') break;
      if (job.state !== 'ready') continue;
      const { memory } = job.slot;
      job.state = 'running';
      this.#worker.postMessage({ memory } satisfies Order, [memory.input, memory.output]);
    }
    while (this.#jobs[0]?.finish && !this.#jobs[0].touched) {
      this.#jobs.shift()!.finish!();
      this.allowCollection();
    }
    if (this.#jobs.length > 0) return;
    this.#worker.unref();
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #answered({ memory, milliseconds, failure }: Answer): void {
    const job = this.#jobs.find(({ state }) => state === 'running')!;
    const { slot, letterbox } = job;
    slot.memory = memory;
    slot.planes = new Float32Array(memory.input);
    if (failure !== undefined) {
      this.#fail(
        job,
        new ExpectationError(
          'an inference',
          failure,
          'If memory is short, use a smaller model or fewer slots; else check the model with tros-yolo-seg info.',
        ),
      );
    } else {
      const timings = { preprocess: job.preprocess, inference: milliseconds };
      const tensors = viewOutputs(this.model, memory.output);
      const inference = new OnnxInference(tensors, letterbox, timings, () =>
        this.#heapSlots.release(slot.index),
      );
      job.state = 'settled';
      job.finish = () => job.resolve(inference);
    }
    this.#advance();
  }

  /** A failed frame frees its slot. */
  #fail(job: Job, error: unknown): void {
    if (job.state === 'settled') return;
    job.state = 'settled';
    job.finish = () => {
      this.#heapSlots.release(job.slot.index);
      job.reject(error);
    };
  }

  /** Fails everything in flight after the worker has ended. The slots that it held are lost and are not used again. */
  #lost(reason: string): void {
    this.#broken ??= reason;
    for (const job of this.#jobs)
      this.#fail(
        job,
        new ExpectationError(
          'a running ONNX engine',
          reason,
          'Open it again; if memory is short, with a smaller model or fewer slots.',
        ),
      );
    this.#advance();
  }
}

class OnnxInference implements Inference {
  #release: (() => void) | undefined;

  constructor(
    readonly tensors: readonly Tensor[],
    readonly letterbox: Letterbox,
    readonly timings: EngineTimings,
    release: () => void,
  ) {
    this.#release = release;
  }

  release(): void {
    this.#release?.();
    this.#release = undefined;
  }
}

function allocateSlot(index: number, { input: { width, height }, outputs }: ModelInfo): Slot {
  const elements = outputs.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  const memory = { input: floatMemory(3 * width * height), output: floatMemory(elements) };
  return { index, letterboxed: allocateNv12(width, height), memory, planes: new Float32Array(memory.input) };
}

function floatMemory(elements: number): ArrayBuffer {
  return new ArrayBuffer(elements * Float32Array.BYTES_PER_ELEMENT);
}

function viewOutputs({ outputs }: ModelInfo, memory: ArrayBuffer): Tensor[] {
  let offset = 0;
  return outputs.map((info) => {
    const data = new Float32Array(memory, offset, elementCount(info.shape));
    offset += data.byteLength;
    return { ...info, data };
  });
}

function firstMessage(worker: Worker): Promise<Opened> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) =>
      reject(
        new ExpectationError(
          'a model to load',
          `a worker thread that ended with code ${code}`,
          'If memory is short, use a smaller model or fewer slots; else check the model with tros-yolo-seg info.',
        ),
      ),
    );
  });
}

/** They are hints only. A model that ONNX Runtime can read and we cannot is still usable. */
function graphFacts(file: string): GraphFacts {
  try {
    return withModel(file, (model) => ({
      layers: headLayers(model),
      classCount: classCountOf(model),
      chosen: formOf(model) === 'instances',
    }));
  } catch {
    return {};
  }
}
