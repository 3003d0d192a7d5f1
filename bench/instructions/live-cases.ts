import { EventEmitter, once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Writable } from 'node:stream';
import { Worker } from 'node:worker_threads';
import { WebSocket, WebSocketServer } from 'ws';
import { nativeKernels } from '../../src/native/kernels.js';
import type { Segmentation } from '../../src/vision/mask/segmentation.js';
import type { Nv12Frame } from '../../src/vision/picture/nv12-frame.js';
import { CameraFeed, type LiveResult } from '../../src/web/feed/camera-feed.js';
import { PageClient } from '../../src/web/feed/page-client.js';
import { PictureEncoder } from '../../src/web/feed/picture-encoder.js';
import type { InstructionCase } from './cases.js';

/** Results of a case in which one is too cheap to be counted. */
const MANY = 1000;

/** Takes what a page would be sent: the network is not counted. */
class Sink extends EventEmitter {
  readonly bufferedAmount = 0;
  readonly readyState = WebSocket.OPEN;
  sent: (() => void) | undefined;

  write(frame: Uint8Array): void {
    // Behind the header of the WebSocket's frame.
    const at = frame[1] === 127 ? 10 : frame[1] === 126 ? 4 : 2;
    const sequence = new DataView(frame.buffer, frame.byteOffset).getUint32(at + 8, true);
    this.emit('message', Buffer.from(JSON.stringify({ type: 'ack', camera: 0, sequence })), false);
    this.sent?.();
  }
}

const HANDLERS = { watch: () => undefined, request: () => undefined, closed: () => undefined };

/**
 * What the live page adds to a frame.
 *
 * @param thread makes the pictures: there is no encoder for arm64 where the cases are counted
 */
export function liveCases(segmentation: Segmentation, frame: Nv12Frame, thread: URL): InstructionCase[] {
  const result: LiveResult = {
    header: { stamp: { sec: 1, nanosec: 2 }, frameId: 'camera' },
    ...{ pixels: frame, segmentation },
    timings: { wait: 1, preprocess: 1, inference: 2, decode: 3 },
  };
  const open = (): {
    clients: Set<PageClient>;
    feed: CameraFeed;
    encoder: PictureEncoder;
    clock: () => number;
    tick: () => void;
  } => {
    let now = 0;
    const clock = (): number => now;
    const clients = new Set<PageClient>();
    const encoder = new PictureEncoder(80, thread);
    const feed = new CameraFeed(0, 'full', encoder, clients, [], () => 1, clock);
    feed.setKernels(nativeKernels());
    return { clients, feed, encoder, clock, tick: () => void (now += 100) };
  };
  return [
    {
      name: `live page: ${MANY} results, nobody looks`,
      group: 'live page',
      prepare: () => {
        const { feed } = open();
        return {
          run: () => {
            for (let i = 0; i < MANY; i++) if (feed.wanted) feed.result(result);
          },
        };
      },
    },
    ...([undefined, frame] as const).map((pixels): InstructionCase => ({
      name: `live page: a frame for a page, but for ${pixels ? 'JPEG' : 'its picture'} and network`,
      group: 'live page',
      prepare: () => {
        const { clients, feed, encoder, clock, tick } = open();
        const sink = new Sink();
        const network = sink as unknown as Writable;
        clients.add(new PageClient(sink as unknown as WebSocket, network, 1, HANDLERS, clock));
        sink.emit('message', Buffer.from('{"type":"watch","cameras":{"0":"small"}}'), false);
        return {
          run: () =>
            new Promise<void>((resolve) => {
              sink.sent = resolve;
              tick();
              feed.result({ ...result, pixels });
            }),
          close: () => encoder.close(),
        };
      },
    })),
    {
      name: 'live page: a frame for a page with its WebSocket, but for JPEG',
      group: 'live page',
      prepare: async () => {
        const { clients, feed, encoder, clock, tick } = open();
        const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
        await once(server, 'listening');
        const { port } = server.address() as AddressInfo;
        const page = new Worker(new URL('./live-client.js', import.meta.url), { workerData: port });
        const [socket, request] = (await once(server, 'connection')) as [WebSocket, IncomingMessage];
        clients.add(new PageClient(socket, request.socket, 1, HANDLERS, clock));
        // Heard by the client before: it watches, or has acknowledged a frame.
        const heard = (): Promise<unknown> => once(socket, 'message');
        await heard();
        return {
          run: () => {
            tick();
            feed.result(result);
            return heard();
          },
          close: async () => {
            await page.terminate();
            server.close();
            await encoder.close();
          },
        };
      },
    },
  ];
}
