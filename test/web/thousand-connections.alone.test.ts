import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { describe, it } from 'mocha';
import { livePages, sender, TestClient, truthFrame } from './fixture.js';
import { within } from './patience.js';

/**
 * Alone, because so many connections at once take more packets than the kernel lets wait on loopback (net.core.netdev_max_backlog): it
 * drops some, and with them those of other tests.
 */
describe('the server of the live page, when 1000 clients connect at once', () => {
  const open = livePages();
  const found = truthFrame();

  it('closes those above its bound and those whose requests never end, while a page misses nothing', async () => {
    let now = 0;
    const page = await open({ requestTimeout: 300, clock: () => now });
    const good = await (await TestClient.connect(page)).watch(page, 0);
    const sockets = Array.from({ length: 1000 }, () => slowRequest(page.port));
    const ends = sockets.map((socket) => new Promise<void>((resolve) => socket.on('close', () => resolve())));
    const send = sender(page);
    for (let sent = 1; sent <= 5; sent++) {
      send(0, found);
      await good.until(() => good.frames.length === sent);
      // A client is sent no frame while it has two that the server does not know to be drawn.
      await good.roundTrip();
      now += 100;
    }
    const left = (): string => {
      const alive = sockets.filter(({ destroyed }) => !destroyed);
      return alive.map(({ localPort, readyState }) => `${localPort} ${readyState}`).join();
    };
    await within(() => `all connections to be closed, besides ${left()},`, Promise.all(ends));
    assert.equal((await fetch(`${page.address}healthz`)).status, 200);
    assert.equal(good.frames.length, 5);
    await good.close();
  });
});

/** A request that never ends. */
function slowRequest(port: number): Socket {
  // A reset is sent once only. If it is lost, nothing else tells a client that has nothing to send.
  const socket = connect({ port, host: '127.0.0.1', keepAlive: true, keepAliveInitialDelay: 1000 });
  socket.on('error', () => undefined);
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nX-');
  return socket.resume();
}
