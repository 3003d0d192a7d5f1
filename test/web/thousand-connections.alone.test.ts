import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { describe, it } from 'mocha';
import { livePages, sender, TestClient, truthFrame } from './fixture.js';
import { eventually, within } from './patience.js';

/** Connections besides pages that the server allows (docs/web.md). */
const MOST = 64;

/**
 * Alone, because so many connections at once may take more packets than the kernel lets wait on loopback (net.core.netdev_max_backlog): it
 * drops some then, and with them those of other tests.
 */
describe('the server of the live page, with many slow clients', () => {
  const open = livePages();
  const found = truthFrame();

  it(`closes all but ${MOST} of 1000 that connect at once, while a page misses nothing`, async () => {
    let now = 0;
    const page = await open({ requestTimeout: 600_000, clock: () => now });
    const good = await (await TestClient.connect(page)).watch(page, 0);
    const requests = Array.from({ length: 1000 }, () => slowRequest(page.port));
    const send = sender(page);
    for (let sent = 1; sent <= 5; sent++) {
      send(0, found);
      await good.until(() => good.frames.length === sent);
      // A client is sent no frame while it has two that the server does not know to be drawn.
      await good.roundTrip();
      now += 100;
    }
    const left = (): number => requests.filter(({ socket }) => !socket.destroyed).length;
    await eventually(
      () => `${MOST} connections to be left of ${requests.length}, not ${left()},`,
      () => left() === MOST,
    );
    const connected = requests.filter((request) => request.connected).length;
    assert.equal(connected, requests.length, 'what the server closed was connected');
    assert.equal(good.frames.length, 5);
    for (const { socket } of requests) socket.destroy();
    await good.close();
  });

  it('closes those whose requests never end, and answers others', async () => {
    const page = await open({ requestTimeout: 300 });
    const requests = Array.from({ length: MOST }, () => slowRequest(page.port));
    const left = (): string => {
      const alive = requests.filter(({ socket }) => !socket.destroyed).map(({ socket }) => socket.localPort);
      return `${alive.length} connections (${alive.slice(0, 5).join()})`;
    };
    await within(
      () => `no connection to be left, not ${left()},`,
      Promise.all(requests.map(({ closed }) => closed)),
    );
    assert.ok(requests.every(({ connected }) => connected));
    assert.equal((await within('an answer', fetch(`${page.address}healthz`))).status, 200);
  });
});

/** A request that never ends. */
interface SlowRequest {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  connected: boolean;
}

function slowRequest(port: number): SlowRequest {
  // A reset is sent once only. If it is lost, nothing else tells a client that has nothing to send.
  const socket = connect({ port, host: '127.0.0.1', keepAlive: true, keepAliveInitialDelay: 1000 });
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  const request: SlowRequest = { socket, closed, connected: false };
  socket.on('connect', () => (request.connected = true));
  socket.on('error', () => undefined);
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nX-');
  socket.resume();
  return request;
}
