import assert from 'node:assert/strict';
import { after, before, it } from 'mocha';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { repository } from '../data.js';
import { command, Peer, type RosProcess, until } from './processes.js';
import { emulated, startSegment } from './segment-process.js';
import { rosSkip, rosWorkspace, setups } from './workspace.js';
import { describeUnless } from '../skips.js';

interface Stamps {
  stamps: [number, number][];
}

for (const { middleware, transport, name, index } of setups) {
  describeUnless(rosSkip, `cameras of the node segment on ${name}`, () => {
    let env: NodeJS.ProcessEnv;
    let prefix: string;
    let segment: RosProcess;
    let peer: Peer;

    before(async () => {
      const workspace = rosWorkspace();
      prefix = workspace.prefix;
      env = workspace.env(middleware, 52 + index);
      segment = startSegment(prefix, env, [
        ...emulated(transport),
        ...['-p', 'images:=[/front/image, /rear/hbmem_img, /side/image]', '-p', 'hbm_frame_id:=rear_optical'],
      ]);
      peer = new Peer(env);
      await segment.said(/frames in flight/);
      for (const camera of ['front', 'rear', 'side']) {
        await peer.subscribe(`/segment/${camera}/instances`, 'tros_yolo_seg/msg/InstanceArray');
      }
    });

    after(async () => {
      await peer?.end();
      await segment?.stop('SIGKILL');
    });

    /** Publishes until answers come. @returns the stamps sent and the answers */
    async function exchange(
      topic: string,
      camera: string,
      request: object,
    ): Promise<{ sent: Stamps; names: Set<string>; frameIds: Set<string>; sizes: Set<string> }> {
      const results = `/segment/${camera}/instances`;
      await peer.messages(results, true);
      await peer.request('publish', { topic, count: 10_000, period: 0.06, ...request });
      const messages = await peer.received(results, 5);
      const sent = (await peer.request('stop', { topic })) as unknown as Stamps;
      const order = sent.stamps.map((stamp) => stamp.join('.'));
      // An answer to a frame of the test before may come late.
      const positions = messages.map(({ stamp }) => order.indexOf(stamp.join('.'))).filter((at) => at >= 0);
      assert.ok(positions.length >= 4);
      assert.ok(
        positions.every((at, rank) => rank === 0 || at > positions[rank - 1]!),
        String(positions),
      );
      const contents = messages.slice(1).map(({ message }) => message as unknown as Content);
      return {
        sent,
        frameIds: new Set(messages.slice(1).map(({ frame_id }) => frame_id)),
        sizes: new Set(contents.map(({ image_width, image_height }) => `${image_width}x${image_height}`)),
        names: new Set(contents.flatMap(({ instances }) => instances.map(({ class_name }) => class_name))),
      };
    }

    const image = { type: 'sensor_msgs/msg/Image', width: 640, height: 480 };

    for (const encoding of ['nv12', 'bgr8', 'rgb8', 'mono8']) {
      it(`takes sensor_msgs/Image in ${encoding}`, async () => {
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
      it(`takes hbm_img_msgs/${type}, found by its publisher, with TROS's QoS`, async () => {
        const { sizes, frameIds } = await exchange('/rear/hbmem_img', 'rear', {
          ...{ type: `hbm_img_msgs/msg/${type}`, width, height, step: 0, period: 0.15 },
          ...{ reliability: 'best_effort', depth: 5 },
        });
        assert.deepEqual([...sizes], [`${width}x${height}`]);
        assert.deepEqual([...frameIds], ['rear_optical']);
      });
    }

    it('takes sensor_msgs/CompressedImage', async () => {
      const file = join(repository, `build/ros/${middleware}-${transport}.jpg`);
      await sharp({ create: { width: 320, height: 240, channels: 3, background: '#456' } })
        .jpeg()
        .toFile(file);
      const size = readFileSync(file).length;
      const { sizes } = await exchange('/side/image', 'side', {
        ...{ type: 'sensor_msgs/msg/CompressedImage', encoding: 'jpeg', width: 320, height: 240, file, size },
      });
      assert.deepEqual([...sizes], ['320x240']);
    });

    it('takes JPEG in HbmMsg480P whatever takes the rest, and NV12 of the next publisher as before', async () => {
      const auto = startSegment(prefix, env, [
        ...emulated(transport),
        ...['-r', '__node:=jpeg', '-p', 'camera_transport:=auto', '-p', 'images:=[/jpeg/hbmem_img]'],
      ]);
      try {
        const taken = /Images from \/jpeg\/hbmem_img \(.*, native\)/;
        await peer.subscribe('/jpeg/instances', 'tros_yolo_seg/msg/InstanceArray');
        const file = join(repository, `build/ros/${middleware}-${transport}-hbm.jpg`);
        await sharp({ create: { width: 320, height: 240, channels: 3, background: '#456' } })
          .jpeg()
          .toFile(file);
        const topic = '/jpeg/hbmem_img';
        const hbm = { topic, type: 'hbm_img_msgs/msg/HbmMsg480P', count: 10_000, period: 0.1 };
        const data_size = readFileSync(file).length;
        await peer.request('publish', {
          ...hbm,
          ...{ encoding: 'jpeg', width: 320, height: 240, file, data_size },
        });
        const sizes = async (): Promise<string[]> => {
          await peer.messages('/jpeg/instances', true);
          const messages = (await peer.received('/jpeg/instances', 3)).slice(1);
          const contents = messages.map(({ message }) => message as unknown as Content);
          return [
            ...new Set(contents.map(({ image_width, image_height }) => `${image_width}x${image_height}`)),
          ];
        };
        assert.deepEqual(await sizes(), ['320x240']);
        const native = taken.test(auto.output);
        if (native) assert.match(auto.output, /hbmem_img sends JPEG: its messages are taken by rclnodejs/);
        await peer.request('stop', { topic });
        await peer.request('publish', { ...hbm, width: 640, height: 480, step: 0 });
        await until('NV12', async () => (await sizes()).join() === '640x480');
        // The node looks at publishers twice a second: NV12 may come by rclnodejs at first.
        const last = /Images from \/jpeg\/hbmem_img \(.*, (native|rclnodejs)\)(?![^]*Images from)/;
        await until('the transport of before', () =>
          Promise.resolve(last.exec(auto.output)![1] === (native ? 'native' : 'rclnodejs')),
        );
        assert.deepEqual(await sizes(), ['640x480']);
        await peer.request('stop', { topic });
      } finally {
        await auto.stop();
      }
    });

    it('serves three cameras at once, each in order', async () => {
      const topics = ['/front/image', '/rear/hbmem_img', '/side/image'];
      const cameras = ['front', 'rear', 'side'];
      for (const camera of cameras) await peer.messages(`/segment/${camera}/instances`, true);
      for (const topic of topics) {
        await peer.request('publish', { ...image, topic, count: 10_000, period: 0.05, frame_id: topic });
      }
      for (const [at, camera] of cameras.entries()) {
        const messages = await peer.received(`/segment/${camera}/instances`, 10);
        assert.ok(messages.every(({ frame_id }) => frame_id === topics[at]));
      }
      for (const topic of topics) await peer.request('stop', { topic });
    });

    it('names both sides when a publisher cannot be heard', async () => {
      const strict = startSegment(prefix, env, [
        ...emulated(transport),
        ...['-r', '__node:=strict', '-p', 'image_qos:=reliable', '-p', 'images:=[/lossy]'],
      ]);
      try {
        await peer.request('publish', {
          ...image,
          topic: '/lossy',
          count: 10_000,
          period: 0.1,
          reliability: 'best_effort',
        });
        await strict.said(/QoS reliable, volatile of this node on \/lossy but \/peer offers best effort/);
      } finally {
        await strict.stop();
        await peer.request('stop', { topic: '/lossy' });
      }
    });

    it('says what is wrong and ends with 1 when it cannot start', async () => {
      for (const [argument, said] of [
        ['model:=/nowhere.onnx', /nowhere\.onnx/],
        ['score:=2.0', /Expected a number from 0 to 1 for parameter score but received 2/],
        ['image_type:=jpeg', /Expected one of auto, image, compressed.* but received jpeg/],
        ['work_config:=/nowhere.json', /nowhere\.json/],
      ] as const) {
        const { code, output } = await command(
          [join(prefix, 'lib/tros_yolo_seg/segment'), '--ros-args', '-r', '__node:=wrong', '-p', argument],
          env,
        );
        assert.match(output, said);
        assert.equal(code, 1, output);
      }
    });

    it('goes on when publishers are killed and come back', async () => {
      for (let round = 0; round < 3; round++) {
        const other = new Peer(env);
        await peer.messages('/segment/front/instances', true);
        await other.request('publish', { ...image, topic: '/front/image', count: 10_000, period: 0.05 });
        await peer.received('/segment/front/instances', 2);
        await other.end();
      }
      await until('silence', async () => {
        await peer.messages('/segment/front/instances', true);
        await new Promise((resolve) => setTimeout(resolve, 300));
        return (await peer.messages('/segment/front/instances')).length === 0;
      });
      assert.equal(segment.exitCode, null);
    });
  });
}

interface Content {
  image_width: number;
  image_height: number;
  instances: { class_name: string }[];
}
