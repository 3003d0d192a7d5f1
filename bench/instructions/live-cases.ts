import { EventEmitter } from 'node:events';
import type { WebSocket } from 'ws';
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
  sent: (() => void) | undefined;

  send(message: Uint8Array): void {
    const sequence = new DataView(message.buffer, message.byteOffset).getUint32(8, true);
    this.emit('message', Buffer.from(JSON.stringify({ type: 'ack', camera: 0, sequence })), false);
    this.sent?.();
  }
}

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
    tick: () => void;
  } => {
    let now = 0;
    const clients = new Set<PageClient>();
    const encoder = new PictureEncoder(80, thread);
    const feed = new CameraFeed(
      0,
      'full',
      encoder,
      clients,
      [],
      () => 1,
      () => now,
    );
    feed.setKernels(nativeKernels());
    return { clients, feed, encoder, tick: () => void (now += 100) };
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
        const { clients, feed, encoder, tick } = open();
        const sink = new Sink();
        const handlers = { watch: () => undefined, request: () => undefined, closed: () => undefined };
        clients.add(new PageClient(sink as unknown as WebSocket, 1, handlers, () => 0));
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
  ];
}
