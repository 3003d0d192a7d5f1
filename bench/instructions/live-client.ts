/** A page as far as the server sees one: it watches a camera, and acknowledges what it gets. On a thread of its own, so that the JavaScript thread's
 * count is the server's alone. */
import { workerData } from 'node:worker_threads';
import { WebSocket } from 'ws';

const socket = new WebSocket(`ws://127.0.0.1:${workerData as number}`);
socket.on('open', () => socket.send('{"type":"watch","cameras":{"0":"small"}}'));
socket.on('message', (data: Buffer) =>
  socket.send(JSON.stringify({ type: 'ack', camera: 0, sequence: data.readUInt32LE(8) })),
);
