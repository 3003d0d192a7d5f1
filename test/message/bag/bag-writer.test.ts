import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'mocha';
import { McapIndexedReader, type TypedMcapRecords } from '@mcap/core';
import { FileHandleReadable } from '@mcap/nodejs';
import { BagWriter } from '../../../src/message/bag/bag-writer.js';
import { ExpectationError } from '../../../src/base/expect.js';
import { messageType } from '../../../src/message/message-type.js';
import { framesOf, readBag, tinyImage, write } from './bags.js';
import { temporaryFolder } from '../../temporary-folder.js';
import { itUnless } from '../../skips.js';

const folder = temporaryFolder('bag-writer');
const IMAGE = messageType('sensor_msgs/Image');
const HEADER = messageType('std_msgs/Header');
const STAMP = { sec: 100, nanosec: 0 };

async function readMcap(
  file: string,
): Promise<{ reader: McapIndexedReader; messages: TypedMcapRecords['Message'][] }> {
  const handle = await open(file);
  try {
    const reader = await McapIndexedReader.Initialize({ readable: new FileHandleReadable(handle) });
    const messages: TypedMcapRecords['Message'][] = [];
    for await (const message of reader.readMessages()) messages.push(message);
    return { reader, messages };
  } finally {
    await handle.close();
  }
}

/** Another process's try to write a bag of `count` images of 100 kB where files may have `blocks` of 512 bytes. */
function writeWithLimit(
  file: string,
  blocks: number,
  count: number,
): { status: number | null; stdout: string } {
  const module = new URL('../../../src/', import.meta.url);
  const script = `
    import { BagWriter } from '${new URL('message/bag/bag-writer.js', module).href}';
    import { messageType } from '${new URL('message/message-type.js', module).href}';
    const bag = await BagWriter.create(process.argv[1]);
    const failed = [];
    for (let i = 0; i < ${count}; i++) {
      await bag.write('/x', messageType('sensor_msgs/Image'), new Uint8Array(100_000), { sec: i, nanosec: 0 })
        .catch((error) => { if (failed.push(i) <= 2) console.log(error.name, error.message); });
    }
    await bag.close();
    console.log('closed, failed', failed.length, 'from', failed[0]);
  `;
  const limited = `ulimit -f ${blocks}; exec "$@"`;
  const command = ['-c', limited, 'sh', process.execPath, '--input-type=module', '-e', script, file];
  return spawnSync('sh', command, { encoding: 'utf8' });
}

describe('BagWriter', () => {
  it('writes everything that rosbag2 and Foxglove need', async () => {
    const file = path.join(folder, 'new', 'result.mcap');
    const bag = await BagWriter.create(file);
    const images = [0, 1, 2].map((i) => tinyImage(i));
    await bag.write('/labels', HEADER, Uint8Array.of(0, 1, 0, 0), STAMP, 'transient_local');
    for (const [i, { cdr }] of images.entries()) {
      await bag.write('/camera', IMAGE, cdr, { sec: 100 + i, nanosec: 7 });
    }
    await bag.write('/other', IMAGE, images[0]!.cdr, { sec: -5, nanosec: 0 });
    await bag.close();
    await bag.close();

    const { reader, messages } = await readMcap(file);
    assert.equal(reader.header.profile, 'ros2');
    const channels = [...reader.channelsById.values()];
    assert.deepEqual(
      channels.map(({ topic, messageEncoding }) => [topic, messageEncoding]),
      [
        ['/labels', 'cdr'],
        ['/camera', 'cdr'],
        ['/other', 'cdr'],
      ],
    );
    const schema = reader.schemasById.get(channels[1]!.schemaId)!;
    assert.deepEqual([schema.name, schema.encoding], ['sensor_msgs/msg/Image', 'ros2msg']);
    assert.equal(Buffer.from(schema.data).toString(), IMAGE.definition);
    assert.equal(channels[2]!.schemaId, channels[1]!.schemaId);
    assert.equal(
      channels[1]!.metadata.get('offered_qos_profiles'),
      `- history: 1
  depth: 10
  reliability: 1
  durability: 2
  deadline:
    sec: 9223372036
    nsec: 854775807
  lifespan:
    sec: 9223372036
    nsec: 854775807
  liveliness: 1
  liveliness_lease_duration:
    sec: 9223372036
    nsec: 854775807
  avoid_ros_namespace_conventions: false`,
    );
    assert.match(channels[0]!.metadata.get('offered_qos_profiles')!, /durability: 1/);
    assert.deepEqual(
      messages.map(({ channelId, logTime, publishTime, sequence }) => [
        channelId,
        logTime,
        publishTime,
        sequence,
      ]),
      [
        [2, 0n, 0n, 0],
        [0, 100_000_000_000n, 100_000_000_000n, 0],
        [1, 100_000_000_007n, 100_000_000_007n, 0],
        [1, 101_000_000_007n, 101_000_000_007n, 1],
        [1, 102_000_000_007n, 102_000_000_007n, 2],
      ],
    );
    for (const [i, { cdr }] of images.entries())
      assert.deepEqual(Buffer.from(messages[2 + i]!.data), Buffer.from(cdr));
  });

  it('makes a rosbag2 folder with metadata.yaml', async () => {
    const target = path.join(folder, 'walk');
    const bag = await BagWriter.create(target);
    for (let i = 0; i < 3; i++)
      await bag.write('/camera', IMAGE, tinyImage(i).cdr, { sec: 100 + i, nanosec: 0 });
    await bag.close();
    assert.deepEqual(readdirSync(target).sort(), ['metadata.yaml', 'walk_0.mcap']);
    const metadata = readFileSync(path.join(target, 'metadata.yaml'), 'utf8');
    assert.equal(
      metadata.replace(/offered_qos_profiles: .*/, 'offered_qos_profiles: ...'),
      `rosbag2_bagfile_information:
  version: 5
  storage_identifier: mcap
  duration:
    nanoseconds: 2000000000
  starting_time:
    nanoseconds_since_epoch: 100000000000
  message_count: 3
  topics_with_message_count:
    - topic_metadata:
        name: "/camera"
        type: "sensor_msgs/msg/Image"
        serialization_format: cdr
        offered_qos_profiles: ...
      message_count: 3
  compression_format: ""
  compression_mode: ""
  relative_file_paths:
    - "walk_0.mcap"
  files:
    - path: "walk_0.mcap"
      starting_time:
        nanoseconds_since_epoch: 100000000000
      duration:
        nanoseconds: 2000000000
      message_count: 3
`,
    );
    assert.match(metadata, /offered_qos_profiles: "- history: 1\\n {2}depth: 10\\n/);
    assert.equal(framesOf(await readBag(target)).length, 3);
  });

  it('makes an empty bag, too', async () => {
    const target = path.join(folder, 'nothing');
    await (await BagWriter.create(target)).close();
    assert.match(
      readFileSync(path.join(target, 'metadata.yaml'), 'utf8'),
      /topics_with_message_count: \[\]\n/,
    );
    await assert.rejects(readBag(target), /topics in .* but received none/);
  });

  it('never overwrites a bag by default', async () => {
    const file = write(folder, 'precious.mcap', Buffer.from('precious'));
    await assert.rejects(
      BagWriter.create(file),
      /a new bag at .*precious.mcap but received EEXIST.*replace a bag with --force/,
    );
    assert.equal(readFileSync(file, 'utf8'), 'precious');
    const there = path.join(folder, 'there');
    mkdirSync(there);
    write(there, 'notes.txt', Buffer.from('precious'));
    await assert.rejects(BagWriter.create(there), /EEXIST/);
    await assert.rejects(BagWriter.create(there, true), /EEXIST.*replace a bag with --force/);
    assert.deepEqual(readdirSync(there), ['notes.txt']);
    await assert.rejects(BagWriter.create(path.join(file, 'below.mcap')), ExpectationError);
  });

  it('replaces a bag on request, and accepts an empty folder', async () => {
    const target = path.join(folder, 'empty');
    mkdirSync(target);
    for (const file of [path.join(folder, 'replaced.mcap'), target]) {
      for (let i = 0; i < 2; i++) {
        const bag = await BagWriter.create(file, i === 1);
        for (let k = 0; k <= i; k++) await bag.write('/camera', IMAGE, tinyImage(k).cdr, STAMP);
        await bag.close();
        assert.equal(framesOf(await readBag(file)).length, i + 1);
      }
      await assert.rejects(BagWriter.create(file), /EEXIST/);
    }
  });

  it('keeps the order of calls that are not awaited, and refuses calls after the end', async () => {
    const file = path.join(folder, 'order.mcap');
    const bag = await BagWriter.create(file);
    const calls = [];
    for (let i = 0; i < 200; i++)
      calls.push(bag.write(`/t${i % 3}`, IMAGE, new Uint8Array(20_000).fill(i), STAMP));
    calls.push(bag.close());
    await Promise.all(calls);
    const { messages } = await readMcap(file);
    assert.deepEqual(
      messages.map(({ data }) => [data.length, data[0]]),
      Array.from({ length: 200 }, (_, i) => [20_000, i]),
    );
    await assert.rejects(
      bag.write('/late', IMAGE, new Uint8Array(4), STAMP),
      /a message on \/late before the end/,
    );
  });

  it('leaves a readable bag when the process dies', async () => {
    const file = path.join(folder, 'crash.mcap');
    const bag = await BagWriter.create(file);
    const filler = new Uint8Array(800_000);
    for (let i = 0; i < 6; i++) {
      await bag.write('/filler', HEADER, filler, STAMP);
      await bag.write('/camera', IMAGE, tinyImage(i).cdr, { sec: 100 + i, nanosec: 0 });
    }
    // Nothing is closed yet: the last image lies in a chunk that is not full.
    const items = await readBag(file);
    assert.equal(framesOf(items).length, 5);
    assert.equal(items.length, 6);
    await bag.close();
    assert.equal(framesOf(await readBag(file)).length, 6);
  });

  itUnless(
    process.platform === 'win32' && "Windows has no limit of a file's size",
    'says so when the disk is full, goes no further, and closes',
    () => {
      const { status, stdout } = writeWithLimit(path.join(folder, 'full.mcap'), 4096, 60);
      assert.equal(status, 0, stdout);
      const [first, second, last] = stdout.trim().split('\n');
      assert.match(first!, /^ExpectationError Expected room for the bag .*full.mcap but received EFBIG/);
      assert.equal(second, first);
      const [, count, from] = /^closed, failed (\d+) from (\d+)$/.exec(last!)!;
      assert.equal(Number(count) + Number(from), 60);
    },
  );
});
