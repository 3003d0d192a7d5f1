import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { after, describe, it } from 'mocha';
import { WebSocket, WebSocketServer } from 'ws';
import { duplicateDescriptor } from '../../src/native/duplicate-descriptor.js';
import { PageConnection } from '../../src/web/feed/page-connection.js';
import { PageClient } from '../../src/web/feed/page-client.js';
import { PageSocket } from '../../src/web/feed/page-socket.js';
import { NO_START, PageWorker } from '../../src/web/feed/page-worker.js';
import { PageState } from '../../src/web/feed/shared-state.js';
import type { PageEvent } from '../../src/web/feed/thread-protocol.js';
import { noiseFrame } from '../native/frames.js';
import { temporaryFolder } from '../temporary-folder.js';
import { bareThread, fileOrder } from './bare-thread.js';
import { livePages, sender, TestClient, truthFrame } from './fixture.js';
import { eventually, within } from './patience.js';

type Upgrade = [request: IncomingMessage, network: Socket, head: Buffer];

/** A client, and its request as a server sees it. */
async function asking(): Promise<{ client: WebSocket; upgrade: Upgrade }> {
  const server = createServer().listen(0, '127.0.0.1');
  await within('a server', once(server, 'listening'));
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws`);
  client.on('error', () => undefined);
  const upgrade = (await within('a request', once(server, 'upgrade'))) as Upgrade;
  server.close();
  return { client, upgrade };
}

/** A WebSocket frame of a client, of less than 126 bytes. Its mask is 0, which changes nothing. */
function masked(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
}

describe("a page's connection", () => {
  const open = livePages();
  const folder = temporaryFolder('connections');
  const workers: PageWorker[] = [];
  const workerOf = (thread: string): PageWorker => {
    const file = join(folder, `thread-${workers.length}.mjs`);
    writeFileSync(file, thread);
    const worker = new PageWorker({ quality: 80, thread: pathToFileURL(file) });
    workers.push(worker);
    return worker;
  };
  after(async () => {
    for (const worker of workers) await worker.close();
  });

  it('is sent nothing while it is being closed', async () => {
    let now = 0;
    // What is tested must not end by this.
    const page = await open({ clock: () => now, closeTimeout: 600_000 });
    const other = await (await TestClient.connect(page)).watch(page, 0);
    const closing = connect(page.port, '127.0.0.1');
    let received = Buffer.alloc(0);
    closing.on('data', (data) => (received = Buffer.concat([received, data])));
    closing.on('error', () => undefined);
    const until = (text: string): Promise<void> =>
      eventually(`to receive ${text}`, () => received.includes(text));
    closing.write(
      `GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
    );
    await until('"type":"stats"');
    closing.write(masked('{"type":"watch","cameras":{"0":"small"}}'));
    const found = truthFrame();
    const send = sender(page);
    const close = Buffer.from([0x88]);
    let ended = false;
    closing.on('close', () => (ended = true));
    closing.write(masked('no JSON'));
    const reason = 'a message that is not understood';
    await until(reason);
    const end = received.indexOf(reason);
    assert.equal(received.lastIndexOf(close, end), end - 4, 'a frame that closes, with its code');
    received = Buffer.alloc(0);
    for (let sent = 1; sent <= 2; sent++) {
      now += 100;
      send(0, found);
      await other.until(() => other.frames.length === sent);
      await other.roundTrip();
    }
    assert.equal(ended, false, 'it is still being closed');
    assert.equal(received.length, 0);
    closing.destroy();
    await other.close();
  });

  it('gets frames while it watches, and is not read while many of its messages wait for the JavaScript thread', async () => {
    const COUNT = 300;
    const MOST = 32;
    const { client, upgrade } = await asking();
    const [{ url, headers }, network, head] = upgrade;
    const server = new WebSocketServer({ noServer: true });
    const descriptor = duplicateDescriptor((network as unknown as { _handle: { fd: number } })._handle.fd);
    network.destroy();
    const state = PageState.of(1);
    let [told, taken, most] = [0, 0, 0];
    let closed: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (closed = resolve));
    const connection = new PageConnection(
      { kind: 'open', page: 5, descriptor, url, headers, head, state: state.memory },
      server,
      (event: PageEvent) => {
        assert.equal(event.page, 5);
        if (event.kind === 'closed') closed();
        if (event.kind !== 'message') return;
        assert.equal(event.text?.length, 8000);
        told++;
        most = Math.max(most, told - taken);
        setTimeout(() => {
          taken++;
          connection.take({ kind: 'taken', page: 5 });
          if (taken === COUNT) client.close();
        });
      },
    );
    await within('an open WebSocket', once(client, 'open'));
    assert.equal(connection.gets(0), false, 'before it watches');
    for (const watched of [true, false]) {
      state.watch(0, watched);
      assert.equal(connection.gets(0), watched);
    }
    for (let i = 0; i < COUNT; i++) client.send('x'.repeat(8000));
    await within('an end of the connection', ended);
    assert.equal(taken, COUNT);
    // What was read already is told still: Node.js reads 64 KiB at once.
    assert.ok(most >= MOST && most <= MOST + 9, `${most} messages`);
  });

  it('ends with the thread that holds it, and the next gets another thread', async () => {
    const work = import.meta.resolve('../../src/web/feed/thread-work.js');
    const worker = workerOf(
      `import { work } from '${work}'; work(() => { setImmediate(() => { throw new Error('broken'); }); return new Promise(() => {}); });`,
    );
    for (let round = 0; round < 2; round++) {
      const { client, upgrade } = await asking();
      const socket = worker.connect(...upgrade);
      const gone = Promise.all([once(socket, 'close'), once(client, 'close')]);
      await within('an open WebSocket', Promise.all([once(socket, 'open'), once(client, 'open')]));
      const frame = noiseFrame(64, 64, 1);
      worker.make({
        ...{ camera: 0, sequence: 1, pixels: frame, range: 'full', size: 'small' },
        ...{ start: NO_START, pages: [socket.page] },
      });
      assert.equal(worker.making(0), 1);
      await within('an end of the connection', gone);
      assert.equal(worker.making(0), 0);
      assert.equal(worker.running, false);
    }
  });

  it('belongs to the one thread that claims its descriptor first', () => {
    const { memory } = PageState.of(1);
    const claims = [1, 2, 3].map(() => new PageState(memory).claim());
    assert.deepEqual(claims, [true, false, false]);
  });

  it('is closed by its thread alone once that has claimed it, even if that ends then', async () => {
    const file = join(folder, 'descriptor');
    const state = import.meta.resolve('../../src/web/feed/shared-state.js');
    const worker = workerOf(
      `import { writeFileSync } from 'node:fs';
      import { parentPort } from 'node:worker_threads';
      import { PageState } from '${state}';
      parentPort.once('message', (order) => {
        new PageState(order.state).claim();
        writeFileSync(${JSON.stringify(file)}, String(order.descriptor));
        process.exit(0);
      });`,
    );
    const { client, upgrade } = await asking();
    await within('an end of the connection', once(worker.connect(...upgrade), 'close'));
    const descriptor = Number(readFileSync(file, 'utf8'));
    assert.ok(fstatSync(descriptor).isSocket());
    closeSync(descriptor);
    await within('an end of the connection', new Promise((resolve) => client.on('close', resolve)));
  });

  it('is left alone by its thread if the other one has claimed it', async () => {
    const thread = bareThread();
    try {
      const state = PageState.of(1);
      state.claim();
      const descriptor = openSync(process.execPath, 'r');
      const order = { kind: 'open', page: 1, descriptor, url: '/ws', headers: {}, head: Buffer.alloc(0) };
      thread.postMessage({ ...order, state: state.memory });
      const { number, memory } = fileOrder();
      thread.postMessage({ kind: 'memory', number, memory });
      thread.postMessage(number);
      // What it tells of the page would come before the file.
      const [told] = (await within('a file', once(thread, 'message'))) as [{ kind: string }];
      assert.equal(told.kind, 'file');
      assert.ok(fstatSync(descriptor).isFile());
      closeSync(descriptor);
    } finally {
      await thread.terminate();
    }
  });

  it('needs no thread if the client has gone before it is taken over', async () => {
    const worker = workerOf('process.exit(0)');
    const { client, upgrade } = await asking();
    const gone = once(upgrade[1], 'close');
    upgrade[1].destroy();
    await within('an end of the connection', gone);
    assert.throws(() => worker.connect(...upgrade), TypeError);
    assert.equal(worker.running, false);
    client.terminate();
  });

  it('does not tell of pongs that nobody has asked for', async () => {
    const { client, upgrade } = await asking();
    const [{ url, headers }, network, head] = upgrade;
    const descriptor = duplicateDescriptor((network as unknown as { _handle: { fd: number } })._handle.fd);
    network.destroy();
    const told: string[] = [];
    let closed: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (closed = resolve));
    const connection = new PageConnection(
      { kind: 'open', page: 5, descriptor, url, headers, head, state: PageState.of(1).memory },
      new WebSocketServer({ noServer: true, autoPong: false }),
      (event: PageEvent) => {
        told.push(event.kind);
        if (event.kind === 'message') connection.take({ kind: 'ping', page: 5 });
        // The client answers by itself, and then once more.
        if (event.kind === 'ponged') client.close();
        if (event.kind === 'closed') closed();
      },
    );
    await within('an open WebSocket', once(client, 'open'));
    for (let i = 0; i < 100; i++) client.pong();
    client.on('ping', () => client.pong());
    client.send('ping me');
    await within('an end of the connection', ended);
    assert.deepEqual(told, ['opened', 'message', 'ponged', 'closed']);
  });

  it('is closed after more pings than messages may be sent, each of which is answered before', async () => {
    const page = await open({ clock: () => 0 });
    const client = await TestClient.connect(page);
    let pongs = 0;
    client.socket.on('pong', () => pongs++);
    for (let i = 0; i < 500; i++) client.socket.ping('x');
    await assert.rejects(
      client.until(() => false),
      /closed with 1008/,
    );
    assert.equal(pongs, 400);
  });

  it('is sent no answers to pings while it does not read', () => {
    const orders: string[] = [];
    const socket = new PageSocket(5, 1, ({ kind }) => orders.push(kind));
    const none = (): void => undefined;
    new PageClient(socket, 1, { watch: none, request: none, closed: none }, () => 0);
    for (const waiting of [0, 1e6, 0]) {
      socket.state.waiting = waiting;
      socket.take({ kind: 'pinged', page: 5, data: new Uint8Array(0) });
    }
    assert.deepEqual(orders, ['pong', 'taken', 'taken', 'pong', 'taken']);
  });

  it('ends when its thread does before it has taken it', async () => {
    const worker = workerOf('process.exit(0)');
    const { client, upgrade } = await asking();
    const socket = worker.connect(...upgrade);
    const gone = new Promise((resolve) => client.on('close', resolve));
    await within('an end of the connection', Promise.all([once(socket, 'close'), gone]));
  });
});
