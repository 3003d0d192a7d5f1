import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import sharp from 'sharp';
import { McapFile } from '../../src/message/bag/mcap-file.js';
import { livePages, sender, TestClient, TestSource, TOKEN, truthFrame } from './fixture.js';
import { within } from './patience.js';

const found = truthFrame();

async function text(address: string): Promise<{ status: number; body: string }> {
  const answer = await within('an answer', fetch(address));
  return { status: answer.status, body: await answer.text() };
}

describe('the live page', () => {
  const open = livePages();

  it('sends frames with pictures while it is watched, and nothing before', async () => {
    const page = await open();
    const client = await TestClient.connect(page);
    const send = sender(page);
    send(0, found);
    assert.equal(page.wants(0), false);
    await client.watch(page, 0);
    assert.equal(page.wants(0), true);
    send(0, found);
    await client.until(() => client.frames.length === 1);
    const [frame] = client.frames;
    assert.equal(frame!.sec, 101);
    assert.equal(frame!.instances.length, found.segmentation.instances.length);
    const { format, width, height } = await sharp(frame!.picture).metadata();
    assert.deepEqual([format, width, height], ['jpeg', 640, 360]);
    await client.close();
  });

  it('sends pictures 960 pixels wide or unscaled, each encoded once', async () => {
    const page = await open();
    const large = truthFrame(3, { width: 1280, height: 720 });
    const clients = await Promise.all([0, 1, 2].map(() => TestClient.connect(page)));
    for (const [index, client] of clients.entries()) {
      client.send({ type: 'watch', cameras: { 0: index === 2 ? 'full' : 'small' } });
      await client.roundTrip();
    }
    sender(page)(0, large);
    await Promise.all(clients.map((client) => client.until(() => client.frames.length === 1)));
    const sizes = await Promise.all(clients.map(({ frames }) => sharp(frames[0]!.picture).metadata()));
    assert.deepEqual(
      sizes.map(({ width, height }) => [width, height]),
      [
        [960, 540],
        [960, 540],
        [1280, 720],
      ],
    );
    const { body } = await text(`${page.address}metrics`);
    assert.match(body, /^tros_yolo_seg_web_frames_sent_total\{camera="front"\} 3$/m);
    assert.match(body, /^tros_yolo_seg_web_pictures_total\{camera="front"\} 2$/m);
    await Promise.all(clients.map((client) => client.close()));
  });

  it('drops frames for a slow client, and continues with the newest when it acknowledges', async () => {
    let now = 0;
    const page = await open({ clock: () => now });
    const slow = await (await TestClient.connect(page, { acknowledges: false })).watch(page, 0);
    const quick = await (await TestClient.connect(page)).watch(page, 0);
    const send = sender(page);
    for (let sent = 1; sent <= 6; sent++) {
      now += 100;
      send(0, found);
      await quick.until(() => quick.frames.length === sent);
      await quick.roundTrip();
    }
    await slow.roundTrip();
    assert.deepEqual(
      slow.frames.map(({ sequence }) => sequence),
      [1, 2],
    );
    slow.send({ type: 'ack', camera: 0, sequence: 2 });
    await slow.roundTrip();
    now += 100;
    send(0, found);
    await slow.until(() => slow.frames.length === 3);
    assert.equal(slow.frames[2]!.sequence, 7);
    await Promise.all([slow.close(), quick.close()]);
  });

  it('sends no more than 30 pictures a second', async () => {
    let now = 0;
    const page = await open({ clock: () => now });
    const client = await (await TestClient.connect(page)).watch(page, 0);
    const send = sender(page);
    let sent = 0;
    // At 120 FPS: the first and, half a period early, the next; then every fourth.
    for (let frame = 0; frame < 120; frame++) {
      now = 8.34 * frame;
      send(0, found);
      if (frame === 0 || frame % 4 === 2) {
        sent++;
        await client.until(() => client.frames.length === sent);
        await client.roundTrip();
      }
    }
    await client.roundTrip();
    assert.equal(client.frames.length, 31);
    await client.close();
  });

  it('works without the pixels of a frame', async () => {
    const page = await open();
    const client = await (await TestClient.connect(page)).watch(page, 0);
    const header = { stamp: { sec: 1, nanosec: 0 }, frameId: '' };
    const timings = { preprocess: 1, inference: 1, decode: 1 };
    page.result(0, { header, pixels: undefined, segmentation: found.segmentation, timings });
    await client.until(() => client.frames.length === 1);
    assert.equal(client.frames[0]!.picture.length, 0);
    await client.close();
  });

  it('records a bag of results and pictures', async () => {
    let now = 0;
    const lines: string[] = [];
    let told: () => void = () => undefined;
    const page = await open({
      token: TOKEN,
      clock: () => now,
      log: (line) => {
        lines.push(line);
        told();
      },
    });
    const client = await TestClient.connect(page);
    await client.request({ type: 'authorize', token: TOKEN });
    const { ok, message: path } = await client.request({ type: 'record', camera: 0, seconds: 30 });
    assert.ok(ok, path);
    assert.match(
      (await client.request({ type: 'record', camera: 0, seconds: 30 })).message,
      /one recording at a time/,
    );
    const send = sender(page);
    client.send({ type: 'watch', cameras: { 0: 'full' } });
    await client.roundTrip();
    for (let frame = 1; frame <= 4; frame++) {
      now += 1000;
      send(0, found);
      // Pictures are made for both at once; a burst would leave out some.
      await client.until(() => client.frames.length === frame);
      await client.roundTrip();
    }
    now += 30_000;
    const ended = new Promise<void>((resolve) => (told = resolve));
    send(0, found);
    await ended;
    assert.match(lines.at(-1)!, /^Recorded 4 frames to .*front_.*\.mcap$/);
    const bag = await McapFile.open(path);
    const counts = {
      '/segment/label_info': 1,
      '/camera/image_raw/compressed': 4,
      '/segment/detections': 4,
      '/segment/instances': 4,
      '/segment/annotations': 4,
      '/segment/instance_map': 0,
    };
    for (const [topic, count] of Object.entries(counts)) {
      let messages = 0;
      for await (const message of bag.messages(topic)) if (!(message instanceof Error)) messages++;
      assert.equal(messages, count, topic);
    }
    await client.close();
  });

  it('reports its state to Prometheus and health checks', async () => {
    const source = new TestSource(['front', 'a "quoted"\\ name']);
    const page = await open({ source });
    Object.assign(source.counts[0]!, { received: 7, dropped: 2 });
    const { body } = await text(`${page.address}metrics`);
    assert.match(body, /^tros_yolo_seg_frames_received_total\{camera="front"\} 7$/m);
    assert.match(body, /^tros_yolo_seg_frames_dropped_total\{camera="front"\} 2$/m);
    assert.match(body, /^tros_yolo_seg_frames_received_total\{camera="a \\"quoted\\"\\\\ name"\} 0$/m);
    assert.match(
      body,
      /^tros_yolo_seg_stage_seconds\{camera="front",stage="inference",quantile="0.99"\} 0.02$/m,
    );
    // Each line is a comment or a sample; each metric is declared once, before its samples.
    const declared = new Set<string>();
    for (const line of body.trimEnd().split('\n')) {
      const type = /^# TYPE (\w+) (counter|gauge)$/.exec(line)?.[1];
      if (type) {
        assert.ok(!declared.has(type), type);
        declared.add(type);
      } else if (!line.startsWith('# HELP ')) {
        const name = /^(\w+)(\{(\w+="(\\.|[^"\\])*",?)+\})? -?[\d.e+-]+$/.exec(line)?.[1];
        assert.ok(name !== undefined && declared.has(name), line);
      }
    }
    assert.deepEqual(await text(`${page.address}healthz`), { status: 200, body: '{"status":"ok"}\n' });
    source.problemNow = 'the engine does not answer';
    const sick = await text(`${page.address}healthz`);
    assert.equal(sick.status, 503);
    assert.match(sick.body, /the engine does not answer/);
  });
});
