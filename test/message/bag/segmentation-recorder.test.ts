import assert from 'node:assert/strict';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'mocha';
import { McapIndexedReader } from '@mcap/core';
import { FileHandleReadable } from '@mcap/nodejs';
import { parse } from '@foxglove/rosmsg';
import { MessageReader } from '@foxglove/rosmsg2-serialization';
import { BagWriter } from '../../../src/message/bag/bag-writer.js';
import { SegmentationRecorder, type RecordExtras } from '../../../src/message/bag/segmentation-recorder.js';
import { nv12Frame } from '../../../src/vision/picture/nv12-frame.js';
import { paletteColor } from '../../../src/vision/picture/palette.js';
import { HEADER, SEGMENTATION, TRACKED } from '../write/samples.js';
import { framesOf, readBag } from './bags.js';
import { temporaryFolder } from '../../temporary-folder.js';

const folder = temporaryFolder('segmentation-recorder');

interface Stamped {
  header?: { stamp: { sec: number }; frame_id: string };
  timestamp?: { sec: number };
}

/** Messages by topic, each read with the definition that stands in the bag. */
async function readTopics(file: string): Promise<Map<string, Stamped[]>> {
  const handle = await open(file);
  try {
    const reader = await McapIndexedReader.Initialize({ readable: new FileHandleReadable(handle) });
    const topics = new Map<string, Stamped[]>();
    for await (const { channelId, data } of reader.readMessages()) {
      const { topic, schemaId } = reader.channelsById.get(channelId)!;
      const definition = Buffer.from(reader.schemasById.get(schemaId)!.data).toString();
      const message = new MessageReader<Stamped>(parse(definition, { ros2: true })).readMessage(data);
      topics.set(topic, [...(topics.get(topic) ?? []), message]);
    }
    return topics;
  } finally {
    await handle.close();
  }
}

async function record(name: string, options: object, extras: RecordExtras): Promise<string> {
  const file = path.join(folder, name);
  const bag = await BagWriter.create(file);
  const recorder = new SegmentationRecorder(bag, { labels: ['person', 'Möwe'], threshold: 0.25, ...options });
  const calls = [];
  // Not awaited one by one: buffers must not get into each other's way.
  for (let i = 0; i < 3; i++) {
    const header = { ...HEADER, stamp: { sec: 100 + i, nanosec: 5 } };
    calls.push(recorder.record(header, SEGMENTATION, extras));
  }
  await Promise.all(calls);
  await bag.close();
  return file;
}

describe('SegmentationRecorder', () => {
  const frame = nv12Frame(
    Uint8Array.from({ length: 288 }, (_, i) => i % 251),
    { width: 16, height: 12 },
  );

  it('writes the colors of tracked objects, and zones if there are any', async () => {
    const file = path.join(folder, 'tracked.mcap');
    const bag = await BagWriter.create(file);
    const recorder = new SegmentationRecorder(bag, { labels: ['person', 'Möwe'], threshold: 0.25 });
    await recorder.record(HEADER, TRACKED);
    const zones = [{ name: 'door', kind: 'zone', corners: [0, 0, 1, 0, 1, 1], classes: [] }] as const;
    await recorder.record(HEADER, { ...TRACKED, zones });
    await bag.close();
    const topics = await readTopics(file);
    const counted = topics.get('/segment/zones') as unknown as { zones: { name: string }[] }[];
    assert.deepEqual(
      counted.map((message) => message.zones.map(({ name }) => name)),
      [['door']],
    );
    const [first] = topics.get('/segment/annotations') as unknown as {
      texts: { background_color: { r: number } }[];
    }[];
    // The best is drawn last: object 17, of class 1.
    assert.equal(first!.texts.at(-1)!.background_color.r, paletteColor(17)[0] / 255);
  });

  it('colors annotations as it is told, frame by frame', async () => {
    const file = path.join(folder, 'colors.mcap');
    const bag = await BagWriter.create(file);
    let by: 'class' | 'auto' = 'class';
    const recorder = new SegmentationRecorder(bag, {
      ...{ labels: ['person', 'Möwe'], threshold: 0.25 },
      coloredBy: () => by,
    });
    await recorder.record(HEADER, TRACKED);
    by = 'auto';
    await recorder.record(HEADER, TRACKED);
    await bag.close();
    const annotations = (await readTopics(file)).get('/segment/annotations') as unknown as {
      texts: { background_color: { r: number } }[];
    }[];
    assert.deepEqual(
      annotations.map(({ texts }) => texts.at(-1)!.background_color.r),
      [paletteColor(1)[0] / 255, paletteColor(17)[0] / 255],
    );
  });

  it('writes all messages of each frame with its stamp, and the labels once', async () => {
    const overlay = Uint8Array.of(0xff, 0xd8);
    const topics = await readTopics(await record('all.mcap', {}, { frame, overlay }));
    assert.deepEqual([...topics].map(([topic, messages]) => [topic, messages.length]).sort(), [
      ['/camera/image_raw', 3],
      ['/segment/annotations', 3],
      ['/segment/detections', 3],
      ['/segment/instance_map', 3],
      ['/segment/instances', 3],
      ['/segment/label_info', 1],
      ['/segment/overlay/compressed', 3],
    ]);
    for (const [topic, messages] of topics) {
      for (const [i, { header, timestamp }] of messages.entries()) {
        assert.equal((header?.stamp ?? timestamp)?.sec, 100 + i, topic);
      }
    }
  });

  it('writes only the requested topics', async () => {
    const topics = await readTopics(await record('few.mcap', { omit: ['instance_map', 'annotations'] }, {}));
    assert.deepEqual([...topics.keys()].sort(), [
      '/segment/detections',
      '/segment/instances',
      '/segment/label_info',
    ]);
  });

  it('makes bags that can be segmented again', async () => {
    const file = await record('again.mcap', {}, { frame });
    const frames = framesOf(await readBag(file, { topic: '/camera/image_raw' }));
    assert.deepEqual(
      frames.map(({ frame: { data }, frameId }) => [Buffer.from(data), frameId]),
      [0, 1, 2].map(() => [Buffer.from(frame.data), 'camera']),
    );
  });
});
