/**
 * Runs ONNX Runtime on a thread of its own: the `run` of its Node binding (1.30) occupies the thread it is called on for
 * the whole inference, 110 ms a frame for YOLOv8n-seg on two cores.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { InferenceSession } from 'onnxruntime-node';
import { messageOf } from '../expect.js';
import type { Answer, Job, Opened, ValueInfo, WorkerSettings } from './onnx-protocol.js';

type Runtime = typeof import('onnxruntime-node');

const port = parentPort!;
const { file, threads } = workerData as WorkerSettings;

async function open(): Promise<{ runtime: Runtime; session: InferenceSession } | undefined> {
  let runtime: Runtime;
  try {
    runtime = await import('onnxruntime-node');
  } catch (error) {
    port.postMessage({ failure: messageOf(error), missing: true } satisfies Opened);
    return undefined;
  }
  try {
    const session = await runtime.InferenceSession.create(file, {
      intraOpNumThreads: threads,
      logSeverityLevel: 3,
      // Threads that spin while they wait would take the core that decodes the frame before.
      extra: { session: { intra_op: { allow_spinning: '0' } } },
    });
    const values = (metadata: readonly InferenceSession.ValueMetadata[]): ValueInfo[] =>
      metadata.map((value) =>
        value.isTensor
          ? { name: value.name, type: value.type, shape: value.shape }
          : { name: value.name, type: 'no tensor', shape: [] },
      );
    port.postMessage({
      inputs: values(session.inputMetadata),
      outputs: values(session.outputMetadata),
    } satisfies Opened);
    return { runtime, session };
  } catch (error) {
    port.postMessage({ failure: messageOf(error), missing: false } satisfies Opened);
    return undefined;
  }
}

const opened = await open();
if (opened) {
  const { runtime, session } = opened;
  const input = session.inputNames[0]!;
  const [meta] = session.inputMetadata;
  const shape = meta!.isTensor ? meta!.shape.map(Number) : [];
  port.on('message', (job: Job) => {
    void (async () => {
      const start = performance.now();
      try {
        const feeds = { [input]: new runtime.Tensor('float32', new Float32Array(job.input), shape) };
        const results = await session.run(feeds);
        const milliseconds = performance.now() - start;
        const outputs = session.outputNames.map(
          (name) => (results[name]!.data as Float32Array).buffer as ArrayBuffer,
        );
        port.postMessage({ id: job.id, input: job.input, milliseconds, outputs } satisfies Answer, [
          job.input,
          ...outputs,
        ]);
      } catch (error) {
        const milliseconds = performance.now() - start;
        const answer: Answer = {
          id: job.id,
          input: job.input,
          milliseconds,
          outputs: [],
          failure: messageOf(error),
        };
        port.postMessage(answer, [job.input]);
      }
    })();
  });
}
