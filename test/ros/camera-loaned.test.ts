import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, before, it } from 'mocha';
import { distribution } from '../../src/node/ros/distribution.js';
import { checkStamps, type Heard, listen as listenTo } from './camera-listener.js';
import type { RosProcess } from './processes.js';
import { describeRos } from './suite.js';
import { middlewares, rosPackage, rosSkip } from './workspace.js';

const FAST = 'rmw_fastrtps_cpp';
const PIXELS = (64 * 48 * 3) / 2;
const VALUES = [10, 20, 30];

const skip =
  rosSkip ||
  (!middlewares.includes(FAST) && `${FAST} is not installed`) ||
  (!rosPackage('hbm_img_msgs') && 'hbm_img_msgs is not installed');

describeRos(skip, 'messages lent to the node camera', FAST, (ros) => {
  /** Without and with TROS's switches. */
  let plain: NodeJS.ProcessEnv;
  let switched: NodeJS.ProcessEnv;

  before(() => {
    plain = { ...ros.env };
    const { fastDdsProfiles } = distribution();
    for (const name of ['RMW_FASTRTPS_USE_QOS_FROM_XML', fastDdsProfiles]) delete plain[name];
    switched = {
      ...plain,
      RMW_FASTRTPS_USE_QOS_FROM_XML: '1',
      ROS_DISABLE_LOANED_MESSAGES: '0',
      [fastDdsProfiles]: join(ros.prefix, 'share/tros_yolo_seg/config/dds/fastdds-localhost.xml'),
    };
    const frames = VALUES.map((value) => new Uint8Array(PIXELS).fill(value));
    writeFileSync(join(ros.folder, 'three_64x48.nv12'), Buffer.concat(frames));
  });

  // A camera that a failed test leaves would be heard in the next one.
  afterEach(() => ros.end());

  function camera(env: NodeJS.ProcessEnv, ...args: string[]): RosProcess {
    const inputs = join(ros.folder, 'three_64x48.nv12');
    const own = ['-p', `inputs:=${inputs}`, '-p', 'rate:=20', '-p', 'wait_for_subscribers:=1'];
    return ros.node('camera', [...own, ...args], env);
  }

  function listen(
    env: NodeJS.ProcessEnv,
    topic: string,
    message: string,
    count: number,
  ): Promise<() => Promise<Heard>> {
    return listenTo(ros, [topic, `hbm_img_msgs/msg/${message}`, count, 'best_effort'], env);
  }

  /** All fields of all messages, which are those of the three frames. */
  function check({ came }: Heard, count: number, begin: number): void {
    assert.equal(came.length, count);
    checkStamps(came, begin);
    for (const { index, width, height, step, encoding, length, sum } of came) {
      const fields = { width, height, step, encoding, length, sum };
      assert.deepEqual(fields, {
        ...{ width: 64, height: 48, step: 64, encoding: 'nv12', length: PIXELS },
        sum: PIXELS * VALUES[index! % 3]!,
      });
    }
    assert.ok(came.every(({ index }, i) => i === 0 || index! > came[i - 1]!.index!));
  }

  /** Files in shared memory that messages of the process lie in. */
  function pools(pid: number): string[] {
    const maps = readFileSync(`/proc/${pid}/maps`, 'utf8');
    return [...new Set(maps.match(/\/dev\/shm\/fast_datasharing\S+/g) ?? [])];
  }

  for (const [message, parameter, transport] of [
    ['HbmMsg480P', 'hbm480p', 'native'],
    ['HbmMsg540P', 'hbm540p', 'auto'],
    ['HbmMsg1080P', 'hbm1080p', 'auto'],
  ] as const) {
    it(`are in shared memory with TROS's settings, correct in every field (${message}, transport ${transport})`, async () => {
      const begin = Date.now();
      const heard = await listen(switched, '/front/frames', message, 8);
      const node = camera(
        switched,
        ...['-r', '__ns:=/front', '-r', '__node:=eye', '-r', '/hbmem_img:=frames'],
        ...['-p', `message:=${parameter}`, '-p', `transport:=${transport}`],
      );
      const said = await heard();
      check(said, 8, begin);
      assert.deepEqual(said.publishers, [
        { node: 'eye_publisher', type: `hbm_img_msgs/msg/${message}`, reliability: 'BEST_EFFORT' },
      ]);
      assert.match(node.output, /INFO.*Loaned messages in shared memory \(rmw_fastrtps_cpp\)/);
      assert.match(node.output, /64x48 NV12 on \/front\/frames/);
      const files = pools(node.pid);
      assert.ok(files.length > 0 && files.every((file) => existsSync(file)));
      assert.equal(await node.stop(), 0, node.output);
      assert.match(node.output, / 0 frames lost; calls of publish: p50 \d.* p99 \d/);
      assert.deepEqual(
        files.filter((file) => existsSync(file)),
        [],
      );
    });
  }

  for (const middleware of rosSkip ? [] : middlewares) {
    it(`are not lent without the settings, which is logged, and copies are correct (${middleware})`, async () => {
      const env = { ...plain, RMW_IMPLEMENTATION: middleware };
      const begin = Date.now();
      const heard = await listen(env, '/hbmem_img', 'HbmMsg480P', 8);
      const node = camera(env, '-p', 'message:=hbm480p', '-p', 'transport:=native');
      check(await heard(), 8, begin);
      // Fast DDS of Jazzy lends them without the settings, too, but from the publisher's own memory.
      assert.match(
        node.output,
        /WARN.*(No loaned messages|Loaned messages, but not in shared memory) .*export RMW_FASTRTPS_USE_QOS_FROM_XML=1/,
      );
      assert.equal(/export RMW_IMPLEMENTATION/.test(node.output), middleware !== FAST);
      assert.equal(await node.stop(), 0, node.output);
    });
  }

  it('are not requested with transport rclnodejs', async () => {
    const begin = Date.now();
    const heard = await listen(switched, '/hbmem_img', 'HbmMsg480P', 8);
    const node = camera(switched, '-p', 'message:=hbm480p', '-p', 'transport:=rclnodejs');
    const said = await heard();
    check(said, 8, begin);
    assert.deepEqual(
      said.publishers.map(({ node }) => node),
      ['camera'],
    );
    assert.equal(await node.stop(), 0, node.output);
  });

  it('are impossible for messages without a fixed size', async () => {
    const node = camera(switched, '-p', 'message:=image', '-p', 'transport:=native');
    assert.equal(await node.ended(), 2, node.output);
    assert.match(node.output, /Expected message hbm480p, hbm540p or hbm1080p for transport native/);
  });

  it('accept frames with gaps between rows, and refuse invalid frames', async () => {
    const heard = await listen(switched, '/rows', 'HbmMsg480P', 3);
    const script = `
      const assert = require('node:assert/strict');
      const { openImagePublisher } = require(process.argv[1]);
      const options = { name: 'rows', namespace: '/', message: 'hbm_img_msgs/msg/HbmMsg480P', topic: '/rows',
        reliability: 'best_effort', depth: 5 };
      for (const wrong of [{ depth: 0 }, { topic: 5 }, { domain: 233 }, { reliability: 'often' }]) {
        assert.throws(() => openImagePublisher({ ...options, ...wrong }), TypeError);
      }
      assert.throws(() => openImagePublisher({ ...options, message: 'sensor_msgs/msg/Image' }), /sensor_msgs/);
      assert.throws(() => openImagePublisher({ ...options, topic: '/no topic' }), /no topic/);
      const publisher = openImagePublisher(options);
      const data = new Uint8Array(80 * 48 + 96 * 24 + 7).fill(1);
      const frame = { width: 64, height: 48, data, lumaStride: 80, chromaStride: 96, lumaOffset: 7, chromaOffset: 7 + 80 * 48 };
      for (let row = 0; row < 48; row++) data.fill(10, 7 + 80 * row, 7 + 80 * row + 64);
      for (let row = 0; row < 24; row++) data.fill(10, 7 + 80 * 48 + 96 * row, 7 + 80 * 48 + 96 * row + 64);
      for (const wrong of [{ width: 63 }, { data: data.subarray(40) }, { data: null }]) {
        assert.throws(() => publisher.publish({ ...frame, ...wrong }, 1, 2, 3), TypeError);
      }
      const large = { width: 640, height: 1440, data: new Uint8Array(640 * 1440 * 1.5), lumaStride: 640, chromaStride: 640,
        lumaOffset: 0, chromaOffset: 640 * 1440 };
      assert.throws(() => publisher.publish(large, 1, 2, 3), TypeError);
      assert.throws(() => publisher.publish(frame, 1, 1e9, 3), TypeError);
      const timer = setInterval(() => {
        const now = Date.now();
        if (publisher.subscriptions() > 0) publisher.publish(frame, Math.floor(now / 1000), (now % 1000) * 1e6, 0);
      }, 30);
      process.stdin.on('end', () => {
        clearInterval(timer);
        publisher.close();
        publisher.close();
        assert.throws(() => publisher.publish(frame, 1, 2, 3), TypeError);
        console.log('closed');
      }).resume();
    `;
    const addon = join(ros.prefix, 'lib/node_modules/tros-yolo-seg/build/native/Release/tros_yolo_seg.node');
    const node = ros.start([process.execPath, '-e', script, addon], switched);
    const { came } = await heard();
    assert.equal(came.length, 3);
    for (const { sum, length, step } of came) {
      assert.deepEqual({ sum, length, step }, { sum: 10 * PIXELS, length: PIXELS, step: 64 });
    }
    node.stdin.end();
    assert.equal(await node.ended(), 0, node.output);
    assert.match(node.output, /closed/);
  });
});
