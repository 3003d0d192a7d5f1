/**
 * Runs ONNX Runtime on a thread of its own: `run` of its Node binding (1.30) occupies the thread it is called on for
 * the whole inference, 60 to 110 ms a frame for YOLOv8n-seg on two cores.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { messageOf } from '../expect.js';
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

type Runtime = typeof import('onnxruntime-node');

const port = parentPort!;
const { file, threads } = workerData as WorkerSettings;

const session = await open();
if (session) serve(session);

async function open(): Promise<{ runtime: Runtime; model: InferenceSession } | undefined> {
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
      logSeverityLevel: 4, // what goes wrong is thrown, and told by who submitted the frame
      // Threads that spin while they wait would take the core that decodes the frame before.
      extra: { session: { intra_op: { allow_spinning: '0' } } },
    });
    const inputs = model.inputMetadata.map(describe);
    const outputs = model.outputMetadata.map(describe);
    port.postMessage({ inputs, outputs } satisfies Opened);
    return { runtime, model };
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

function serve({ runtime, model }: { runtime: Runtime; model: InferenceSession }): void {
  /** The values as views on a slot's memory, one after the other. */
  const views = (
    values: readonly InferenceSession.ValueMetadata[],
    memory: ArrayBuffer,
  ): Record<string, Tensor> => {
    const tensors: Record<string, Tensor> = {};
    let offset = 0;
    for (const value of values) {
      const shape = value.isTensor ? value.shape.map(Number) : [];
      const data = new Float32Array(memory, offset, elementCount(shape));
      tensors[value.name] = new runtime.Tensor(ELEMENT_TYPE, data, shape);
      offset += data.byteLength;
    }
    return tensors;
  };

  const infer = async (memory: SlotMemory): Promise<void> => {
    const start = performance.now();
    let failure: string | undefined;
    try {
      // Given tensors to fetch into, ONNX Runtime computes straight into the slot's memory.
      await model.run(views(model.inputMetadata, memory.input), views(model.outputMetadata, memory.output));
    } catch (error) {
      failure = messageOf(error);
    }
    const milliseconds = performance.now() - start;
    const answer: Answer = { memory, milliseconds, ...(failure === undefined ? {} : { failure }) };
    port.postMessage(answer, [memory.input, memory.output]);
  };

  // One after the other: `run` yields before it starts, and a second frame must not begin to count its time then.
  let done: Promise<void> = Promise.resolve();
  port.on('message', (order: Order) => {
    if (order === 'close') {
      void done.then(() => model.release()).finally(() => port.close());
    } else {
      done = done.then(() => infer(order.memory));
    }
  });
}
