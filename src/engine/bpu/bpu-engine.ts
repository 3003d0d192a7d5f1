import { SerialQueue } from '../../base/serial-queue.js';
import { ExpectationError, expectInteger, errorOf } from '../../base/expect.js';
import { Ahead, type AheadPlan } from '../../vision/decode/ahead.js';
import { expectNv12Frame } from '../../native/convert.js';
import type { Letterbox } from '../../vision/picture/letterbox.js';
import { frameSize, type Nv12Frame } from '../../vision/picture/nv12-frame.js';
import { withBin } from '../../model/bin/bin-model.js';
import { binLayers } from '../../model/bin/bin-tensors.js';
import { addon } from '../../native/addon.js';
import { type NativeFailure, expectation, fromNative } from '../../native/failure.js';
import type { NativeBpu, NativeTensorProperties } from '../../native/bpu.js';
import type { NativeFrameInfo, NativeDone } from '../../native/camera.js';
import { tensorData, tensorInfo } from './bpu-tensor.js';
import type { CameraEngine, EngineTimings, Inference, ModelInfo } from '../engine.js';
import { SlotEngine } from '../slot-engine.js';
import type { Tensor, TensorData, TensorInfo } from '../../vision/tensor/tensor.js';

/** Maximum number of slots: libdnn keeps at most 32 tasks alive in a process. */
const MOST_SLOTS = 32;
/** Maximum number of spare slots: each takes the memory of a frame (9 MB for yolov8n-seg). */
const MOST_SPARE = 8;

export interface BpuEngineOptions {
  /** Path of a .bin model with one NV12 input. */
  file: string;
  /** Name of the model, if the file has several. */
  name?: string | undefined;
  /** Frames processed at the same time, 1 to 32. @default 2 */
  slots?: number | undefined;
  /**
   * Results that may still be read while every slot processes a frame, 0 to 8. One is enough to keep the BPU busy however
   * long decoding takes. It costs the memory of one frame and adds no latency.
   *
   * @default 0
   */
  spare?: number | undefined;
  /**
   * Path of libdnn.so.
   *
   * @default environment variable TROS_YOLO_SEG_LIBDNN, or its place on RDK X5 and X3
   */
  library?: string | undefined;
  /** BPU core: 0 for any, 1 or 2. X3 has both; X5 has one, so leave it at 0 there. @default 0 */
  core?: number | undefined;
  /** 0 to 255; the BPU runs waiting frames of higher priority first. @default 0 */
  priority?: number | undefined;
  /** Milliseconds after which a frame fails. @default 5000 */
  timeout?: number | undefined;
}

/** What libdnn reports about a model, unchanged. */
export interface BpuModelProperties {
  readonly library: string;
  readonly version: string;
  /** The model, and all models of its file. */
  readonly name: string;
  readonly names: readonly string[];
  readonly inputs: readonly NativeTensorProperties[];
  readonly outputs: readonly NativeTensorProperties[];
}

/**
 * Runs a model on the BPU of RDK X5 or X3 through libdnn (native/bpu).
 *
 * Each slot has its own BPU memory and its own thread, which letterboxes straight into the BPU's input, flushes caches and
 * runs the network. Tensors are views on the BPU's output memory.
 *
 * An engine that is unreachable and was never closed is garbage-collected with its threads; views on its tensors keep their
 * memory. It stays alive while a frame is in flight or a camera is attached. Call close() anyway: the collector does not
 * know about BPU memory and may take long.
 */
export class BpuEngine extends SlotEngine implements CameraEngine {
  readonly kind = 'bpu';
  readonly model: ModelInfo;
  readonly properties: BpuModelProperties;
  readonly slots: number;
  readonly spare: number;
  readonly #native: NativeBpu;
  readonly #slots: readonly Slot[];
  /** Settles when the last submitted frame has settled. Frames settle in order, so all of them have. */
  readonly #queue = new SerialQueue();

  private constructor(file: string, native: NativeBpu, slots: readonly Slot[], spare: number) {
    super(native, () => native.closeKeepingBuffers());
    const { library, version, model: name, models: names, inputs, outputs, width, height } = native;
    this.properties = { library, version, name, names, inputs, outputs };
    this.model = {
      file,
      input: { width, height },
      outputs: withLayers(file, outputs.map(tensorInfo)),
      metadata: { name, libdnn: version },
    };
    this.#native = native;
    this.#slots = slots;
    this.slots = slots.length - spare;
    this.spare = spare;
  }

  /**
   * Loads libdnn and the model, and allocates the slots. Blocks the JS thread while libdnn loads the file (about 0.2 s).
   *
   * @throws ExpectationError when libdnn is missing, too old or made for another board, when the model does not load, when
   * its input is not NV12, or when the decoder cannot read the type of its outputs
   */
  // eslint-disable-next-line @typescript-eslint/require-await -- one signature for all engines; throws become rejections
  static async open(options: BpuEngineOptions): Promise<BpuEngine> {
    const settings = {
      file: options.file,
      library: options.library ?? process.env['TROS_YOLO_SEG_LIBDNN'],
      model: options.name,
      slots: expectInteger('slots', options.slots ?? 2, 1, MOST_SLOTS),
      spare: expectInteger('spare', options.spare ?? 0, 0, MOST_SPARE),
      core: expectInteger('core', options.core ?? 0, 0, 2),
      priority: expectInteger('priority', options.priority ?? 0, 0, 255),
      timeout: expectInteger('timeout', options.timeout ?? 5000, 1, 2 ** 30),
    };
    // Weak, because native code keeps the callback until the engine is closed.
    let engine: WeakRef<BpuEngine> | undefined;
    const native = openNative(settings, (...done) => {
      const alive = engine?.deref();
      if (alive) alive.#onDone(...done);
    });
    try {
      const slots = native.buffers.map((buffers, index) => new Slot(index, native.outputs, buffers));
      const opened = new BpuEngine(options.file, native, slots, settings.spare);
      engine = new WeakRef(opened);
      return opened;
    } catch (error) {
      native.close();
      throw error;
    }
  }

  submit(frame: Nv12Frame): Promise<Inference> {
    let outcome: Promise<Inference>;
    try {
      outcome = this.#start(frame);
    } catch (error) {
      return Promise.reject(errorOf(error));
    }
    outcome.catch(() => undefined); // reported below, in order
    return this.#queue.run(() => outcome);
  }

  planAhead(plan: AheadPlan | undefined): void {
    this.expectRunning();
    if (!plan) {
      this.#native.planAhead();
      return;
    }
    const { version, numbers, heads, limits, lowest, iou } = plan;
    const blocks = heads.map((head) => head.numbers);
    const scales = heads.map((head) => head.scales);
    const found = this.#native.planAhead(version, numbers, blocks, scales, limits, lowest, iou);
    for (const slot of this.#slots) slot.ahead ??= new Ahead(found[slot.index]!);
  }

  protected async end(): Promise<void> {
    await Promise.all([this.cameras.detachAll(), this.#queue.idle()]);
    for (const slot of this.#slots) slot.lent = undefined;
    this.#native.close();
  }

  /** Called when a slot has finished its frame or has been granted. */
  #onDone(...[index, failure, preprocess, inference, frameInfo]: Parameters<NativeDone>): void {
    const slot = this.#slots[index]!;
    slot.show(this.#native.buffers[index]!);
    if (frameInfo === null) this.reserved.granted(index);
    else if (frameInfo) this.#arrived(slot, failure, preprocess, inference, frameInfo);
    else slot.done(failure, { preprocess, inference });
  }

  /** Called when a slot has finished a camera's frame. */
  #arrived(
    slot: Slot,
    failure: NativeFailure | null,
    preprocess: number,
    inference: number,
    frameInfo: NativeFrameInfo,
  ): void {
    if (failure) {
      this.#release(slot);
      this.cameras.fail(frameInfo, expectation(failure));
      return;
    }
    const letterbox = this.letterboxFor(frameSize(frameInfo.part));
    const timings = { preprocess: frameInfo.preprocess + preprocess, inference };
    this.cameras.deliver(frameInfo, new BpuInference(slot, letterbox, timings, () => this.#release(slot)));
  }

  #release(slot: Slot): void {
    this.#native.release(slot.index);
  }

  #start(frame: Nv12Frame): Promise<Inference> {
    this.expectRunning();
    expectNv12Frame('the frame', frame);
    const letterbox = this.letterboxFor(frame);
    const index = this.#native.run(frame, letterbox, this.reserved.slot);
    this.reserved.used();
    if (index < 0) {
      throw new ExpectationError(
        'a free slot',
        `${this.slots} frames in flight${this.spare > 0 ? `, or ${this.slots + this.spare} with results not released` : ''}`,
        'Release an inference before submitting another frame.',
      );
    }
    const slot = this.#slots[index]!;
    this.keepAlive();
    return new Promise((resolve, reject) => {
      slot.done = (failure, timings) => {
        this.allowCollection();
        if (failure) {
          this.#release(slot);
          reject(expectation(failure));
        } else {
          resolve(new BpuInference(slot, letterbox, timings, () => this.#release(slot)));
        }
      };
    });
  }
}

/** BPU memory for one frame. */
class Slot {
  /** The inference that holds the slot. */
  lent: BpuInference | undefined;
  done: (failure: NativeFailure | null, timings: EngineTimings) => void = () => undefined;
  /** The results of its thread; undefined before there was a plan. */
  ahead: Ahead | undefined;
  readonly #properties: readonly NativeTensorProperties[];
  #buffers: readonly ArrayBuffer[];
  #tensors: readonly SlotTensor[];

  /** @throws ExpectationError for outputs that cannot be read */
  constructor(
    readonly index: number,
    properties: readonly NativeTensorProperties[],
    buffers: readonly ArrayBuffer[],
  ) {
    this.#properties = properties;
    this.#buffers = buffers;
    this.#tensors = this.#view();
  }

  get tensors(): readonly SlotTensor[] {
    return this.#tensors;
  }

  /** The slot's memory. A slot gets new memory after a frame that timed out. */
  show(buffers: readonly ArrayBuffer[]): void {
    if (buffers === this.#buffers) return;
    this.#buffers = buffers;
    this.#tensors = this.#view();
  }

  #view(): readonly SlotTensor[] {
    return this.#properties.map((properties, output) => {
      const data = tensorData(properties, this.#buffers[output]!);
      return new SlotTensor(this, { ...tensorInfo(properties), data });
    });
  }
}

/** A tensor whose data is accessible only until the slot is released. */
class SlotTensor implements Tensor {
  readonly name: Tensor['name'];
  readonly shape: Tensor['shape'];
  readonly stride: Tensor['stride'];
  readonly type: Tensor['type'];
  readonly quantization: Tensor['quantization'];
  readonly #slot: Slot;
  readonly #data: TensorData;

  constructor(slot: Slot, { name, shape, stride, type, quantization, data }: Tensor) {
    this.name = name;
    this.shape = shape;
    this.stride = stride;
    this.type = type;
    this.quantization = quantization;
    this.#slot = slot;
    this.#data = data;
  }

  /** @throws ExpectationError after release */
  get data(): TensorData {
    if (!this.#slot.lent) throw released();
    return this.#data;
  }
}

class BpuInference implements Inference {
  readonly #slot: Slot;
  readonly #giveBack: () => void;

  constructor(
    slot: Slot,
    readonly letterbox: Letterbox,
    readonly timings: EngineTimings,
    giveBack: () => void,
  ) {
    this.#slot = slot;
    this.#giveBack = giveBack;
    slot.lent = this;
  }

  /** @throws ExpectationError after release */
  get tensors(): readonly Tensor[] {
    if (this.#slot.lent !== this) throw released();
    return this.#slot.tensors;
  }

  /** @throws ExpectationError after release */
  get ahead(): Ahead | undefined {
    if (this.#slot.lent !== this) throw released();
    return this.#slot.ahead;
  }

  release(): void {
    if (this.#slot.lent !== this) return;
    this.#slot.lent = undefined;
    this.#giveBack();
  }
}

function released(): ExpectationError {
  return new ExpectationError(
    'tensors of an inference that is not released',
    'a released one, or one of a closed engine',
    'Copy what is needed later before release().',
  );
}

function openNative(...[options, done]: Parameters<ReturnType<typeof addon>['openBpu']>): NativeBpu {
  return fromNative(() => addon().openBpu(options, done));
}

/** Names of the layers that make the outputs. They are in the file, but libdnn does not report them. */
function withLayers(file: string, outputs: readonly TensorInfo[]): readonly TensorInfo[] {
  try {
    const layers = withBin(file, binLayers);
    return outputs.map((info) => ({ ...info, layer: layers.get(info.name) }));
  } catch {
    return outputs; // a file that libdnn can read and we cannot, or a recording for the emulator
  }
}
