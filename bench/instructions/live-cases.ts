import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { nativeKernels } from '../../src/native/kernels.js';
import type { Segmentation } from '../../src/vision/mask/segmentation.js';
import type { Nv12Frame } from '../../src/vision/picture/nv12-frame.js';
import { CameraFeed, type LiveResult } from '../../src/web/feed/camera-feed.js';
import { PageClient } from '../../src/web/feed/page-client.js';
import { PageWorker } from '../../src/web/feed/page-worker.js';
import type { InstructionCase } from './cases.js';

/** Results of a case in which one is too cheap to be counted. */
const MANY = 1000;

/**
 * What the live page adds to a frame.
 *
 * @param thread of pages: there is no JPEG encoder for arm64 where the cases are counted
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
    worker: PageWorker;
    clock: () => number;
    tick: () => void;
  } => {
    let now = 0;
    const clock = (): number => now;
    const clients = new Set<PageClient>();
    const worker = new PageWorker({ quality: 80, thread });
    const feed = new CameraFeed(0, 'full', worker, clients, [], () => 1, clock);
    feed.setKernels(nativeKernels());
    return { clients, feed, worker, clock, tick: () => void (now += 100) };
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
      name: `live page: a frame for a page, but for ${pixels ? 'JPEG' : 'its picture'}`,
      group: 'live page',
      prepare: async () => {
        const { clients, feed, worker, clock, tick } = open();
        const server = createServer().listen(0, '127.0.0.1');
        await once(server, 'listening');
        const { port } = server.address() as AddressInfo;
        // 1 once it has got a frame, for which this thread can wait without work of its own.
        const got = new Int32Array(new SharedArrayBuffer(4));
        const page = new Worker(new URL('./live-client.js', import.meta.url), { workerData: { port, got } });
        const [request, network, head] = (await once(server, 'upgrade')) as [IncomingMessage, Socket, Buffer];
        const socket = worker.connect(request, network, head);
        await once(socket, 'open');
        await new Promise<void>((resolve) => {
          const watch = (): void => resolve();
          clients.add(new PageClient(socket, 1, { watch, request: watch, closed: watch }, clock));
        });
        let sequence = 0;
        return {
          run: () => {
            // No third frame is sent before the first was acknowledged, which the thread of pages may not have read yet.
            while (socket.state.acknowledged(0) < sequence - 1) Atomics.wait(got, 0, 0, 1);
            tick();
            feed.result({ ...result, pixels });
            sequence++;
            Atomics.wait(got, 0, 0);
            Atomics.store(got, 0, 0);
          },
          close: async () => {
            await page.terminate();
            server.close();
            await worker.close();
          },
        };
      },
    })),
  ];
}
