import { parentPort, workerData } from 'node:worker_threads';
import { WebSocketServer } from 'ws';
import { ExpectationError, messageOf } from '../../base/expect.js';
import { addContours } from '../protocol/frame-contours.js';
import { MOST_MESSAGE } from '../protocol/messages.js';
import { framed } from '../protocol/websocket-frame.js';
import { PageConnection } from './page-connection.js';
import { FrameMemory } from './frame-memory.js';
import { FrameCounts, PageState } from './shared-state.js';
import type {
  FrameOrder,
  MemoryOrder,
  OpenOrder,
  PictureOrder,
  ThreadData,
  ThreadEvent,
  ThreadOrder,
} from './thread-protocol.js';

/** Makes a JPEG file of a picture. */
type Compress = (picture: PictureOrder) => Promise<Uint8Array>;

/** A message on its way to pages. */
interface Delivery extends Pick<FrameOrder, 'camera' | 'sequence' | 'pages'> {
  /** As a WebSocket frame; undefined if it could not be made. */
  bytes: Uint8Array | undefined;
  /** The reason why it could not. */
  failure: string;
  /** Whether there is a message, or will be none. */
  ready: boolean;
}

/**
 * Does the work of the thread of pages: makes their messages, with contours and pictures, and sends them through their WebSockets. So the
 * JavaScript thread, which has the results, does not see the network.
 */
export function work(compress: Compress): void {
  const port = parentPort!;
  const counts = new FrameCounts((workerData as ThreadData).counts);
  const tell = (event: ThreadEvent, transfer: ArrayBuffer[] = []): void => port.postMessage(event, transfer);
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MOST_MESSAGE,
    // JPEG cannot be compressed further, and clients could use up memory by compression.
    perMessageDeflate: false,
    // The JavaScript thread answers, once it has taken what came before.
    autoPong: false,
  });
  const pages = new Map<number, PageConnection>();
  /** In the order of the frames, of each camera. */
  const deliveries = new Map<number, Delivery[]>();
  /** By their numbers. */
  const memories = new Map<number, FrameMemory>();

  port.on('message', (order: ThreadOrder) => {
    if (typeof order === 'number') void make(known(order));
    else if (order.kind === 'memory') keep(order);
    else if (order.kind === 'open') open(order);
    else pages.get(order.page)?.take(order);
  });

  function open(order: OpenOrder): void {
    const { page } = order;
    // The JavaScript thread has given it up, and closed it.
    if (!new PageState(order.state).claim()) return;
    try {
      const connection = new PageConnection(order, server, (event) => {
        if (event.kind === 'closed') pages.delete(page);
        tell(event);
      });
      pages.set(page, connection);
    } catch {
      tell({ kind: 'closed', page });
    }
  }

  function keep({ number, memory }: MemoryOrder): void {
    if (memory) memories.set(number, new FrameMemory(number, memory));
    else memories.delete(number);
  }

  function known(number: number): FrameMemory {
    const memory = memories.get(number);
    if (!memory) throw new ExpectationError('the number of a memory that is in use', number);
    return memory;
  }

  async function make(memory: FrameMemory): Promise<void> {
    const order = memory.read();
    const { id, camera, start, picture } = order;
    const delivery = order.pages.length > 0 ? queue(order) : undefined;
    let failure = '';
    let file: Uint8Array<ArrayBuffer> | undefined;
    let compressing = NOTHING;
    try {
      if (picture) compressing = compress(picture);
      // While others compress the picture.
      const head = start.masks ? addContours(start.frame, start.masks, start.tolerance) : start.frame;
      const compressed = await compressing;
      if (delivery) delivery.bytes = framed(head, compressed).bytes;
      if (order.file) file = new Uint8Array(compressed);
    } catch (error) {
      failure = messageOf(error);
    }
    // The picture is read until then, even if the contours have failed.
    await compressing.catch(() => undefined);
    memory.release();
    counts.end(camera);
    if (order.file) tell({ kind: 'file', id, file, failure }, file ? [file.buffer] : []);
    if (!delivery) return;
    delivery.failure = failure;
    delivery.ready = true;
    send(camera);
  }

  function queue({ camera, sequence, pages }: FrameOrder): Delivery {
    const delivery: Delivery = { camera, sequence, pages, bytes: undefined, failure: '', ready: false };
    const waiting = deliveries.get(camera);
    if (waiting) waiting.push(delivery);
    else deliveries.set(camera, [delivery]);
    return delivery;
  }

  /** Sends in the order of the frames, though a later picture may be ready first. */
  function send(camera: number): void {
    const waiting = deliveries.get(camera)!;
    for (let first = waiting[0]; first?.ready; first = waiting[0]) {
      waiting.shift();
      const { sequence, pages: receivers, bytes, failure } = first;
      if (!bytes) tell({ kind: 'failed', camera, sequence, pages: receivers, failure });
      else for (const page of receivers) sendTo(page, camera, sequence, bytes);
    }
  }

  function sendTo(page: number, camera: number, sequence: number, bytes: Uint8Array): void {
    const connection = pages.get(page);
    if (!connection?.gets(camera)) return;
    // Before the page has it, and can ask for the count.
    counts.sent(camera, sequence, bytes.length);
    connection.sendFrame(camera, sequence, bytes);
  }
}

const NOTHING: Promise<Uint8Array> = Promise.resolve(new Uint8Array(0));
