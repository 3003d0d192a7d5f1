/**
 * Runs ONNX Runtime on its own thread, because `run` of its Node binding (1.30) blocks the calling thread for the whole
 * inference: 60 to 110 ms a frame for YOLOv8n-seg on two cores.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { messageOf } from '../../base/expect.js';
import type { Normalization } from '../../vision/picture/normalization.js';
import {
  type Answer,
  ELEMENT_TYPE,
  elementCount,
  type Opened,
  type Order,
  type SlotMemory,
  type ValueInfo,
  type WorkerSettings,
} from './onnx-protocol.js';
import { normalizePlanes } from './normalize-planes.js';

type Runtime = typeof import('onnxruntime-node');

/** Elements of an input of 16384x16384, more than any frame. */
const LARGEST_INPUT = 3 * 2 ** 28;

const port = parentPort!;
const { file, threads } = workerData as WorkerSettings;

const session = await open();
if (session) serve(session);

interface Loaded {
  readonly runtime: Runtime;
  readonly model: InferenceSession;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}

async function open(): Promise<Loaded | undefined> {
  let runtime: Runtime;
  try {
    runtime = await import('onnxruntime-node');
  } catch (error) {
    port.postMessage({ failure: messageOf(error), missing: true } satisfies Opened);
    return undefined;
  }
  try {
    const model = await runtime.InferenceSession.create(file, {
      intraOpNumThreads: threads,
      logSeverityLevel: 4, // errors are thrown and reported by the caller that submitted the frame
      // Threads that spin while waiting would take the core that decodes the previous frame.
      extra: { session: { intra_op: { allow_spinning: '0' } } },
    });
    const inputs = model.inputMetadata.map(describe);
    const outputs = await measured(runtime, model, inputs, model.outputMetadata.map(describe));
    port.postMessage({ inputs, outputs } satisfies Opened);
    return { runtime, model, inputs, outputs };
  } catch (error) {
    port.postMessage({ failure: messageOf(error), missing: false } satisfies Opened);
    return undefined;
  }
}

function describe(value: InferenceSession.ValueMetadata): ValueInfo {
  const { name } = value;
  return value.isTensor
    ? { name, type: value.type, shape: value.shape }
    : { name, type: 'no tensor', shape: [] };
}

/** Output extents may be symbolic even if the input's are fixed. They are known once the model has run. */
async function measured(
  runtime: Runtime,
  model: InferenceSession,
  inputs: readonly ValueInfo[],
  outputs: readonly ValueInfo[],
): Promise<readonly ValueInfo[]> {
  const fixed = ({ type, shape }: ValueInfo): boolean =>
    type === ELEMENT_TYPE && shape.every((extent) => typeof extent === 'number' && extent > 0);
  const open = outputs.some((value) => value.type === ELEMENT_TYPE && !fixed(value));
  const [input] = inputs;
  const elements = input && fixed(input) ? elementCount(input.shape as number[]) : 0;
  if (!open || inputs.length !== 1 || elements === 0 || elements > LARGEST_INPUT) return outputs;
  const zeros = new runtime.Tensor(ELEMENT_TYPE, new Float32Array(elements), input!.shape as number[]);
  const results = await model.run({ [input!.name]: zeros });
  return outputs.map((value) => ({ ...value, shape: results[value.name]?.dims ?? value.shape }));
}

function serve({ runtime, model, inputs, outputs }: Loaded): void {
  /** The values as views on a slot's memory, one after the other. */
  const views = (values: readonly ValueInfo[], memory: ArrayBuffer): Record<string, Tensor> => {
    const tensors: Record<string, Tensor> = {};
    let offset = 0;
    for (const value of values) {
      const shape = value.shape.map(Number);
      const data = new Float32Array(memory, offset, elementCount(shape));
      tensors[value.name] = new runtime.Tensor(ELEMENT_TYPE, data, shape);
      offset += data.byteLength;
    }
    return tensors;
  };

  let normalization: Normalization | undefined;
  const infer = async (memory: SlotMemory): Promise<void> => {
    const start = performance.now();
    let failure: string | undefined;
    try {
      if (normalization) normalizePlanes(new Float32Array(memory.input), normalization);
      // If given output tensors, ONNX Runtime computes straight into the slot's memory.
      await model.run(views(inputs, memory.input), views(outputs, memory.output));
    } catch (error) {
      failure = messageOf(error);
    }
    const milliseconds = performance.now() - start;
    const answer: Answer = { memory, milliseconds, ...(failure === undefined ? {} : { failure }) };
    port.postMessage(answer, [memory.input, memory.output]);
  };

  // One at a time: `run` yields before it starts, and the clock of a second frame must not start then.
  let done: Promise<void> = Promise.resolve();
  port.on('message', (order: Order) => {
    if (order === 'close') {
      void done.then(() => model.release()).finally(() => port.close());
    } else if ('normalization' in order) {
      ({ normalization } = order);
    } else {
      done = done.then(() => infer(order.memory));
    }
  });
}
