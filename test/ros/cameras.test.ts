import assert from 'node:assert/strict';
import { before, it } from 'mocha';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import type { Peer, PeerMessage, Sent } from './peer.js';
import type { RosProcess } from './processes.js';
import { emulated } from './recorded-model.js';
import { describeRos } from './suite.js';
import { rosSkip, setups } from './workspace.js';

for (const { middleware, transport, name } of setups) {
  describeRos(rosSkip, `cameras of the node segment on ${name}`, middleware, (ros) => {
    let segment: RosProcess;
    let peer: Peer;

    before(async () => {
      segment = ros.node('segment', [
        ...emulated(transport),
        ...['-p', 'images:=[/front/image, /rear/hbmem_img, /side/image]', '-p', 'hbm_frame_id:=rear_optical'],
      ]);
      peer = ros.peer();
      await segment.said(/frames in flight/);
      for (const camera of ['front', 'rear', 'side']) {
        await peer.subscribe(`/segment/${camera}/instances`, 'tros_yolo_seg/msg/InstanceArray');
      }
    });

    /** Publishes until answers come. @returns the stamps sent and the answers */
    async function exchange(
      topic: string,
      camera: string,
      request: object,
    ): Promise<{ sent: Sent; names: Set<string>; frameIds: Set<string>; sizes: Set<string> }> {
      const results = `/segment/${camera}/instances`;
      await peer.forget(results);
      await peer.request('publish', { topic, period: 0.5, paced: [results], ...request });
      await peer.received(results, 5);
      const sent = await peer.finish(topic);
      const order = sent.stamps.map((stamp) => stamp.join('.'));
      const messages = peer.messages(results);
      const positions = messages.map(({ stamp }) => order.indexOf(stamp.join('.')));
      assert.ok(
        positions.every((at, rank) => at >= 0 && (rank === 0 || at > positions[rank - 1]!)),
        String(positions),
      );
      const contents = messages.map(({ message }) => message as unknown as Content);
      return {
        sent,
        frameIds: new Set(messages.map(({ frame_id }) => frame_id)),
        sizes: new Set(contents.map(sizeOf)),
        names: new Set(contents.flatMap(({ instances }) => instances.map(({ class_name }) => class_name))),
      };
    }

    const image = { type: 'sensor_msgs/msg/Image', width: 640, height: 480 };

    for (const encoding of ['nv12', 'bgr8', 'rgb8', 'mono8']) {
      it(`receives sensor_msgs/Image in ${encoding}`, async () => {
        const { sizes, frameIds } = await exchange('/front/image', 'front', {
          ...image,
          encoding,
          frame_id: 'front',
        });
        assert.deepEqual([...sizes], ['640x480']);
        assert.deepEqual([...frameIds], ['front']);
      });
    }

    for (const [type, width, height] of [
      ['HbmMsg480P', 640, 480],
      ['HbmMsg540P', 960, 540],
      ['HbmMsg1080P', 1920, 1080],
    ] as const) {
      it(`receives hbm_img_msgs/${type}, detected by its publisher, with TROS's QoS`, async () => {
        const { sizes, frameIds } = await exchange('/rear/hbmem_img', 'rear', {
          ...{ type: `hbm_img_msgs/msg/${type}`, width, height, step: 0 },
          ...{ reliability: 'best_effort', depth: 5 },
        });
        assert.deepEqual([...sizes], [`${width}x${height}`]);
        assert.deepEqual([...frameIds], ['rear_optical']);
      });
    }

    it('receives sensor_msgs/CompressedImage', async () => {
      const file = join(ros.folder, 'picture.jpg');
      await sharp({ create: { width: 320, height: 240, channels: 3, background: '#456' } })
        .jpeg()
        .toFile(file);
      const size = readFileSync(file).length;
      const { sizes } = await exchange('/side/image', 'side', {
        ...{ type: 'sensor_msgs/msg/CompressedImage', encoding: 'jpeg', width: 320, height: 240, file, size },
      });
      assert.deepEqual([...sizes], ['320x240']);
    });

    it('receives JPEG in HbmMsg480P with either transport, and NV12 of the next publisher as before', async () => {
      const results = '/jpeg/instances';
      const topic = '/jpeg/hbmem_img';
      const auto = ros.node('segment', [
        ...emulated(transport),
        ...['-r', '__node:=jpeg', '-p', 'camera_transport:=auto', '-p', `images:=[${topic}]`],
      ]);
      await peer.subscribe(results, 'tros_yolo_seg/msg/InstanceArray');
      const file = join(ros.folder, 'hbm.jpg');
      await sharp({ create: { width: 320, height: 240, channels: 3, background: '#456' } })
        .jpeg()
        .toFile(file);
      const hbm = { topic, type: 'hbm_img_msgs/msg/HbmMsg480P', period: 0.5, paced: [results] };
      const data_size = readFileSync(file).length;
      await peer.request('publish', { ...hbm, encoding: 'jpeg', width: 320, height: 240, file, data_size });
      await peer.received(results, 3);
      const native = /Images from \/jpeg\/hbmem_img \(.*, native: node \S+\)/.test(auto.output);
      if (native) await auto.said(/hbmem_img sends JPEG: its messages are received by rclnodejs/);
      await peer.finish(topic);
      assert.deepEqual([...new Set(peer.messages(results).map(contentSize))], ['320x240']);

      await peer.forget(results);
      await peer.request('publish', { ...hbm, width: 640, height: 480, step: 0 });
      // The node looks at publishers twice a second: NV12 may come by rclnodejs at first.
      const last = /Images from \/jpeg\/hbmem_img \(.*, (native|rclnodejs)(: node \S+)?\)(?![^]*Images from)/;
      await auto.until('take NV12 as before', () =>
        last.exec(auto.output)?.[1] === (native ? 'native' : 'rclnodejs') ? true : undefined,
      );
      await peer.forget(results);
      await peer.received(results, 3);
      await peer.finish(topic);
      assert.deepEqual([...new Set(peer.messages(results).map(contentSize))], ['640x480']);
      await auto.stop();
    });

    it('serves three cameras at once, each in order', async () => {
      const topics = ['/front/image', '/rear/hbmem_img', '/side/image'];
      const cameras = ['front', 'rear', 'side'];
      const results = cameras.map((camera) => `/segment/${camera}/instances`);
      for (const topic of results) await peer.forget(topic);
      for (const [at, topic] of topics.entries()) {
        const paced = [results[at]];
        await peer.request('publish', { ...image, topic, period: 0.5, frame_id: topic, paced });
      }
      for (const topic of results) await peer.received(topic, 10);
      for (const [at, topic] of topics.entries()) {
        const order = (await peer.finish(topic)).stamps.map((stamp) => stamp.join('.'));
        const messages = peer.messages(results[at]!);
        assert.ok(messages.every(({ frame_id }) => frame_id === topic));
        const positions = messages.map(({ stamp }) => order.indexOf(stamp.join('.')));
        assert.ok(positions.every((at, rank) => at >= 0 && (rank === 0 || at > positions[rank - 1]!)));
      }
    });

    it('names both sides of an incompatible publisher', async () => {
      const strict = ros.node('segment', [
        ...emulated(transport),
        ...['-r', '__node:=strict', '-p', 'image_qos:=reliable', '-p', 'images:=[/lossy]'],
      ]);
      await peer.request('publish', { ...image, topic: '/lossy', period: 0.1, reliability: 'best_effort' });
      await strict.said(
        /QoS reliable, volatile, depth 5 of this node on \/lossy but \/peer offers best effort/,
      );
      await peer.stop('/lossy');
      await strict.stop();
    });

    it('logs the reason and exits with 1 if it cannot start', async () => {
      const wrong = [
        ['model:=/nowhere.onnx', /nowhere\.onnx/],
        ['score:=2.0', /Expected a number from 0 to 1 for parameter score but received 2/],
        ['image_type:=jpeg', /Expected one of auto, image, compressed.* but received jpeg/],
        ['work_config:=/nowhere.json', /nowhere\.json/],
      ] as const;
      await Promise.all(
        wrong.map(async ([argument, said]) => {
          const node = ros.node('segment', ['-r', '__node:=wrong', '-p', argument]);
          assert.equal(await node.ended(), 1, node.output);
          assert.match(node.output, said);
        }),
      );
    });

    it('continues when publishers are killed and come back', async () => {
      const results = '/segment/front/instances';
      const front = { ...image, topic: '/front/image', period: 0.5, paced: [results] };
      for (let round = 0; round < 3; round++) {
        const other = ros.peer();
        await other.subscribe(results, 'tros_yolo_seg/msg/InstanceArray');
        await other.request('publish', front);
        await other.received(results, 2);
        await ros.kill(other.process);
      }
      // After late answers to those who are gone.
      await peer.request('publish', { ...front, width: 320, height: 240 });
      await peer.find(results, 'a result of 320x240', (message) => contentSize(message) === '320x240');
      await peer.finish('/front/image');
      assert.equal(segment.end, undefined);
    });
  });
}

const sizeOf = ({ image_width, image_height }: Content): string => `${image_width}x${image_height}`;
const contentSize = ({ message }: PeerMessage): string => sizeOf(message as unknown as Content);

interface Content {
  image_width: number;
  image_height: number;
  instances: { class_name: string }[];
}
