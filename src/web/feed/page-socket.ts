import { EventEmitter } from 'node:events';
import type { PageEvent, PageOrder } from './thread-protocol.js';
import { PageState } from './shared-state.js';

type Order = PageOrder extends infer Each ? (Each extends PageOrder ? Omit<Each, 'page'> : never) : never;

/** What happens at a page's connection, with the arguments of the listeners. */
interface PageSocketEvents {
  /** The WebSocket is open. */
  open: [];
  /** A message other than an acknowledgement of a frame; without a text, it was binary. */
  message: [text: string | undefined];
  /** It wants a pong with the data. */
  ping: [data: Uint8Array];
  pong: [];
  /** It is closed, or never was open; nothing follows. */
  close: [];
}

/**
 * The WebSocket of a page, which is on the thread of pages (page-connection.ts), seen from the JavaScript thread. Frames do not pass
 * through it, nor do their acknowledgements.
 */
export class PageSocket extends EventEmitter<PageSocketEvents> {
  readonly state: PageState;
  #closed = false;

  /** @param post passes an order to the thread */
  constructor(
    readonly page: number,
    cameras: number,
    private readonly post: (order: PageOrder) => void,
  ) {
    super();
    this.state = PageState.of(cameras);
  }

  /** Bytes that wait for the network. */
  get bufferedAmount(): number {
    return this.state.waiting;
  }

  send(text: string): void {
    this.#order({ kind: 'text', text });
  }

  /** A `pong` follows, if the page is still there. */
  ping(): void {
    this.#order({ kind: 'ping' });
  }

  /** Answers a `ping`. */
  pong(data: Uint8Array): void {
    this.#order({ kind: 'pong', data });
  }

  /** Closes the WebSocket as the protocol has it; no frame is sent from then on. */
  close(code: number, reason: string): void {
    this.#order({ kind: 'close', code, reason });
  }

  /** Closes the connection at once. */
  terminate(): void {
    this.#order({ kind: 'terminate' });
  }

  /** Takes what the thread tells. */
  take(event: PageEvent): void {
    if (this.#closed) return;
    switch (event.kind) {
      case 'opened':
        return void this.emit('open');
      case 'message':
        this.emit('message', event.text);
        return this.#order({ kind: 'taken' });
      case 'pinged':
        this.emit('ping', event.data);
        return this.#order({ kind: 'taken' });
      case 'ponged':
        return void this.emit('pong');
      case 'closed':
        this.end();
    }
  }

  /** The connection is closed, or the thread has ended. */
  end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.emit('close');
  }

  #order(order: Order): void {
    if (!this.#closed) this.post({ page: this.page, ...order });
  }
}
