/** Makes the messages of depth on a thread of its own, because JavaScript's own publishes what does not wait for depth. */
import { parentPort } from 'node:worker_threads';
import { messageOf } from '../base/expect.js';
import { unpackSegmentation } from '../vision/depth/kept-segmentation.js';
import type { DepthAnswer, DepthRequest } from './depth-protocol.js';
import { DepthMaker } from './depth-work.js';

const port = parentPort!;
const maker = new DepthMaker();

port.on('message', (request: DepthRequest) => {
  if ('names' in request) {
    maker.use(request.names);
    return;
  }
  const { order, segmentation, stamp, frameId, encoding, width, height, data } = request;
  const memory = data.buffer as ArrayBuffer;
  const messages: { topic: string; cdr: Uint8Array<ArrayBuffer> }[] = [];
  let answer: DepthAnswer;
  try {
    const frame = { stamp, frameId, encoding, depth: { width, height, data } };
    const task = { ...order, frame, segmentation: unpackSegmentation(segmentation) };
    // A copy, because the memory goes to the other thread.
    const distances = maker.make(task, (topic, cdr) => messages.push({ topic, cdr: cdr.slice() }));
    answer = { messages, distances, failure: undefined, memory };
  } catch (error) {
    answer = { messages: [], distances: undefined, failure: messageOf(error), memory };
  }
  port.postMessage(answer, [memory, ...messages.map(({ cdr }) => cdr.buffer)]);
});
