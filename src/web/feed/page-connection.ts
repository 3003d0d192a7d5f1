import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import type { IncomingMessage } from 'node:http';
import { WebSocket, type WebSocketServer } from 'ws';
import { PageState } from './shared-state.js';
import type { OpenOrder, PageEvent, PageOrder } from './thread-protocol.js';

/** Messages of a page that may wait for the JavaScript thread; the connection is not read while there are so many. */
const MOST_UNTAKEN = 32;
/** How acknowledgements of our page begin, and the most characters that they have. */
const ACK = '{"type":"ack"';
const MOST_ACK = 80;

type Event = PageEvent extends infer Each ? (Each extends PageEvent ? Omit<Each, 'page'> : never) : never;

/** The connection of a page on the thread of pages: sends frames, takes their acknowledgements, and passes all else on. */
export class PageConnection {
  readonly #page: number;
  readonly #state: PageState;
  readonly #network: Socket;
  #socket: WebSocket | undefined;
  #untaken = 0;
  /** Whether a pong is awaited. */
  #pinged = false;
  /** The newest frame of each camera that was sent. */
  readonly #newest: number[];

  /**
   * @param order whose descriptor was claimed; it is closed with the connection
   * @param tell passes an event to the JavaScript thread
   */
  constructor(
    { page, descriptor, url, headers, head, state }: OpenOrder,
    server: WebSocketServer,
    private readonly tell: (event: PageEvent) => void,
  ) {
    this.#page = page;
    this.#state = new PageState(state);
    this.#newest = new Array<number>(this.#state.cameras).fill(0);
    const network = opened(descriptor);
    this.#network = network;
    network.on('error', () => network.destroy());
    // Without a WebSocket, because the client asked wrongly.
    network.on('close', () => this.#socket ?? this.#tell({ kind: 'closed' }));
    // As much of a request as the library reads.
    const request = { method: 'GET', url, headers } as IncomingMessage;
    try {
      server.handleUpgrade(request, network, Buffer.from(head), (socket) => this.#opened(socket));
    } catch {
      // 'close' follows.
      network.destroy();
    }
  }

  #opened(socket: WebSocket): void {
    this.#socket = socket;
    socket.on('message', (data, isBinary) => this.#receive(data as Buffer, isBinary));
    // A copy, because a part of a larger buffer is sent with all of the buffer.
    socket.on('ping', (data) => this.#pass({ kind: 'pinged', data: new Uint8Array(data) }));
    socket.on('pong', () => this.#ponged());
    // 'close' follows. Protocol errors of a client need no report.
    socket.on('error', () => socket.terminate());
    socket.on('close', () => this.#tell({ kind: 'closed' }));
    this.#tell({ kind: 'opened' });
  }

  /** Whether the page gets frames of a camera: not when it has stopped watching it, nor while its connection is closing. */
  gets(camera: number): boolean {
    return this.#socket?.readyState === WebSocket.OPEN && this.#state.watches(camera);
  }

  /**
   * Sends a frame to a page that gets it.
   *
   * @param bytes the message as a WebSocket frame. It goes past the library, because its header is written already. The library never
   *   leaves a frame of its own half written, as it compresses nothing
   */
  sendFrame(camera: number, sequence: number, bytes: Uint8Array): void {
    this.#newest[camera] = sequence;
    this.#network.write(bytes, this.#measure);
    this.#measure();
  }

  take(order: PageOrder): void {
    const socket = this.#socket;
    switch (order.kind) {
      case 'text':
        socket?.send(order.text, this.#measure);
        return this.#measure();
      case 'ping':
        this.#pinged = true;
        socket?.ping();
        return this.#measure();
      case 'pong':
        socket?.pong(order.data, false, this.#measure);
        return this.#measure();
      case 'taken':
        if (this.#untaken-- === MOST_UNTAKEN) socket?.resume();
        return;
      case 'close':
        return socket?.close(order.code, order.reason);
      case 'terminate':
        if (socket) socket.terminate();
        else this.#network.destroy();
    }
  }

  readonly #measure = (): void => {
    this.#state.waiting = this.#socket?.bufferedAmount ?? 0;
  };

  /** Tells of one pong for each ping: a client may send any number, which nothing else would limit. */
  #ponged(): void {
    if (!this.#pinged) return;
    this.#pinged = false;
    this.#tell({ kind: 'ponged' });
  }

  #receive(data: Buffer, isBinary: boolean): void {
    const text = isBinary ? undefined : data.toString();
    if (text === undefined || !this.#acknowledge(text)) this.#pass({ kind: 'message', text });
  }

  /** @returns whether the text acknowledges a frame for which this was awaited, and is done with */
  #acknowledge(text: string): boolean {
    if (text.length > MOST_ACK || !text.startsWith(ACK)) return false;
    let message: { readonly camera?: unknown; readonly sequence?: unknown };
    try {
      message = JSON.parse(text) as typeof message;
    } catch {
      return false;
    }
    const { camera, sequence } = message;
    if (typeof camera !== 'number' || !Number.isInteger(sequence)) return false;
    const newest = this.#newest[camera];
    const number = sequence as number;
    // Those of other frames count as messages, of which a page may send only so many.
    if (newest === undefined || number > newest || number <= this.#state.acknowledged(camera)) return false;
    this.#state.acknowledge(camera, number);
    return true;
  }

  /** Passes on what counts as a message. */
  #pass(event: Event): void {
    if (++this.#untaken === MOST_UNTAKEN) this.#socket!.pause();
    this.#tell(event);
  }

  #tell(event: Event): void {
    this.tell({ page: this.#page, ...event });
  }
}

/** A connection by its descriptor, which is closed if there cannot be one. */
function opened(descriptor: number): Socket {
  try {
    return new Socket({ fd: descriptor, readable: true, writable: true });
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}
