import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import type { CatalogModel } from '../../../src/model/catalog.js';
import { getModel } from '../../../src/model/download/get-model.js';
import { echo } from '../../engine/tiny-onnx.js';
import { withVariables } from '../../environment.js';
import { temporaryFolder } from '../../temporary-folder.js';
import { ModelServer } from './model-server.js';

/** A proxy on this machine, which leads to the server of models whatever host is asked for. */
class Proxy {
  readonly seen: string[] = [];
  readonly credentials: (string | undefined)[] = [];
  refusal: number | undefined;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer();

  constructor(private readonly target: () => number) {
    this.#server.on('connection', (socket) => this.#sockets.add(socket));
    this.#server.on('connect', (request, socket: Socket) => {
      this.seen.push(`CONNECT ${request.url}`);
      this.credentials.push(request.headers['proxy-authorization']);
      if (this.refusal !== undefined) {
        socket.end(`HTTP/1.1 ${this.refusal} No\r\ncontent-length: 0\r\n\r\n`);
        return;
      }
      const onward = connect(this.target(), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.pipe(onward).pipe(socket);
      });
      for (const end of [socket, onward]) end.on('error', () => undefined);
      this.#sockets.add(onward);
    });
    this.#server.on('request', (request, response) => {
      this.seen.push(`GET ${request.url}`);
      response.writeHead(500).end();
    });
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, 'close');
  }
}

describe('downloads through a proxy', () => {
  const root = temporaryFolder('proxy');
  const bytes = echo(32, 32);
  let count = 0;
  let server: ModelServer;
  let proxy: Proxy;
  // Whatever the machine that runs the tests has set; small letters come first.
  withVariables({
    http_proxy: '',
    https_proxy: '',
    no_proxy: '',
    HTTP_PROXY: '',
    HTTPS_PROXY: '',
    NO_PROXY: '',
  });
  before(async () => {
    server = await ModelServer.start();
    proxy = new Proxy(() => Number(new URL(server.origin).port));
    await proxy.start();
  });
  after(() => proxy.stop());
  beforeEach(() => {
    server.put('/m.onnx', { bytes });
    process.env['http_proxy'] = `http://127.0.0.1:${proxy.port}`;
  });
  afterEach(() => {
    server.reset();
    proxy.seen.length = proxy.credentials.length = 0;
    proxy.refusal = undefined;
    process.env['http_proxy'] = process.env['no_proxy'] = '';
  });

  /** From a host that only the proxy can find. */
  const get = (url = 'http://models.invalid/m.onnx'): ReturnType<typeof getModel> => {
    const model: CatalogModel = {
      ...{ name: 'test-seg', url, tried: true, board: 'CPU', family: 'Test', license: 'none' },
    };
    return getModel(model, { folder: join(root, String(count++)) });
  };

  it('use HTTP_PROXY', async () => {
    assert.equal((await get()).record.size, bytes.length);
    assert.deepEqual(proxy.seen, ['CONNECT models.invalid:80']);
    assert.equal(server.requests[0]!.headers.host, 'models.invalid');
  });

  it('but not to the hosts of NO_PROXY', async () => {
    process.env['no_proxy'] = 'example.org,127.0.0.1';
    await get(`${server.origin}/m.onnx`);
    assert.deepEqual(proxy.seen, []);
  });

  it('send its name and password', async () => {
    process.env['http_proxy'] = `http://robot:secret@127.0.0.1:${proxy.port}`;
    await get();
    assert.deepEqual(proxy.credentials, [`Basic ${Buffer.from('robot:secret').toString('base64')}`]);
  });

  it('report that it refuses, without a password', async () => {
    process.env['http_proxy'] = `http://robot:secret@127.0.0.1:${proxy.port}`;
    proxy.refusal = 407;
    await assert.rejects(get(), (error: Error) => {
      assert.match(
        error.message,
        /^Expected an answer from http:\/\/models\.invalid but received .*407.*HTTPS_PROXY/,
      );
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  });

  it('report that it is unreachable', async () => {
    const port = await server.refusingPort();
    process.env['http_proxy'] = `http://127.0.0.1:${port}`;
    await assert.rejects(
      get(),
      new RegExp(`but received .*ECONNREFUSED 127\\.0\\.0\\.1:${port}\\. .*HTTPS_PROXY`),
    );
  });

  it('report an invalid address', async () => {
    process.env['http_proxy'] = 'proxy:3128:secret';
    await assert.rejects(get(), (error: Error) => {
      assert.match(
        error.message,
        /^Expected an address like http:\/\/proxy:3128 in HTTP_PROXY and HTTPS_PROXY/,
      );
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  });
});
