import assert from 'node:assert/strict';
import { request } from 'node:http';
import { connect } from 'node:net';
import { describe, it } from 'mocha';
import { WebSocket } from 'ws';
import type { LivePage } from '../../src/web/live-page.js';
import { livePages, sender, TestClient, TestSource, TOKEN, truthFrame } from './fixture.js';
import { eventually, within } from './patience.js';

const found = truthFrame();

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Record<string, unknown>;
}

/** The answer to a request that is sent as it is. */
function get(
  page: LivePage,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<Answer> {
  const answered = new Promise<Answer>((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port: page.port, path, method, headers, agent: false },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => (body += text));
        response.on('end', () => resolve({ status: response.statusCode!, body, headers: response.headers }));
      },
    );
    asked.on('error', reject).end();
  });
  return within(`an answer to ${path}`, answered);
}

/** The HTTP status with which a WebSocket is refused; 101 if it is not. */
function upgrade(
  page: LivePage,
  path: string,
  headers: Record<string, string>,
  protocol?: string,
): Promise<number> {
  const answered = new Promise<number>((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${page.port}${path}`, protocol ?? [], { headers });
    socket.on('open', () => {
      socket.terminate();
      resolve(101);
    });
    socket.on('unexpected-response', (asked, { statusCode }) => {
      asked.destroy();
      resolve(statusCode!);
    });
    // After a response, this changes nothing.
    socket.on('error', reject);
  });
  return within(`an answer to an upgrade at ${path}`, answered);
}

describe('the server of the live page', () => {
  const open = livePages();

  it('serves the page, with headers that keep others out', async () => {
    const page = await open();
    const { status, body, headers } = await get(page, '/');
    assert.equal(status, 200);
    assert.match(body, /<title>tros_yolo_seg<\/title>/);
    assert.match(String(headers['content-security-policy']), /default-src 'none'.*frame-ancestors 'none'/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    const total = (
      await Promise.all(['/', '/live.js', '/live.css', '/icon.svg'].map((path) => get(page, path)))
    )
      .map((answer) => answer.body.length)
      .reduce((sum, length) => sum + length);
    assert.ok(total > 10_000 && total < 150_000, `${total} bytes`);
    const again = await get(page, '/live.js', {
      'If-None-Match': String((await get(page, '/live.js')).headers['etag']),
    });
    assert.deepEqual([again.status, again.body], [304, '']);
  });

  it('responds only to exact paths, GET and HEAD', async () => {
    const page = await open();
    const paths = [
      '/../package.json',
      '/..%2f..%2fpackage.json',
      '/%2e%2e/package.json',
      '//etc/passwd',
      '/live.ts',
      '/page',
      '/__proto__',
      '/constructor',
    ];
    for (const path of paths) assert.equal((await get(page, path)).status, 404, path);
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'])
      assert.equal((await get(page, '/', {}, method)).status, 405);
    assert.deepEqual(((answer) => [answer.status, answer.body])(await get(page, '/', {}, 'HEAD')), [200, '']);
  });

  it('answers a request that would go on in another protocol as if it did not ask for that', async () => {
    const page = await open();
    const asked = {
      Connection: 'Upgrade, HTTP2-Settings',
      Upgrade: 'h2c',
      'HTTP2-Settings': 'AAMAAABkAAQAAP__',
    };
    const { status, body, headers } = await get(page, '/healthz', asked);
    assert.deepEqual([status, body, headers['connection']], [200, '{"status":"ok"}\n', 'close']);
    assert.equal((await get(page, '/elsewhere', asked)).status, 404);
    assert.equal((await get(page, '/', { ...asked, Host: 'evil.example' })).status, 421);
    assert.equal((await get(page, '/live.js', { ...asked, Upgrade: 'TLS/1.0' }, 'HEAD')).status, 200);
    await page.close();
  });

  it('refuses foreign host names, as in DNS rebinding', async () => {
    const page = await open({ hosts: ['robot.lan'] });
    for (const host of [
      'evil.example',
      `evil.example:${page.port}`,
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      'a b',
      '[::1',
      'robot.lan.evil.example',
    ]) {
      assert.equal((await get(page, '/', { Host: host })).status, 421, host);
      assert.equal(await upgrade(page, '/ws', { Host: host }), 421, host);
    }
    for (const host of [
      'localhost',
      `127.0.0.1:${page.port}`,
      '[::1]:80',
      '192.168.1.10',
      'robot.lan:8080',
      'ROBOT.lan',
    ]) {
      assert.equal((await get(page, '/', { Host: host })).status, 200, host);
    }
  });

  it('refuses requests and WebSockets of other pages', async () => {
    const page = await open({ origins: ['https://app.foxglove.dev'] });
    const Host = `127.0.0.1:${page.port}`;
    for (const Origin of [
      'https://evil.example',
      'null',
      'http://127.0.0.1:1',
      `http://localhost:${page.port}`,
      'https://app.foxglove.dev',
    ]) {
      assert.equal(await upgrade(page, '/ws', { Host, Origin }), 403, Origin);
      assert.equal((await get(page, '/metrics', { Host, Origin })).status, 403, Origin);
    }
    assert.equal(await upgrade(page, '/ws', { Host, Origin: `http://${Host}` }), 101);
    assert.equal(await upgrade(page, '/ws', { Host }), 101);
    const foxglove = (Origin: string): Promise<number> =>
      upgrade(page, '/foxglove', { Host, Origin }, 'foxglove.websocket.v1');
    assert.equal(await foxglove('https://evil.example'), 403);
    assert.equal(await foxglove('https://app.foxglove.dev'), 101);
    assert.equal(await upgrade(page, '/elsewhere', { Host }), 404);
  });

  const malformed: [name: string, message: string | Buffer][] = [
    ['no JSON', '{'],
    ['a list', '[]'],
    ['null', 'null'],
    ['no type', '{}'],
    ['an unknown type', '{"type":"shutdown","id":1}'],
    ['a camera that there is not', '{"type":"watch","cameras":{"7":"small"}}'],
    ['a camera by another name', '{"type":"watch","cameras":{"__proto__ ":"small"}}'],
    ['a size that there is not', '{"type":"watch","cameras":{"0":"huge"}}'],
    ['an acknowledgement of nothing', '{"type":"ack","camera":0}'],
    ['a token that is no string', '{"type":"authorize","id":1,"token":{}}'],
    ['bytes', Buffer.from([1, 2, 3])],
    ['too many bytes', `"${'x'.repeat(20_000)}"`],
  ];
  for (const [name, message] of malformed) {
    it(`closes a connection that sends ${name}, and no other`, async () => {
      const page = await open();
      const good = await (await TestClient.connect(page)).watch(page, 0);
      const bad = await TestClient.connect(page);
      bad.socket.send(message);
      await assert.rejects(
        bad.until(() => false),
        /closed with (1008|1009|1006)/,
      );
      sender(page)(0, found);
      await good.until(() => good.frames.length === 1);
      await good.close();
    });
  }

  it('closes a connection that sends too much', async () => {
    // The clock stands, so that nothing more is allowed, however long this takes.
    const page = await open({ clock: () => 0 });
    const client = await TestClient.connect(page);
    for (let i = 0; i < 2000; i++) client.send({ type: 'ack', camera: 0, sequence: i });
    await assert.rejects(
      client.until(() => false),
      /closed with (1008|1006)/,
    );
  });

  it('limits the number of pages', async () => {
    const page = await open();
    const clients = await Promise.all(Array.from({ length: 16 }, () => TestClient.connect(page)));
    assert.equal(page.clients, 16);
    assert.equal(await upgrade(page, '/ws', {}), 503);
    await clients[0]!.close();
    // The client may hear of it before the thread that has the page.
    await eventually('15 clients', () => page.clients === 15);
    assert.equal(await upgrade(page, '/ws', {}), 101);
    await Promise.all(clients.map((client) => client.close()));
  });
});

describe('connections that a client holds open', () => {
  const open = livePages();

  /** Sends bytes and never ends its side. Resolves when the server has ended the connection altogether. */
  const hold = (page: LivePage, text: string): Promise<void> => {
    const held = new Promise<void>((resolve) => {
      const socket = connect({ port: page.port, host: '127.0.0.1', allowHalfOpen: true });
      const poke = (): void => {
        if (!socket.destroyed) socket.write('x', () => setImmediate(poke));
      };
      // Only a write tells whether the other side is still there.
      socket.on('end', poke);
      socket.on('error', () => undefined);
      socket.on('close', () => resolve());
      socket.resume();
      socket.write(text);
    });
    return within('an end of the connection', held);
  };

  for (const [protocol, path] of [
    ['websocket', '/nothing'],
    ['h2c', '/healthz'],
  ] as const) {
    it(`are ended when an upgrade to ${protocol} is refused or ignored`, async () => {
      // Not by this, which would come too late.
      const page = await open({ requestTimeout: 600_000 });
      const asked = `Host: localhost\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`;
      await hold(page, `GET ${path} HTTP/1.1\r\n${asked}`);
      await page.close();
    });
  }

  it('are closed when responses are not read', async () => {
    const page = await open({ requestTimeout: 200 });
    const socket = connect(page.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.pause();
    const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
    const question = 'GET /live.js HTTP/1.1\r\nHost: localhost\r\n\r\n';
    const ask = (): void => {
      if (socket.destroyed) return;
      socket.write(question.repeat(100), () => setImmediate(ask));
    };
    ask();
    await within('an end of the connection', closed);
  });

  it('are no longer read once they are being closed', async () => {
    const source = new TestSource();
    const page = await open({ source, token: TOKEN });
    const client = await TestClient.connect(page);
    client.socket.send('no JSON');
    client.socket.send(JSON.stringify({ type: 'authorize', id: 1, token: TOKEN }));
    client.socket.send(JSON.stringify({ type: 'set', id: 2, name: 'score', value: 0.5 }));
    await assert.rejects(
      client.until(() => false),
      /closed with 1008/,
    );
    assert.equal(source.parametersNow.score, 0.25);
  });

  it('do not keep the page from closing, nor does a recording whose file is being made', async () => {
    const lines: string[] = [];
    const page = await open({ token: TOKEN, log: (line, failed) => failed && lines.push(line) });
    const client = await TestClient.connect(page);
    await client.request({ type: 'authorize', token: TOKEN });
    client.socket.send(JSON.stringify({ type: 'record', id: 3, camera: 0, seconds: 30 }));
    await client.roundTrip();
    await page.close();
    assert.deepEqual(lines, []);
    assert.equal(page.clients, 0);
  });
});

describe('changes by pages', () => {
  const open = livePages();

  it('are refused without a token', async () => {
    const source = new TestSource();
    const client = await TestClient.connect(await open({ source }));
    for (const request of [
      { type: 'set', name: 'score', value: 0.5 },
      { type: 'load_model', model: 'a.onnx' },
      { type: 'record', camera: 0, seconds: 1 },
      { type: 'authorize', token: '' },
    ]) {
      assert.equal((await client.request(request)).ok, false, request.type);
    }
    assert.deepEqual([source.parametersNow.score, source.modelName], [0.25, 'scene-n-seg']);
    await client.close();
  });

  it('are allowed with the token, for the parameters that the page shows', async () => {
    const source = new TestSource();
    const page = await open({ source, token: TOKEN });
    const client = await TestClient.connect(page);
    assert.equal((await client.request({ type: 'set', name: 'score', value: 0.5 })).ok, false);
    assert.equal((await client.request({ type: 'authorize', token: `${TOKEN}!` })).ok, false);
    assert.equal((await client.request({ type: 'authorize', token: TOKEN })).ok, true);
    assert.equal((await client.request({ type: 'set', name: 'score', value: 0.5 })).ok, true);
    assert.equal(source.parametersNow.score, 0.5);
    for (const [name, value] of [
      ['score', 2],
      ['score', 'high'],
      ['web_token', 'mine'],
      ['library', '/tmp/x.so'],
      ['__proto__', 1],
    ] as const) {
      const { ok, message } = await client.request({ type: 'set', name, value });
      assert.equal(ok, false, name);
      assert.match(message, /^Expected /);
    }
    const load = (model: string): ReturnType<typeof client.request> =>
      client.request({ type: 'load_model', model });
    assert.match((await load('broken.bin')).message, /no model at models\/broken.bin/);
    assert.equal(source.modelName, 'scene-n-seg');
    // Only what is listed, whatever else is there or is not.
    for (const name of [
      'models/other.onnx',
      '/etc/passwd',
      '../other.onnx',
      'yolov8n-seg-x5',
      '',
      '__proto__',
    ])
      assert.match((await load(name)).message, /^Expected a model that the page lists/, name);
    assert.equal(source.modelName, 'scene-n-seg');
    assert.equal((await load('other.onnx')).ok, true);
    assert.equal(source.modelName, 'models/other.onnx');
    const state = client.messages.findLast((message) => message.type === 'state');
    assert.deepEqual(state?.models, ['scene-n-seg.onnx', 'other.onnx', 'broken.bin']);
    const reader = await TestClient.connect(page);
    assert.deepEqual(reader.messages.find((message) => message.type === 'state')?.models, []);
    await reader.close();
    await client.close();
  });

  it('close the connection after five wrong tokens, and are refused for a minute after twenty', async () => {
    let now = 0;
    const page = await open({ token: TOKEN, clock: () => now });
    for (let round = 0; round < 4; round++) {
      const client = await TestClient.connect(page);
      for (let i = 0; i < 5; i++) await client.request({ type: 'authorize', token: `guess ${i}` });
      await assert.rejects(
        client.until(() => false),
        /closed with 1008/,
      );
    }
    const client = await TestClient.connect(page);
    const refused = await client.request({ type: 'authorize', token: TOKEN });
    assert.equal(refused.ok, false);
    // Who has the right one is not told that it is wrong.
    assert.match(refused.message, /fewer than 20 wrong tokens.*Wait a minute/s);
    now = 60_001;
    assert.equal((await client.request({ type: 'authorize', token: TOKEN })).ok, true);
    await client.close();
  });

  it('need a token that cannot be guessed', async () => {
    await assert.rejects(open({ token: 'short' }), /a token of at least 8 characters/);
  });
});
