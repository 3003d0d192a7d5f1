/** A page as far as the server sees one: it watches a camera, and acknowledges what it gets. */
import { workerData } from 'node:worker_threads';
import { WebSocket } from 'ws';

const { port, got } = workerData as { readonly port: number; readonly got: Int32Array };
const socket = new WebSocket(`ws://127.0.0.1:${port}`);
socket.on('open', () => socket.send('{"type":"watch","cameras":{"0":"small"}}'));
socket.on('message', (data: Buffer) => {
  socket.send(JSON.stringify({ type: 'ack', camera: 0, sequence: data.readUInt32LE(8) }), () => {
    Atomics.store(got, 0, 1);
    Atomics.notify(got, 0);
  });
});
