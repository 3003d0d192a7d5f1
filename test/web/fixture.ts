import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { after } from 'mocha';
import { WebSocket } from 'ws';
import { packageRoot } from '../../src/base/package-root.js';
import { Scene } from '../../src/media/scene/index.js';
import type { SceneTruth } from '../../src/media/scene/truth.js';
import { defaultsOf } from '../../src/parameters/parameter.js';
import { SEGMENT_PARAMETERS, type SegmentParameters } from '../../src/parameters/segment.js';
import { MaskRuns } from '../../src/vision/mask/runs.js';
import type { Mask, Segmentation } from '../../src/vision/mask/segmentation.js';
import { nv12Frame, type Nv12Frame } from '../../src/vision/picture/nv12-frame.js';
import { LivePage } from '../../src/web/live-page.js';
import type { LivePageOptions } from '../../src/web/live-page-options.js';
import { type LiveFrameMessage, readFrame } from '../../src/web/protocol/frame-reader.js';
import type { CameraStats, ClientMessage, ServerMessage } from '../../src/web/protocol/messages.js';
import { givenParameter, shownParameters } from '../../src/web/shown-parameters.js';
import type { LiveModel, LiveSource } from '../../src/web/source.js';
import { temporaryFolder } from '../temporary-folder.js';
import { within } from './patience.js';

/** The page is bundled by `npm run build:ts`; who ran only tsc gets it here. */
export function buildPage(): void {
  if (existsSync(join(packageRoot, 'dist/src/web/page/live.js'))) return;
  const { status, stderr } = spawnSync(process.execPath, [join(packageRoot, 'scripts/build-page.mjs')]);
  if (status !== 0) throw new Error(`scripts/build-page.mjs: ${String(stderr)}`);
}

export const TOKEN = 'the token of the tests';

/** A source whose results the test sends. */
export class TestSource implements LiveSource {
  readonly colorRange = 'full';
  parametersNow: SegmentParameters = defaultsOf(SEGMENT_PARAMETERS);
  modelName = 'scene-n-seg';
  problemNow: string | undefined;
  readonly counts: CameraStats[];

  constructor(readonly cameras: readonly string[] = ['front']) {
    this.counts = cameras.map(() => ({
      ...{ received: 0, answered: 0, dropped: 0, skipped: 0, failed: 0, discarded: 0 },
      stages: { inference: [12, 15, 20] as const },
    }));
  }

  model(): LiveModel {
    const { score } = this.parametersNow;
    return { name: this.modelName, engine: 'onnx', width: 512, height: 288, labels: Scene.classes, score };
  }

  parameters(): ReturnType<LiveSource['parameters']> {
    return shownParameters(this.parametersNow);
  }

  stats(camera: number): CameraStats {
    return this.counts[camera]!;
  }

  problem(): string | undefined {
    return this.problemNow;
  }

  coloredBy(): SegmentParameters['overlay_colors'] {
    return this.parametersNow.overlay_colors;
  }

  tolerance(): number {
    return 1;
  }

  set(name: string, value: unknown): void {
    this.parametersNow = { ...this.parametersNow, ...givenParameter(name, value) };
  }

  models(): ReadonlyMap<string, string> {
    return new Map([
      ['scene-n-seg.onnx', 'models/scene-n-seg.onnx'],
      ['other.onnx', 'models/other.onnx'],
      ['broken.bin', 'models/broken.bin'],
    ]);
  }

  load(model: string): Promise<string> {
    if (!model.endsWith('.onnx')) return Promise.reject(new Error(`no model at ${model}`));
    this.modelName = model;
    return Promise.resolve(`${model} is in use`);
  }
}

/** Opens a page on any free port, and closes it after the tests. */
export function livePages(): (options?: Partial<LivePageOptions>) => Promise<LivePage> {
  buildPage();
  const folder = temporaryFolder('web');
  const open: LivePage[] = [];
  after(async () => {
    for (const page of open) await page.close();
  });
  return async (options = {}) => {
    const page = await LivePage.open({
      ...{ source: new TestSource(), port: 0, host: '127.0.0.1', token: '', recordings: folder },
      ...options,
    });
    open.push(page);
    return page;
  };
}

/** A frame of a scene with its ground truth as what was found. */
export interface TruthFrame {
  readonly truth: SceneTruth;
  readonly frame: Nv12Frame;
  readonly segmentation: Segmentation;
}

export function truthFrame(index = 10, options: ConstructorParameters<typeof Scene>[0] = {}): TruthFrame {
  const { frame, truth } = new Scene({ width: 640, height: 360, seed: 3, ...options }).render(index);
  const { width, height } = truth;
  const instances = truth.objects
    .filter(({ ignore }) => !ignore)
    .map(({ classId, box, mask, trackId }, rank) => ({
      classId,
      score: 0.95 - 0.05 * rank,
      box,
      // The decoder's masks know their runs.
      mask: { ...mask, runs: runsOf(mask) },
      trackId,
    }));
  return { truth, frame, segmentation: { width, height, maskWidth: width, maskHeight: height, instances } };
}

function runsOf(mask: Mask): Int32Array {
  const maskRuns = new MaskRuns();
  maskRuns.read(mask);
  return maskRuns.runs.slice();
}

/** A picture of one gray. */
export function grayFrame(width: number, height: number, luma = 128): Nv12Frame {
  const data = new Uint8Array((width * height * 3) / 2).fill(128);
  data.fill(luma, 0, width * height);
  return nv12Frame(data, { width, height });
}

/** Sends a result of a camera, a stamp later than the one before. */
export function sender(
  page: LivePage,
): (camera: number, found: Pick<TruthFrame, 'frame' | 'segmentation'>) => void {
  let sec = 100;
  return (camera, { frame, segmentation }) =>
    page.result(camera, {
      header: { stamp: { sec: sec++, nanosec: 0 }, frameId: 'camera' },
      ...{ pixels: frame, segmentation },
      timings: { wait: 1, preprocess: 2, inference: 12, decode: 3 },
    });
}

/** A client that talks as the page does. */
export class TestClient {
  readonly frames: LiveFrameMessage[] = [];
  readonly messages: ServerMessage[] = [];
  closed: number | undefined;
  #pings = 0;
  #pongs = 0;
  #changed: (() => void)[] = [];

  private constructor(
    readonly socket: WebSocket,
    readonly acknowledges: boolean,
  ) {
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) {
        const frame = readFrame(new Uint8Array(data));
        this.frames.push(frame);
        if (acknowledges) this.send({ type: 'ack', camera: frame.camera, sequence: frame.sequence });
      } else this.messages.push(JSON.parse(data.toString()) as ServerMessage);
      this.#notify();
    });
    socket.on('pong', () => {
      this.#pongs++;
      this.#notify();
    });
    socket.on('close', (code) => {
      this.closed = code;
      this.#notify();
    });
    socket.on('error', () => undefined);
  }

  static async connect(
    page: { readonly port: number },
    { acknowledges = true, headers = {} }: { acknowledges?: boolean; headers?: Record<string, string> } = {},
  ): Promise<TestClient> {
    const client = new TestClient(new WebSocket(`ws://127.0.0.1:${page.port}/ws`, { headers }), acknowledges);
    if (client.socket.readyState === WebSocket.CONNECTING)
      await within('a WebSocket to open', once(client.socket, 'open'));
    await client.until(() => client.messages.length > 0);
    return client;
  }

  send(message: ClientMessage): void {
    this.socket.send(JSON.stringify(message));
  }

  /** Watches cameras, and waits until the server knows. */
  async watch(page: LivePage, ...cameras: number[]): Promise<this> {
    this.send({ type: 'watch', cameras: Object.fromEntries(cameras.map((camera) => [camera, 'small'])) });
    await this.roundTrip();
    return this;
  }

  /** Resolves when the server has read all that was sent. Counts as a message, of which the server takes 400 a second. */
  async roundTrip(): Promise<void> {
    const sent = ++this.#pings;
    this.socket.ping();
    await this.until(() => this.#pongs >= sent);
  }

  async request(request: Record<string, unknown>): Promise<{ ok: boolean; message: string }> {
    const id = Math.floor(Math.random() * 1e9);
    this.socket.send(JSON.stringify({ ...request, id }));
    const answer = (): ServerMessage | undefined =>
      this.messages.find((message) => message.type === 'answer' && message.id === id);
    await this.until(() => answer() !== undefined);
    return answer() as unknown as { ok: boolean; message: string };
  }

  /** Resolves when it is so; rejects when the connection closes before, or when it takes far too long. */
  async until(done: () => boolean): Promise<void> {
    const wait = async (): Promise<void> => {
      while (!done()) {
        if (this.closed !== undefined) throw new Error(`closed with ${this.closed}`);
        await new Promise<void>((resolve) => this.#changed.push(resolve));
      }
    };
    await within(() => `${String(done)}, with ${this.#received()},`, wait());
  }

  /** What has come, for the error of a test that waits for more. */
  #received(): string {
    const newest = this.messages.findLast(({ type }) => type === 'stats');
    return (
      `frames [${this.frames.map(({ sequence }) => sequence).join()}], ${this.#pongs} of ${this.#pings} pongs, ` +
      `${this.messages.length} messages and statistics ${JSON.stringify(newest)}`
    );
  }

  async close(): Promise<void> {
    if (this.closed !== undefined) return;
    this.socket.close();
    await within('a WebSocket to close', once(this.socket, 'close'));
  }

  #notify(): void {
    const changed = this.#changed;
    this.#changed = [];
    for (const wake of changed) wake();
  }
}
