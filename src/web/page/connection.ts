import { readFrame, type LiveFrameMessage } from '../protocol/frame-reader.js';
import type {
  AnswerMessage,
  ClientMessage,
  RequestMessage,
  ServerMessage,
  StateMessage,
  StatsMessage,
} from '../protocol/messages.js';

/** Milliseconds before the first attempt to reconnect, and at most before later ones. */
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 4000;

export interface ConnectionHandlers {
  opened(): void;
  lost(): void;
  state(message: StateMessage): void;
  stats(message: StatsMessage): void;
  /** Resolves when the frame is drawn. */
  frame(frame: LiveFrameMessage): Promise<void>;
  /** Frames of another version arrive. */
  outdated(): void;
}

type Request<Message = RequestMessage> = Message extends RequestMessage ? Omit<Message, 'id'> : never;

/** The connection to the server. When it is lost, it reconnects by itself. */
export class Connection {
  #socket: WebSocket | undefined;
  #pause = FIRST_PAUSE;
  #timer: number | undefined;
  #nextId = 1;
  readonly #open = new Map<number, (answer: AnswerMessage) => void>();

  constructor(private readonly handlers: ConnectionHandlers) {
    addEventListener('online', () => this.#connectNow());
    this.#connect();
  }

  send(message: ClientMessage): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  /** Sends a request; resolves to the answer, or to one without a message if the connection is lost. */
  request(request: Request): Promise<{ readonly ok: boolean; readonly message: string }> {
    return new Promise((resolve) => {
      if (this.#socket?.readyState !== WebSocket.OPEN) return resolve({ ok: false, message: '' });
      const id = this.#nextId++;
      this.#open.set(id, resolve);
      this.send({ ...request, id });
    });
  }

  #connectNow(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#connect();
  }

  #connect(): void {
    this.#timer = undefined;
    const { protocol, host } = location;
    const socket = new WebSocket(`${protocol === 'https:' ? 'wss' : 'ws'}://${host}/ws`);
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    socket.onopen = () => {
      this.#pause = FIRST_PAUSE;
      this.handlers.opened();
    };
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (typeof data === 'string') this.#hear(JSON.parse(data) as ServerMessage);
      else void this.#show(data);
    };
    socket.onclose = () => {
      for (const [id, answer] of this.#open) answer({ type: 'answer', id, ok: false, message: '' });
      this.#open.clear();
      this.handlers.lost();
      this.#timer = setTimeout(() => this.#connect(), this.#pause);
      this.#pause = Math.min(LONGEST_PAUSE, 2 * this.#pause);
    };
  }

  #hear(message: ServerMessage): void {
    switch (message.type) {
      case 'state':
        return this.handlers.state(message);
      case 'stats':
        return this.handlers.stats(message);
      case 'answer': {
        this.#open.get(message.id)?.(message);
        this.#open.delete(message.id);
      }
    }
  }

  async #show(data: ArrayBuffer): Promise<void> {
    let frame: LiveFrameMessage;
    try {
      frame = readFrame(new Uint8Array(data));
    } catch {
      return this.handlers.outdated();
    }
    const { camera, sequence } = frame;
    await this.handlers.frame(frame);
    // Only now may the frame after the next one be sent: a slow page gets fewer frames, not older ones.
    this.send({ type: 'ack', camera, sequence });
  }
}
