import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Socket } from 'node:net';
import type { IncomingMessage } from 'node:http';
import { type Clock, steadyClock } from '../base/clock.js';
import { ExpectationError, messageOf } from '../base/expect.js';
import { packageRoot } from '../base/package-root.js';
import { PALETTE } from '../vision/picture/palette.js';
import { Failures } from './failures.js';
import { CameraFeed, type LiveResult } from './feed/camera-feed.js';
import { FOXGLOVE_PROTOCOL, FoxgloveChannels } from './feed/foxglove-channels.js';
import { type ClientHandlers, PageClient } from './feed/page-client.js';
import type { PageSocket } from './feed/page-socket.js';
import { PageWorker } from './feed/page-worker.js';
import { Recordings } from './feed/recording.js';
import { liveMetrics } from './live-metrics.js';
import type { LivePageOptions } from './live-page-options.js';
import { METRICS_TYPE, prometheusText } from './metrics.js';
import type { RequestMessage, StateMessage, StatsMessage } from './protocol/messages.js';
import { readAssets } from './server/assets.js';
import { Guard, READ_ONLY } from './server/guard.js';
import { type Reply, WebServer } from './server/web-server.js';

/** Pages, and Foxglove clients, at the same time. */
const MOST_PAGES = 16;
const MOST_FOXGLOVE = 4;
/** Milliseconds between statistics, and between checks whether clients still answer. */
const STATS_PERIOD = 1000;
const ALIVE_PERIOD = 10_000;
/** Of pictures as JPEG. */
const QUALITY = 80;
/** Wrong tokens after which a client is disconnected. */
const MOST_FAILURES = 5;
/** What fails when the thread of pages ends, and when it cannot have a page. */
const KEEP_CONNECTED = 'keep pages connected';
const CONNECT = 'connect a page';

/**
 * The live page: what cameras see and what is found, in a browser, over HTTP and WebSockets on one port.
 *
 *     const page = await LivePage.open({ source, port: 8080, host: '127.0.0.1', token: '', recordings: '.' });
 *     page.result(0, { header, pixels, segmentation, timings });
 *     await page.close();
 *
 * Without a client, a result costs a few comparisons.
 */
export class LivePage {
  readonly #options: LivePageOptions;
  readonly #clock: Clock;
  readonly #guard: Guard;
  readonly #clients = new Set<PageClient>();
  readonly #feeds: readonly CameraFeed[];
  readonly #foxglove: FoxgloveChannels;
  readonly #recordings: Recordings;
  readonly #worker: PageWorker;
  readonly #version: string;
  /** Models that pages may load; listed when a client gives the token. */
  #models: ReadonlyMap<string, string> = new Map();
  #server: WebServer | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** When clients were last checked for being alive. */
  #checked = 0;
  readonly #failures: Failures;
  /** The sequence number of the newest frame of each camera that pages did not get because something had failed; 0: none. */
  readonly #failed: number[];
  /** Of clients that have gone. */
  #behind = 0;

  private constructor(options: LivePageOptions) {
    this.#options = options;
    const { source, token, hosts = [], origins = [], clock = steadyClock, thread } = options;
    this.#clock = clock;
    this.#guard = new Guard({ token, hosts, origins }, clock);
    this.#foxglove = new FoxgloveChannels(source, clock);
    const log = (line: string, failed: boolean): void => options.log?.(line, failed);
    this.#recordings = new Recordings(options.recordings, source, log, clock);
    this.#failures = new Failures(log, clock);
    this.#failed = source.cameras.map(() => 0);
    const listeners = [this.#foxglove, this.#recordings];
    this.#worker = new PageWorker({
      ...{ quality: QUALITY, cameras: source.cameras.length, ...(thread && { thread }) },
      failed: ({ camera, sequence, pages, failure }) => {
        this.#feeds[camera]!.failed(sequence, pages);
        this.#failed[camera] = sequence;
        this.#failures.failed(this.#showing(camera), failure);
      },
      ended: (reason) => this.#failures.failed(KEEP_CONNECTED, reason),
    });
    const tolerance = (): number => source.tolerance();
    this.#feeds = source.cameras.map(
      (_, camera) =>
        new CameraFeed(
          ...([camera, source.colorRange, this.#worker, this.#clients, listeners] as const),
          tolerance,
          clock,
          (instance) => source.distanceOf?.(camera, instance),
        ),
    );
    const manifest = readFileSync(join(packageRoot, 'package.json'), 'utf8');
    this.#version = (JSON.parse(manifest) as { version: string }).version;
    this.#useKernels();
  }

  /** Rejects with an ExpectationError for a port that is taken, and for a token that is too short. */
  static async open(options: LivePageOptions): Promise<LivePage> {
    const page = new LivePage(options);
    const { port, host, requestTimeout } = options;
    page.#server = await WebServer.listen({
      ...{ port, host, requestTimeout, guard: page.#guard, assets: readAssets() },
      replies: {
        '/healthz': () => page.#health(),
        '/metrics': () => ({ type: METRICS_TYPE, body: prometheusText(page.#metrics()) }),
      },
      sockets: {
        '/ws': {
          ...{ readers: false, most: MOST_PAGES },
          adopt: (request, network, head) => page.#adopt(request, network, head),
        },
        '/foxglove': {
          ...{ readers: true, most: MOST_FOXGLOVE, protocol: FOXGLOVE_PROTOCOL },
          connect: (socket, { socket: { remoteAddress = '' } }) =>
            page.#connectFoxglove(socket, remoteAddress),
        },
      },
    });
    return page;
  }

  get address(): string {
    return this.#server!.address;
  }

  get port(): number {
    return this.#server!.port;
  }

  /** Pages that are connected. */
  get clients(): number {
    return this.#clients.size;
  }

  /** Whether a client or a recording needs results of the camera, and so its pixels. */
  wants(camera: number): boolean {
    return this.#feeds[camera]!.wanted;
  }

  /** Takes the result of a camera's frame. It is read during the call only. */
  result(camera: number, result: LiveResult): void {
    if (this.#clients.size === 0 && this.#foxglove.clients === 0 && !this.#recordings.current) return;
    this.#feeds[camera]!.result(result);
  }

  /** The model or a setting has changed. @param model whether it is the model */
  changed(model: boolean): void {
    if (model) {
      this.#useKernels();
      this.#foxglove.announce();
      // Other files lie beside the new model.
      if (this.#models.size > 0) this.#models = this.#options.source.models();
    }
    for (const client of this.#clients) this.#sendState(client);
  }

  /** Ends a recording, and all connections. */
  async close(): Promise<void> {
    // First, because the source may have nothing left to show to new clients.
    await this.#server?.close();
    clearInterval(this.#timer);
    await this.#recordings.stop();
    await this.#worker.close();
  }

  #useKernels(): void {
    const { kernels } = this.#options.source.model();
    for (const feed of this.#feeds) feed.setKernels(kernels);
  }

  #health(): Reply {
    const problem = this.#options.source.problem();
    const body = JSON.stringify({ status: problem === undefined ? 'ok' : 'error', problem });
    return { status: problem === undefined ? 200 : 503, type: 'application/json', body: `${body}\n` };
  }

  #metrics(): ReturnType<typeof liveMetrics> {
    const behind = [...this.#clients].reduce((sum, client) => sum + client.behind, this.#behind);
    const clients = { pages: this.#clients.size, foxglove: this.#foxglove.clients, behind };
    return liveMetrics(this.#options.source, this.#feeds, this.#version, clients);
  }

  #adopt(request: IncomingMessage, network: Socket, head: Buffer): PageSocket {
    let socket: PageSocket;
    // A client that has gone in the meantime is no failure.
    const gone = network.destroyed;
    try {
      socket = this.#worker.connect(request, network, head);
    } catch (error) {
      if (!gone) this.#failures.failed(CONNECT, messageOf(error));
      throw error;
    }
    socket.on('open', () => {
      this.#failures.try(
        CONNECT,
        () => this.#connect(socket),
        () => socket.terminate(),
      );
    });
    socket.on('close', () => this.#tickWhileNeeded());
    return socket;
  }

  #connect(socket: PageSocket): void {
    const { source } = this.#options;
    const handlers: ClientHandlers = {
      watch: () => this.#tellDemand(),
      request: (client, request) => void this.#answer(client, request),
      closed: (client) => {
        this.#clients.delete(client);
        this.#behind += client.behind;
        this.#tellDemand();
        this.#tickWhileNeeded();
      },
    };
    const { closeTimeout } = this.#options;
    const client = new PageClient(socket, source.cameras.length, handlers, this.#clock, closeTimeout);
    this.#clients.add(client);
    this.#sendState(client);
    this.#sendStats(client, this.#stats());
    this.#tickWhileNeeded();
  }

  #connectFoxglove(socket: Parameters<FoxgloveChannels['connect']>[0], name: string): void {
    this.#foxglove.connect(socket, name);
    // Added after the listeners of the channels, which have removed the client by then.
    socket.on('close', () => {
      this.#tellDemand();
      this.#tickWhileNeeded();
    });
    this.#tickWhileNeeded();
  }

  /** Runs the timer only while there is a client or a recording. */
  #tickWhileNeeded(): void {
    const needed =
      this.#clients.size > 0 || this.#foxglove.clients > 0 || this.#recordings.current !== undefined;
    if (needed) this.#timer ??= setInterval(() => this.#tick(), this.#options.statsPeriod ?? STATS_PERIOD);
    else {
      clearInterval(this.#timer);
      this.#timer = undefined;
      this.#worker.rest();
    }
  }

  #tick(): void {
    this.#recordings.endIfDue();
    const check = this.#clock() - this.#checked >= ALIVE_PERIOD;
    if (check) {
      this.#checked = this.#clock();
      this.#foxglove.checkAlive();
      for (const client of this.#clients) client.checkAlive();
    }
    this.#failures.try('send Foxglove what it gets once a second', () => this.#foxglove.repeat());
    this.#tellDemand();
    this.#failures.try('send statistics', () => this.#inform());
    this.#noteShown();
    this.#tickWhileNeeded();
  }

  #tellDemand(): void {
    this.#failures.try('tell what is watched', () => this.#options.source.demand?.());
  }

  #inform(): void {
    const stats = this.#stats();
    for (const client of this.#clients) {
      if (client.uninformed) this.#sendState(client);
      this.#sendStats(client, stats);
    }
  }

  /** What failed may be reported again once a later frame, or a frame by a later thread, has been sent to a page. */
  #noteShown(): void {
    for (const [camera, { newestSent }] of this.#feeds.entries()) {
      if (newestSent <= this.#failed[camera]!) continue;
      this.#failures.succeeded(this.#showing(camera));
      this.#failures.succeeded(KEEP_CONNECTED);
    }
  }

  /** What fails when a frame cannot be made. */
  #showing(camera: number): string {
    return `show frames of ${this.#options.source.cameras[camera]}`;
  }

  /** The part of the statistics that is the same for all clients, computed once. */
  #stats(): Omit<StatsMessage, 'behind'> {
    const { source } = this.#options;
    return {
      type: 'stats',
      time: this.#clock(),
      cameras: source.cameras.map((_, camera) => source.stats(camera)),
      clients: this.#clients.size,
      recording: this.#recordings.current,
      problem: source.problem(),
    };
  }

  #sendStats(client: PageClient, stats: Omit<StatsMessage, 'behind'>): void {
    client.send({ ...stats, behind: client.behind });
  }

  #sendState(client: PageClient): void {
    client.uninformed = !client.send(this.#state(client));
  }

  #state({ authorized }: PageClient): StateMessage {
    const { source } = this.#options;
    const { name, engine, width, height, labels } = source.model();
    return {
      type: 'state',
      version: this.#version,
      cameras: source.cameras,
      model: { name, engine, width, height },
      labels,
      palette: PALETTE.map(([red, green, blue]) => (red << 16) | (green << 8) | blue),
      parameters: source.parameters(),
      models: authorized ? [...this.#models.keys()] : [],
      controllable: this.#guard.hasToken,
      authorized,
    };
  }

  async #answer(client: PageClient, request: RequestMessage): Promise<void> {
    const { id } = request;
    try {
      client.send({ type: 'answer', id, ok: true, message: await this.#do(client, request) });
    } catch (error) {
      client.send({ type: 'answer', id, ok: false, message: messageOf(error) });
    }
    if (client.failures >= MOST_FAILURES) client.close(1008, 'too many wrong tokens');
  }

  async #do(client: PageClient, request: RequestMessage): Promise<string> {
    const { source, log } = this.#options;
    if (request.type === 'authorize') {
      client.authorized = this.#guard.accepts(request.token);
      if (!client.authorized) {
        client.failures++;
        throw this.#guard.refusal();
      }
      this.#models = source.models();
      this.#sendState(client);
      return 'authorized';
    }
    if (!client.authorized) {
      const hint = 'Open the page with #token=... behind its address.';
      throw new ExpectationError(
        'the token before a change',
        'none',
        this.#guard.hasToken ? hint : READ_ONLY,
      );
    }
    switch (request.type) {
      case 'set': {
        await source.set(request.name, request.value);
        log?.(`${request.name} set to ${JSON.stringify(request.value)} from the live page`, false);
        this.changed(false);
        return 'set';
      }
      case 'load_model': {
        // Listed models only: the token gives no access to other files of the robot.
        const file = this.#models.get(request.model);
        if (file !== undefined) return source.load(file);
        const hint = 'Put the file beside the model in use, or download it: tros-yolo-seg model get.';
        throw new ExpectationError('a model that the page lists', request.model, hint);
      }
      case 'record': {
        const { camera, seconds } = request;
        const path = await this.#recordings.start(camera, source.cameras[camera]!, seconds);
        this.#tickWhileNeeded();
        source.demand?.();
        return path;
      }
    }
  }
}
