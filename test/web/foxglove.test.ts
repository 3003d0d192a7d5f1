import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import protocol, { type Channel, type IWebSocket } from '@foxglove/ws-protocol';
import { parse } from '@foxglove/rosmsg';
import { MessageReader } from '@foxglove/rosmsg2-serialization';
import { describe, it } from 'mocha';
import sharp from 'sharp';
import { WebSocket } from 'ws';
import { packageRoot } from '../../src/base/package-root.js';
import { Scene } from '../../src/media/scene/index.js';
import type { LivePage } from '../../src/web/live-page.js';
import { livePages, sender, TestSource, TOKEN, truthFrame } from './fixture.js';
import { eventually, within } from './patience.js';

const { FoxgloveClient } = protocol;

/** A client as Foxglove and Lichtblick are: they use the same library. */
class Reader {
  readonly client: InstanceType<typeof FoxgloveClient>;
  readonly channels = new Map<string, Channel>();
  readonly messages = new Map<
    string,
    { readonly time: bigint; readonly message: Record<string, unknown> }[]
  >();
  readonly #socket: WebSocket;
  readonly #topics = new Map<number, Channel>();
  #wake: (() => void)[] = [];
  #pings = 0;
  #pongs = 0;
  #closed: number | undefined;

  constructor(page: LivePage) {
    this.#socket = new WebSocket(`ws://127.0.0.1:${page.port}/foxglove`, [
      FoxgloveClient.SUPPORTED_SUBPROTOCOL,
    ]);
    this.client = new FoxgloveClient({ ws: this.#socket as unknown as IWebSocket });
    this.client.on('advertise', (channels) => {
      for (const channel of channels) this.channels.set(channel.topic, channel);
      this.#notify();
    });
    this.client.on('message', ({ subscriptionId, timestamp, data }) => {
      const { topic, schema } = this.#topics.get(subscriptionId)!;
      const reader = new MessageReader(parse(schema, { ros2: true }));
      const message = reader.readMessage<Record<string, unknown>>(data);
      this.messages.set(topic, [...(this.messages.get(topic) ?? []), { time: timestamp, message }]);
      this.#notify();
    });
    this.#socket.on('pong', () => {
      this.#pongs++;
      this.#notify();
    });
    this.#socket.on('close', (code) => {
      this.#closed = code;
      this.#notify();
    });
  }

  subscribe(topic: string): void {
    const channel = this.channels.get(topic)!;
    this.#topics.set(this.client.subscribe(channel.id), channel);
  }

  /** Resolves when it is so, or rejects when the connection closes before. */
  async until(done: () => boolean): Promise<void> {
    const wait = async (): Promise<void> => {
      while (!done()) {
        if (this.#closed !== undefined) throw new Error(`closed with ${this.#closed}`);
        await new Promise<void>((resolve) => this.#wake.push(resolve));
      }
    };
    await within(() => `${String(done)}, with messages of ${[...this.messages.keys()].join()},`, wait());
  }

  /** Resolves when the server has read all that was sent. */
  async roundTrip(): Promise<void> {
    const sent = ++this.#pings;
    this.#socket.ping();
    await this.until(() => this.#pongs >= sent);
  }

  close(): void {
    this.#socket.terminate();
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const resolve of wake) resolve();
  }
}

describe('/foxglove', () => {
  const open = livePages();
  const layout = readFileSync(join(packageRoot, 'rviz/foxglove.json'), 'utf8');

  it('has the topics that the shipped layout shows, but for the overlay', async () => {
    const reader = new Reader(await open());
    await reader.until(() => reader.channels.size > 0);
    const shown = new Set(
      [...layout.matchAll(/"(\/(?:segment|image|diagnostics)[\w/]*)/g)].map(([, topic]) => topic!),
    );
    const missing = [...shown].filter((topic) => !reader.channels.has(topic));
    assert.deepEqual(missing, ['/segment/overlay/compressed']);
    reader.close();
  });

  it('sends subscribed topics in messages that its schemas describe, and nothing else', async () => {
    const page = await open();
    const reader = new Reader(page);
    await reader.until(() => reader.channels.size > 0);
    const found = truthFrame();
    assert.equal(page.wants(0), false);
    reader.subscribe('/segment/detections');
    reader.subscribe('/image/compressed');
    await reader.roundTrip();
    assert.equal(page.wants(0), true);
    sender(page)(0, found);
    await reader.until(() => reader.messages.size === 2);
    const [{ time, message }] = reader.messages.get('/segment/detections') as [
      { time: bigint; message: Record<string, unknown> },
    ];
    assert.equal(time, 100_000_000_000n);
    const detections = message['detections'] as { results: { hypothesis: { class_id: string } }[] }[];
    assert.deepEqual(
      detections.map(({ results }) => results[0]!.hypothesis.class_id),
      found.segmentation.instances.map(({ classId }) => Scene.classes[classId]),
    );
    const image = reader.messages.get('/image/compressed')![0]!.message as {
      format: string;
      data: Uint8Array;
    };
    const { width, height, format } = await sharp(image.data).metadata();
    assert.deepEqual([image.format, format, width, height], ['jpeg', 'jpeg', 640, 360]);
    reader.close();
  });

  it('leaves out pictures that cannot be made, and sends the next one that can', async () => {
    const page = await open();
    const reader = new Reader(page);
    await reader.until(() => reader.channels.size > 0);
    reader.subscribe('/image/compressed');
    reader.subscribe('/segment/detections');
    await reader.roundTrip();
    const send = sender(page);
    const found = truthFrame();
    const empty = { ...found, frame: { ...found.frame, data: new Uint8Array(0) } };
    for (let frame = 0; frame < 5; frame++) {
      send(0, empty);
      await new Promise(setImmediate);
    }
    send(0, found);
    await reader.until(() => reader.messages.has('/image/compressed'));
    assert.equal(reader.messages.get('/image/compressed')![0]!.time, 105_000_000_000n);
    assert.equal(reader.messages.get('/segment/detections')!.length, 6);
    reader.close();
  });

  it('sends /diagnostics once a second: what the node says, or what the page shows', async function () {
    const source = new TestSource();
    const page = await open({ source });
    const reader = new Reader(page);
    await reader.until(() => reader.channels.size > 0);
    Object.assign(source.counts[0]!, { received: 7, dropped: 2 });
    source.problemNow = 'the engine does not answer';
    reader.subscribe('/diagnostics');
    await reader.until(() => reader.messages.has('/diagnostics'));
    const { status } = reader.messages.get('/diagnostics')![0]!.message as {
      status: { level: number; name: string; message: string; values: { key: string; value: string }[] }[];
    };
    assert.deepEqual(
      status.map(({ level, name, message }) => [level, name, message]),
      [
        [2, 'segment: engine', 'the engine does not answer'],
        [0, 'segment: front', 'Running'],
      ],
    );
    const values = new Map(status[1]!.values.map(({ key, value }) => [key, value]));
    assert.deepEqual([values.get('dropped'), values.get('inference_ms_p95')], ['2', '15.00']);
    reader.close();
  });

  it('takes no messages and no parameters of clients', async () => {
    const source = new TestSource();
    const page = await open({ source, token: TOKEN, clock: () => 0 });
    const reader = new Reader(page);
    await reader.until(() => reader.channels.size > 0);
    reader.client.advertise({ topic: '/cmd_vel', encoding: 'cdr', schemaName: 'geometry_msgs/msg/Twist' });
    reader.client.setParameters([{ name: 'score', value: 0.9 }], 'one');
    await reader.roundTrip();
    assert.equal(source.parametersNow.score, 0.25);
    // And as many of these as of others end the connection.
    let closed = false;
    reader.client.on('close', () => (closed = true));
    for (let i = 0; i < 200; i++) reader.client.setParameters([{ name: 'score', value: 0.9 }], `${i}`);
    await eventually('an end of the connection', () => closed);
    assert.equal(source.parametersNow.score, 0.25);
  });

  it('uses its own protocol, although a client offers a newer one first', async () => {
    const page = await open();
    const offered = ['foxglove.sdk.v1', FoxgloveClient.SUPPORTED_SUBPROTOCOL];
    const socket = new WebSocket(`ws://127.0.0.1:${page.port}/foxglove`, offered);
    await within('an open WebSocket', once(socket, 'open'));
    assert.equal(socket.protocol, FoxgloveClient.SUPPORTED_SUBPROTOCOL);
    socket.terminate();
  });

  for (const [name, messages, text] of [
    [
      'makes it complain thousands of times',
      1,
      JSON.stringify({ op: 'unsubscribe', subscriptionIds: Array(7000).fill(1) }),
    ],
    ['talks too much', 1000, '{}'],
    ['pings too much', 1000, undefined],
  ] as const) {
    it(`ends a connection that ${name}`, async () => {
      const page = await open({ clock: () => 0 });
      const socket = new WebSocket(
        `ws://127.0.0.1:${page.port}/foxglove`,
        FoxgloveClient.SUPPORTED_SUBPROTOCOL,
      );
      let heard = 0;
      socket.on('message', () => heard++);
      await within('an open WebSocket', once(socket, 'open'));
      const closed = within('an end of the connection', once(socket, 'close'));
      for (let i = 0; i < messages; i++) {
        if (text === undefined) socket.ping();
        else socket.send(text);
      }
      assert.equal((await closed)[0], 1008);
      assert.ok(heard < 30, `${heard} messages`);
    });
  }

  it('names the cameras in topics if there are several', async () => {
    const reader = new Reader(await open({ source: new TestSource(['front', 'rear']) }));
    await reader.until(() => reader.channels.size > 0);
    for (const topic of ['/segment/front/detections', '/rear/image/compressed', '/segment/label_info'])
      assert.ok(reader.channels.has(topic), topic);
    reader.close();
  });
});
