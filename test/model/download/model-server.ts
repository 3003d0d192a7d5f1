import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { after } from 'mocha';

/** A file that the server has, and how it behaves. */
export interface ServedFile {
  readonly bytes: Uint8Array;
  /** @default '"one"' */
  readonly etag?: string | undefined;
  readonly modified?: string;
  /** Ranges are passed over, as some servers do. */
  readonly noRanges?: boolean;
  /** If-Range is passed over: the rest comes of whatever file is there now. */
  readonly noIfRange?: boolean;
  /** No length is told: the end of the file is that of the chunks. */
  readonly noLength?: boolean;
  /** After so many bytes nothing comes, until the test lets it. */
  readonly holdAt?: number;
}

/** A request as it came. */
export interface SeenRequest {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

/** A server of models on this machine that does what a test tells it. */
export class ModelServer {
  readonly files = new Map<string, ServedFile>();
  readonly requests: SeenRequest[] = [];
  /** Answers instead of `files`, where it is set. */
  answer: RequestListener | undefined;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #held: (() => void)[] = [];
  #onHold: (() => void) | undefined;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.requests.push({ path: request.url!, headers: request.headers });
      if (this.answer) this.answer(request, response);
      else this.#serve(request, response);
    });
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket)).on('error', () => undefined);
    });
  }

  /** Starts one for the tests of a suite; it ends after them. */
  static async start(): Promise<ModelServer> {
    const server = new ModelServer();
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    after(() => server.stop());
    return server;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Puts a file there. @returns its address */
  put(path: string, file: ServedFile): string {
    this.files.set(path, file);
    return this.origin + path;
  }

  /** Begins anew, for the next test. */
  reset(): void {
    this.break();
    this.files.clear();
    this.requests.length = 0;
    this.answer = undefined;
    this.#held.length = 0;
  }

  /** Resolves when so many answers stand at their holdAt. */
  async holding(count = 1): Promise<void> {
    while (this.#held.length < count) await new Promise<void>((resolve) => (this.#onHold = resolve));
  }

  /** Lets the answers that are held go on. */
  release(): void {
    for (const go of this.#held.splice(0)) go();
  }

  /**
   * A port of 127.0.0.1 at which nobody listens nor can, until the next break(): the near end of a connection. That of a server
   * which was stopped may be somebody else's by now.
   */
  async refusingPort(): Promise<number> {
    const socket = connect((this.#server.address() as AddressInfo).port, '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket.localPort!;
  }

  /** Breaks all connections. */
  break(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.break();
    if (this.#server.listening) await once(this.#server, 'close');
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const file = this.files.get(request.url!);
    if (!file) {
      response.writeHead(404).end('nothing here');
      return;
    }
    const { bytes, modified } = file;
    const etag = 'etag' in file ? file.etag : '"one"';
    const start = file.noRanges ? undefined : startOf(request, etag ?? modified, file.noIfRange);
    if (start !== undefined && start >= bytes.length) {
      response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
      return;
    }
    const rest = bytes.subarray(start ?? 0);
    response.writeHead(start === undefined ? 200 : 206, {
      'content-type': 'application/octet-stream',
      ...(etag === undefined ? {} : { etag }),
      ...(modified === undefined ? {} : { 'last-modified': modified }),
      ...(file.noLength ? {} : { 'content-length': rest.length }),
      ...(start === undefined
        ? {}
        : { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` }),
    });
    const holdAt = file.holdAt === undefined ? rest.length : file.holdAt - (start ?? 0);
    if (holdAt < 0 || holdAt >= rest.length) {
      response.end(rest);
      return;
    }
    const hold = (): void => {
      this.#held.push(() => response.end(rest.subarray(holdAt)));
      this.#onHold?.();
    };
    if (holdAt === 0) {
      response.flushHeaders();
      hold();
    } else response.write(rest.subarray(0, holdAt), hold);
  }
}

/** The first byte that is asked for; undefined where all are, or the file is another one by now. */
function startOf(
  { headers }: IncomingMessage,
  validator: string | undefined,
  noIfRange = false,
): number | undefined {
  const [, start] = /^bytes=(\d+)-$/.exec(headers.range ?? '') ?? [];
  if (start === undefined) return undefined;
  const condition = headers['if-range'];
  return noIfRange || condition === undefined || condition === validator ? Number(start) : undefined;
}
