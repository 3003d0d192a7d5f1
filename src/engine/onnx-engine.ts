import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { ExpectationError, expectInteger } from '../expect.js';
import { type ColorRange, DEFAULT_COLOR_RANGE } from '../frame/color.js';
import { allocateNv12, expectNv12Frame } from '../frame/convert.js';
import { Letterbox } from '../frame/letterbox.js';
import type { Nv12Frame } from '../frame/nv12-frame.js';
import { parseClassNames } from '../model/class-names.js';
import { readOnnxMetadata } from '../model/onnx-metadata.js';
import { addon } from '../native/addon.js';
import type { Engine, EngineTimings, Inference, ModelInfo } from './engine.js';
import {
  type Answer,
  type Job,
  type Opened,
  OUTPUT_TYPE,
  type ValueInfo,
  type WorkerSettings,
} from './onnx-protocol.js';
import { packedStride, type Tensor, type TensorInfo, UNQUANTIZED } from './tensor.js';

export interface OnnxEngineOptions {
  /** Path of an ONNX model with one float32 input [1, 3, height, width], RGB from 0 to 1. */
  file: string;
  /** Threads of the network. @default the number of cores */
  threads?: number | undefined;
  /** Frames in flight. @default 2 */
  slots?: number | undefined;
  /** Range of the frames' samples. @default 'full' */
  colorRange?: ColorRange | undefined;
}

/** Input memory of one frame in flight. */
interface Slot {
  /** The frame as the model sees it. */
  readonly letterboxed: Nv12Frame;
  /** The model's input; lent to the worker during an inference. */
  planes: Float32Array;
}

/**
 * Runs an ONNX model on the CPU through ONNX Runtime: the engine of machines without a BPU.
 *
 * The letterbox and the colour conversion run on libuv's thread pool, the network on a worker thread; the JS thread only passes
 * on buffers, which are moved between the threads and never copied by us. ONNX Runtime itself makes new output buffers for
 * each frame, so here, unlike on the BPU, a slot has no output memory of its own.
 */
export class OnnxEngine implements Engine {
  readonly kind = 'onnx';
  readonly #worker: Worker;
  readonly #free: Slot[];
  readonly #pending = new Map<number, (answer: Answer) => void>();
  readonly #colorRange: ColorRange;
  #nextId = 0;
  /** Settles when the latest submission has. */
  #latest: Promise<unknown> = Promise.resolve();
  #closed = false;
  /** Why the worker is gone, if it is. */
  #broken: string | undefined;

  private constructor(
    readonly model: ModelInfo,
    readonly slots: number,
    worker: Worker,
    colorRange: ColorRange,
  ) {
    const { width, height } = model.input;
    this.#worker = worker;
    this.#colorRange = colorRange;
    this.#free = Array.from({ length: slots }, () => ({
      letterboxed: allocateNv12(width, height),
      planes: new Float32Array(3 * width * height),
    }));
    worker.on('message', (answer: Answer) => this.#pending.get(answer.id)?.(answer));
    worker.on('error', (error) => this.#break(error.message));
    worker.on('exit', (code) => this.#break(`the worker thread ended with code ${code}`));
    // An idle engine must not keep the process alive.
    worker.unref();
  }

  /**
   * Loads a model.
   *
   * @throws ExpectationError when the file is missing or no ONNX model, when ONNX Runtime is not installed or refuses the
   * model, and when its input is not an image of fixed size
   */
  static async open(options: OnnxEngineOptions): Promise<OnnxEngine> {
    const { file, colorRange = DEFAULT_COLOR_RANGE } = options;
    const threads = expectInteger('threads', options.threads ?? availableParallelism(), 1, 256);
    const slots = expectInteger('slots', options.slots ?? 2, 1, 32);
    const { properties: metadata } = await readOnnxMetadata(file);
    const worker = new Worker(new URL('./onnx-worker.js', import.meta.url), {
      workerData: { file, threads } satisfies WorkerSettings,
    });
    try {
      const opened = await firstMessage(worker);
      if ('failure' in opened) throw refusal(file, opened);
      const input = imageSize(file, opened.inputs);
      const outputs = opened.outputs.map((value) => tensorInfo(file, value));
      const model = {
        file,
        input,
        outputs,
        labels: metadata['names'] === undefined ? undefined : parseClassNames(metadata['names']),
        metadata,
      };
      return new OnnxEngine(model, slots, worker, colorRange);
    } catch (error) {
      await worker.terminate();
      throw error;
    }
  }

  submit(frame: Nv12Frame): Promise<Inference> {
    const before = this.#latest;
    const result = this.#start(frame).then(
      (inference) => before.then(() => inference),
      (error: unknown) =>
        before.then(() => {
          throw error;
        }),
    );
    this.#latest = result.catch(() => undefined);
    return result;
  }

  async #start(frame: Nv12Frame): Promise<Inference> {
    if (this.#closed) throw new ExpectationError('an open engine', 'one that is closed');
    if (this.#broken !== undefined)
      throw new ExpectationError('a running ONNX engine', this.#broken, 'Open it again.');
    expectNv12Frame('the frame', frame);
    const { width, height } = this.model.input;
    const letterbox = new Letterbox(frame.width, frame.height, width, height);
    const slot = this.#free.pop();
    if (!slot) {
      const hint = 'Release an inference before submitting another frame.';
      throw new ExpectationError('a free slot', `${this.slots} frames in flight`, hint);
    }
    try {
      const preprocess = await addon().preprocess(
        frame,
        letterbox,
        slot.letterboxed,
        this.#colorRange,
        slot.planes,
      );
      const answer = await this.#infer(slot);
      if (answer.failure !== undefined) throw new ExpectationError('an inference', answer.failure);
      const tensors = this.model.outputs.map((info, i): Tensor => ({
        ...info,
        data: new Float32Array(answer.outputs[i]!),
      }));
      const timings = { preprocess, inference: answer.milliseconds };
      return new OnnxInference(tensors, letterbox, timings, () => this.#free.push(slot));
    } catch (error) {
      this.#free.push(slot);
      throw error;
    }
  }

  #infer(slot: Slot): Promise<Answer> {
    const id = this.#nextId++;
    const input = slot.planes.buffer as ArrayBuffer;
    return new Promise((resolve) => {
      this.#pending.set(id, (answer) => {
        this.#pending.delete(id);
        if (this.#pending.size === 0) this.#worker.unref();
        slot.planes = new Float32Array(answer.input);
        resolve(answer);
      });
      this.#worker.ref();
      this.#worker.postMessage({ id, input } satisfies Job, [input]);
    });
  }

  /** Answers everything in flight when the worker is gone. Its input buffers went with it. */
  #break(reason: string): void {
    this.#broken ??= reason;
    const { width, height } = this.model.input;
    for (const [id, answer] of this.#pending) {
      const input = new ArrayBuffer(3 * width * height * Float32Array.BYTES_PER_ELEMENT);
      answer({ id, input, milliseconds: 0, outputs: [], failure: reason });
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#latest;
    await this.#worker.terminate();
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

function firstMessage(worker: Worker): Promise<Opened> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) =>
      reject(new ExpectationError('a model to load', `a worker thread that ended with code ${code}`)),
    );
  });
}

function refusal(
  file: string,
  { failure, missing }: { failure: string; missing: boolean },
): ExpectationError {
  return missing
    ? new ExpectationError(
        'ONNX Runtime (npm package onnxruntime-node)',
        failure,
        'Install it: npm install onnxruntime-node',
      )
    : new ExpectationError(
        `a model that ONNX Runtime can load in ${file}`,
        failure,
        'Export it again with format=onnx.',
      );
}

/** Size of the one image input. */
function imageSize(file: string, inputs: readonly ValueInfo[]): { width: number; height: number } {
  const [input] = inputs;
  const found = inputs.map(({ name, type, shape }) => `${name}: ${type} [${shape.join(', ')}]`).join('; ');
  const fail = (hint: string): ExpectationError =>
    new ExpectationError(`one input, float32 [1, 3, height, width], in ${file}`, found || 'none', hint);
  if (!input || inputs.length !== 1 || input.shape.length !== 4)
    throw fail('This is no image model of one input.');
  if (input.shape.some((extent) => typeof extent !== 'number' || extent < 1)) {
    throw fail('Export it with a fixed size (dynamic=False).');
  }
  const [batch, channels, height, width] = input.shape as number[];
  if (input.type !== 'float32') throw fail('Export it in single precision (half=False).');
  if (batch !== 1 || channels !== 3) throw fail('Export it with batch=1 for RGB pictures.');
  if (width! % 32 !== 0 || height! % 32 !== 0) throw fail('Height and width must be multiples of 32.');
  return { width: width!, height: height! };
}

function tensorInfo(file: string, { name, type, shape }: ValueInfo): TensorInfo {
  if (type !== OUTPUT_TYPE || shape.some((extent) => typeof extent !== 'number' || extent < 1)) {
    throw new ExpectationError(
      `float32 outputs of fixed size in ${file}`,
      `${name}: ${type} [${shape.join(', ')}]`,
      'Export it in single precision with a fixed size (half=False, dynamic=False).',
    );
  }
  const extents = shape as number[];
  return {
    name,
    shape: extents,
    stride: packedStride(extents),
    type: OUTPUT_TYPE,
    quantization: UNQUANTIZED,
  };
}
