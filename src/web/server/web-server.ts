import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { ExpectationError, messageOf } from '../../base/expect.js';
import { MOST_MESSAGE } from '../protocol/messages.js';
import type { Asset } from './assets.js';
import type { Guard } from './guard.js';

/** Connections at the same time, besides those taken over (SocketPath.adopt); more are closed at once. */
const MOST_CONNECTIONS = 64;
/** Milliseconds within which a request must be complete, so that a client cannot hold a connection by sending a byte now and then. */
const REQUEST_TIMEOUT = 5_000;
/** Bytes of a request's head. */
const MOST_HEAD = 8_192;

/** What a path answers with. */
export interface Reply {
  readonly status?: number;
  readonly type: string;
  readonly body: string | Buffer;
}

/** What happens on a path that WebSockets connect to. */
export interface SocketPath {
  /** The subprotocol that clients must ask for. */
  readonly protocol?: string;
  /** Whether other programs' pages may connect, too. */
  readonly readers: boolean;
  /** Most clients of this path. */
  readonly most: number;
  /** Given a WebSocket that has been opened. */
  readonly connect?: (socket: WebSocket, request: IncomingMessage) => void;
  /**
   * Takes a connection over, to open its WebSocket elsewhere.
   *
   * @param head what the client has sent after its request
   */
  readonly adopt?: (request: IncomingMessage, network: Socket, head: Buffer) => Connection;
}

/** A connection that can be ended. */
interface Connection {
  on(event: 'close', listener: () => void): unknown;
  terminate(): void;
}

export interface WebServerOptions {
  /** 0: any that is free. */
  readonly port: number;
  readonly host: string;
  readonly guard: Guard;
  /** Milliseconds for which a request may take to arrive. */
  readonly requestTimeout?: number | undefined;
  readonly assets: ReadonlyMap<string, Asset>;
  readonly replies: Readonly<Record<string, (query: URLSearchParams) => Reply | Promise<Reply>>>;
  readonly sockets: Readonly<Record<string, SocketPath>>;
}

/** What a page of ours may do: its own scripts, styles and pictures, and nothing of others. */
const SECURITY_HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
} as const;

/** HTTP and WebSockets on one port: exact paths only, nothing is read from the disk for a request. */
export class WebServer {
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MOST_MESSAGE,
    // JPEG cannot be compressed further, and clients could use up memory by compression.
    perMessageDeflate: false,
    // Whoever is given a WebSocket answers, and counts the pings.
    autoPong: false,
    // Not the first that is offered: Foxglove offers a newer one before ours.
    handleProtocols: (offered, request) => {
      const protocol = this.#targetOf(request)?.protocol;
      return protocol !== undefined && offered.has(protocol) ? protocol : false;
    },
  });
  readonly #connected = new Map<SocketPath, Set<Connection>>();
  readonly #answerTimeout: number;

  private constructor(private readonly options: WebServerOptions) {
    const { requestTimeout = REQUEST_TIMEOUT } = options;
    // A client that does not read its answer cannot hold a connection either.
    this.#answerTimeout = 2 * requestTimeout;
    this.#server = createServer(
      {
        maxHeaderSize: MOST_HEAD,
        headersTimeout: requestTimeout,
        requestTimeout,
        connectionsCheckingInterval: Math.min(1000, requestTimeout),
        keepAliveTimeout: 5_000,
      },
      (request, response) => void this.#answer(request, response),
    );
    this.#server.maxConnections = MOST_CONNECTIONS;
    this.#server.timeout = this.#answerTimeout;
    this.#server.on('upgrade', (request, socket, head) => {
      if (request.headers.upgrade?.toLowerCase() === 'websocket') this.#upgrade(request, socket, head);
      else this.#ignoreUpgrade(request, socket as Socket);
    });
    this.#server.on('clientError', (_error, socket) => socket.destroy());
    for (const target of Object.values(options.sockets)) this.#connected.set(target, new Set());
  }

  /** Rejects with an ExpectationError if the port cannot be had. */
  static async listen(options: WebServerOptions): Promise<WebServer> {
    const server = new WebServer(options);
    const { port, host } = options;
    try {
      server.#server.listen(port, host);
      await once(server.#server, 'listening');
      // A connection that cannot be accepted, for example for lack of memory, must not end the node.
      server.#server.on('error', () => undefined);
    } catch (error) {
      throw new ExpectationError(
        `port ${port} of ${host} to be free for the live page`,
        messageOf(error),
        'Choose another port, or 0 for any.',
        { cause: error },
      );
    }
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The address to open in a browser on this machine. */
  get address(): string {
    const { host } = this.options;
    const any = host === '0.0.0.0' || host === '::' || host === '';
    return `http://${any ? 'localhost' : host.includes(':') ? `[${host}]` : host}:${this.port}/`;
  }

  /** Closes all connections. */
  async close(): Promise<void> {
    const clients = [...this.#connected.values()].flatMap((sockets) => [...sockets]);
    // The server may be closed before the last client has emitted its event.
    const gone = clients.map((client) => new Promise<void>((resolve) => client.on('close', resolve)));
    for (const client of clients) client.terminate();
    this.#sockets.close();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await Promise.all([closed, ...gone]);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // No request needs a body: it is read and discarded.
    request.resume();
    let reply: Reply & { readonly etag?: string };
    const { method = '', headers, url = '/' } = request;
    const [path = '/', query = ''] = url.split('?', 2);
    const { guard, assets, replies } = this.options;
    if (!guard.allowsHost(headers.host)) reply = refusal(421, wrongHost(headers.host));
    else if (!guard.allowsOrigin(headers.origin, headers.host!)) reply = refusal(403, WRONG_ORIGIN);
    else if (method !== 'GET' && method !== 'HEAD') reply = refusal(405, 'Only GET and HEAD.');
    else if (assets.has(path)) reply = assets.get(path)!;
    else if (Object.hasOwn(replies, path)) {
      try {
        reply = await replies[path]!(new URLSearchParams(query));
      } catch (error) {
        reply = refusal(500, messageOf(error));
      }
    } else reply = refusal(404, 'Not found.');
    const { status = 200, type, body, etag } = reply;
    const unchanged = etag !== undefined && headers['if-none-match'] === etag;
    response.writeHead(unchanged ? 304 : status, {
      ...SECURITY_HEADERS,
      'Content-Type': type,
      ...(unchanged ? {} : { 'Content-Length': Buffer.byteLength(body) }),
      'Cache-Control': etag === undefined ? 'no-store' : 'no-cache',
      ...(etag === undefined ? {} : { ETag: etag }),
      ...(status === 405 ? { Allow: 'GET, HEAD' } : {}),
    });
    response.end(method === 'HEAD' || unchanged ? undefined : body);
  }

  /** Answers a request to change to another protocol, such as h2c, without the change, as RFC 9110 (7.8) allows. */
  #ignoreUpgrade(request: IncomingMessage, socket: Socket): void {
    // Node.js no longer manages this connection: errors, timeouts and the end are handled here.
    socket.on('error', () => socket.destroy());
    socket.setTimeout(this.#answerTimeout, () => socket.destroy());
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.on('finish', () => socket.end(() => socket.destroy()));
    void this.#answer(request, response);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const { headers } = request;
    const { guard } = this.options;
    const refuse = (status: string): void => {
      // The server's timeouts and its close() no longer apply to this socket.
      socket.once('finish', () => socket.destroy());
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    };
    if (!guard.allowsHost(headers.host)) return refuse('421 Misdirected Request');
    const target = this.#targetOf(request);
    if (!target) return refuse('404 Not Found');
    const allowed = target.readers
      ? guard.allowsReader(headers.origin, headers.host!)
      : guard.allowsOrigin(headers.origin, headers.host!);
    if (!allowed) return refuse('403 Forbidden');
    const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    if (target.protocol !== undefined && !offered.includes(target.protocol)) return refuse('400 Bad Request');
    const connected = this.#connected.get(target)!;
    if (connected.size >= target.most) return refuse('503 Service Unavailable');
    const hold = (client: Connection): void => {
      connected.add(client);
      client.on('close', () => connected.delete(client));
    };
    if (target.adopt) {
      try {
        hold(target.adopt(request, socket as Socket, head));
      } catch {
        socket.destroy();
      }
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (client) => {
      hold(client);
      // 'close' follows. Protocol errors of a client need no report.
      client.on('error', () => client.terminate());
      try {
        target.connect?.(client, request);
      } catch {
        client.terminate();
      }
    });
  }

  #targetOf({ url = '' }: IncomingMessage): SocketPath | undefined {
    const path = url.split('?', 1)[0]!;
    const { sockets } = this.options;
    return Object.hasOwn(sockets, path) ? sockets[path] : undefined;
  }
}

const WRONG_ORIGIN = 'Requests of other pages are refused.';

function wrongHost(host: string | undefined): string {
  return (
    `This server is not called ${host ?? '(no Host header)'}. Open it by its IP address, ` +
    'or add the name to web_hosts (--host-name).'
  );
}

function refusal(status: number, text: string): Reply {
  return { status, type: 'text/plain; charset=utf-8', body: `${text}\n` };
}
