import assert from 'node:assert/strict';
import { after, before, it } from 'mocha';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeFileSync } from 'node:fs';
import { repository } from '../data.js';
import { command, Peer, type PeerMessage, type RosProcess, until } from './processes.js';
import { DEMO_CLASSES, emulated, startSegment } from './segment-process.js';
import { rosSkip, rosWorkspace, setups } from './workspace.js';
import { describeUnless } from '../skips.js';

const CAMERA = '/camera/image_raw';
const FRAMES = 30;
const IMAGE = { type: 'sensor_msgs/msg/Image', width: 640, height: 480, encoding: 'nv12' };

/** Topics of results with one message for each frame. */
const RESULTS: Readonly<Record<string, string>> = {
  '/robot/segment/detections': 'vision_msgs/msg/Detection2DArray',
  '/robot/segment/instances': 'tros_yolo_seg/msg/InstanceArray',
  '/robot/segment/instance_map': 'sensor_msgs/msg/Image',
  '/robot/segment/overlay': 'sensor_msgs/msg/Image',
  '/robot/segment/overlay/compressed': 'sensor_msgs/msg/CompressedImage',
  '/robot/segment/annotations': 'foxglove_msgs/msg/ImageAnnotations',
  '/robot/hobot_dnn_detection': 'ai_msgs/msg/PerceptionTargets',
};

for (const { middleware, transport, name, index } of setups) {
  describeUnless(rosSkip, `the node segment on ${name}`, () => {
    let env: NodeJS.ProcessEnv;
    let segment: RosProcess;
    let peer: Peer;

    before(async () => {
      const workspace = rosWorkspace();
      env = workspace.env(middleware, 40 + index);
      // Namespace, fully qualified and wildcard keys in a file, and remaps, as a launch file gives them.
      const file = join(repository, `build/ros/segment-${middleware}-${transport}.yaml`);
      writeFileSync(
        file,
        '/robot/segment:\n  ros__parameters:\n    score: 0.3\n    max_detections: 50\n' +
          '/**/segment:\n  ros__parameters:\n    iou: 0.6\n' +
          '/other/segment:\n  ros__parameters:\n    iou: 0.1\n',
      );
      segment = startSegment(workspace.prefix, env, [
        ...['--params-file', file, '-r', '__ns:=/robot', '-r', 'image:=/camera/image_raw'],
        ...emulated(transport),
      ]);
      peer = new Peer(env);
      await segment.said(/frames in flight/);
      for (const [topic, type] of Object.entries(RESULTS)) await peer.subscribe(topic, type);
      await peer.subscribe('/robot/segment/label_info', 'vision_msgs/msg/LabelInfo', {
        durability: 'transient_local',
      });
      await peer.subscribe('/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray');
    });

    after(async () => {
      await peer?.end();
      await segment?.stop('SIGKILL');
      await command(['ros2', 'daemon', 'stop'], env);
    });

    it('answers each frame on every topic, in order, with its stamp and frame_id', async () => {
      // Discovery takes its time: from the first answer on each topic on, nothing may be missing.
      await publish(1);
      for (const topic of Object.keys(RESULTS)) await peer.received(topic, 1);
      await stop();
      const before = await diagnostics();
      for (const topic of Object.keys(RESULTS)) await peer.messages(topic, true);

      await publish(FRAMES, { frame_id: 'front_optical' });
      const { stamps } = await stop();
      const sent = stamps.map((stamp) => stamp.join('.'));
      const answered = stampsOf(await peer.messages('/robot/segment/instances'));
      // Best effort loses frames on a busy machine, and the newest frame wins; those that were taken have one answer each.
      const positions = answered.map((stamp) => sent.indexOf(stamp));
      assert.ok(positions.every((at, rank) => at >= 0 && (rank === 0 || at > positions[rank - 1]!)));
      const after = await diagnostics();
      const grown = (name: string): number => Number(after[name]) - Number(before[name]);
      assert.equal(grown('answered'), answered.length);
      assert.equal(grown('received'), answered.length + grown('dropped') + grown('discarded'));
      for (const topic of Object.keys(RESULTS)) {
        const skipped = topic.endsWith('compressed') ? grown('overlays_skipped') : 0;
        const messages = await peer.received(topic, answered.length - skipped);
        if (topic.endsWith('annotations')) {
          assert.equal(messages.length, answered.length, topic); // they have no header
        } else {
          // Of the frames before, some overlay may still have been in the making.
          const stamps = stampsOf(messages).filter((stamp) => sent.includes(stamp));
          if (skipped === 0) assert.deepEqual(stamps, answered, topic);
          else assert.equal(stamps.length, answered.length - skipped, topic);
          assert.equal(messages.at(-1)!.frame_id, 'front_optical', topic);
        }
      }
    });

    it('says the same on all topics', async () => {
      const [detections, instances, targets, map, overlay] = (await Promise.all(
        [
          '/robot/segment/detections',
          '/robot/segment/instances',
          '/robot/hobot_dnn_detection',
          '/robot/segment/instance_map',
          '/robot/segment/overlay',
        ].map(async (topic) => (await peer.messages(topic)).at(-1)!.message),
      )) as unknown as [Detections, Instances, Targets, Picture, Picture];
      assert.ok(instances.instances.length > 0, 'the model sees shapes');
      assert.equal(detections.detections.length, instances.instances.length);
      for (const [rank, { class_name, score, box, mask }] of instances.instances.entries()) {
        const { bbox, results } = detections.detections[rank]!;
        assert.equal(results[0]!.hypothesis.class_id, class_name);
        assert.ok(DEMO_CLASSES.includes(class_name));
        assert.ok(Math.abs(results[0]!.hypothesis.score - score) < 1e-6 && score >= 0.3);
        assert.ok(Math.abs(bbox.size_x - box.width) < 1e-3);
        const target = targets.targets[rank]!;
        assert.equal(target.rois[0]!.type, class_name);
        assert.equal(target.points[0]!.type, 'mask');
        assert.equal(
          mask.runs.reduce((sum, run) => sum + run, 0),
          mask.width * mask.height,
        );
      }
      assert.deepEqual([instances.image_width, instances.image_height], [640, 480]);
      assert.deepEqual([map.width, map.height, map.encoding], [640, 480, 'mono16']);
      assert.deepEqual([overlay.width, overlay.height, overlay.encoding], [640, 480, 'rgb8']);
      assert.equal(overlay.data_digest.length, 640 * 480 * 3);
      const perfs = targets.perfs.map(({ type }) => type);
      assert.ok(perfs.some((type) => type.endsWith('_predict_infer')) && perfs.length === 4);
      const [labels] = await peer.received('/robot/segment/label_info', 1);
      const { class_map } = labels!.message as { class_map: { class_name: string }[] };
      assert.deepEqual(
        class_map.map(({ class_name }) => class_name),
        DEMO_CLASSES,
      );
    });

    it('takes parameters from files for its full name, by wildcards, and while running', async () => {
      assert.equal(await get('score'), 0.3);
      assert.equal(await get('max_detections'), 50);
      assert.equal(await get('iou'), 0.6);
      const list = await ros2(['param', 'list', '/robot/segment']);
      for (const name of ['score', 'images', 'model', 'use_sim_time'])
        assert.match(list, new RegExp(`^\\s*${name}$`, 'm'));
      assert.match(
        await ros2(['param', 'describe', '/robot/segment', 'score']),
        /Min value: 0\.0\s+Max value: 1\.0/,
      );
      assert.match(await ros2(['param', 'set', '/robot/segment', 'score', '1']), /successful/);
      assert.equal(await get('score'), 1);
      assert.match(await ros2(['param', 'set', '/robot/segment', 'score', '1.5']), /a number from 0 to 1/);
      assert.match(
        await ros2(['param', 'set', '/robot/segment', 'classes', '[circle, unicorn]']),
        /unicorn.*circle, square/s,
      );
      assert.match(await ros2(['param', 'set', '/robot/segment', 'model', 'x.bin']), /unconfigured/);
      assert.match(await ros2(['param', 'set', '/robot/segment', 'score', '0.3']), /successful/);
    });

    it('reports classes that are asked for, only', async () => {
      assert.match(await ros2(['param', 'set', '/robot/segment', 'classes', '[circle, star]']), /successful/);
      const messages = await publish(3);
      await stop();
      const names = messages.flatMap(({ message }) =>
        (message as unknown as Instances).instances.map((i) => i.class_name),
      );
      assert.ok(
        names.every((name) => ['circle', 'star'].includes(name)),
        names.join(),
      );
      assert.match(await ros2(['param', 'set', '/robot/segment', 'classes', "['']"]), /successful/);
    });

    it('is enabled and disabled by a service', async () => {
      const answer = await peer.call('/robot/segment/enable', 'std_srvs/srv/SetBool', { data: false });
      assert.equal(answer['success'], true);
      await until('the subscription to go', async () => (await graph('/camera/image_raw')).subscribers === 0);
      await peer.call('/robot/segment/enable', 'std_srvs/srv/SetBool', { data: true });
    });

    it('loads another model, and keeps the one it has when the other is bad', async () => {
      const bad = await peer.call('/robot/segment/load_model', 'tros_yolo_seg/srv/LoadModel', {
        model: '/nowhere/model.bin',
      });
      assert.equal(bad['success'], false);
      assert.match(String(bad['message']), /nowhere/);
      const good = await peer.call('/robot/segment/load_model', 'tros_yolo_seg/srv/LoadModel', {
        model: join(repository, 'models/scene-n-seg.onnx'),
      });
      assert.deepEqual(good, { success: true, message: 'scene-n-seg on onnx is in use' });
      assert.match(await ros2(['param', 'get', '/robot/segment', 'model']), /scene-n-seg\.onnx/);
      await publish(2);
      await stop();
    });

    it('follows the life cycle that ros2 lifecycle asks for', async () => {
      const state = (): Promise<string> => ros2(['lifecycle', 'get', '/robot/segment']);
      assert.match(await ros2(['lifecycle', 'nodes']), /\/robot\/segment/);
      assert.match(await state(), /active \[3\]/);
      assert.match(await ros2(['lifecycle', 'list', '/robot/segment']), /deactivate \[4\]/);
      assert.match(await ros2(['lifecycle', 'set', '/robot/segment', 'deactivate']), /successful/);
      assert.match(await state(), /inactive \[2\]/);
      assert.match(await ros2(['lifecycle', 'set', '/robot/segment', 'cleanup']), /successful/);
      assert.match(await state(), /unconfigured \[1\]/);
      assert.match(await ros2(['param', 'set', '/robot/segment', 'model', '/nowhere.onnx']), /successful/);
      assert.match(await ros2(['lifecycle', 'set', '/robot/segment', 'configure']), /failed/i);
      assert.match(await state(), /unconfigured \[1\]/);
      assert.match(await ros2(['param', 'set', '/robot/segment', 'model', "''"]), /successful/);
      assert.match(await ros2(['lifecycle', 'set', '/robot/segment', 'configure']), /successful/);
      assert.match(await ros2(['lifecycle', 'set', '/robot/segment', 'activate']), /successful/);
      await publish(2);
      await stop();
    });

    it('says on /diagnostics how it is', async () => {
      const values = await diagnostics(['robot/segment: engine', 'robot/segment: /camera/image_raw']);
      assert.equal(values['middleware'], middleware);
      assert.equal(values['message_type'], 'sensor_msgs/msg/Image');
      assert.ok(Number(values['answered']) > 0 && Number(values['inference_p50_ms']) > 0);
    });

    it('ends cleanly on SIGINT', async () => {
      await publish(2);
      assert.equal(await segment.stop('SIGINT'), 0);
      assert.doesNotMatch(segment.output, /terminate|Error:|rcutils|rcl_shutdown/);
    });

    /** Publishes at 20 Hz until so many answers have come. @returns what is on ~/instances */
    async function publish(answers: number, extra: object = {}): Promise<PeerMessage[]> {
      await peer.messages('/robot/segment/instances', true);
      await peer.request('publish', { ...IMAGE, topic: CAMERA, count: 10_000, period: 0.05, ...extra });
      return peer.received('/robot/segment/instances', answers);
    }

    /** Ends publishing, and waits for the last answers. */
    async function stop(): Promise<{ stamps: [number, number][] }> {
      const sent = (await peer.request('stop', { topic: CAMERA })) as unknown as {
        stamps: [number, number][];
      };
      await sleep(2100); // two diagnostics
      return sent;
    }

    /** The values of the newest diagnostics, all parts together. */
    async function diagnostics(parts?: string[]): Promise<Record<string, string>> {
      const messages = await peer.received('/diagnostics', 2);
      const { status } = messages.at(-1)!.message as unknown as { status: Status[] };
      if (parts)
        assert.deepEqual(
          status.map(({ name }) => name),
          parts,
        );
      return Object.fromEntries(status.flatMap(({ values }) => values.map(({ key, value }) => [key, value])));
    }

    async function graph(topic: string): Promise<{ publishers: number; subscribers: number }> {
      return (await peer.request('graph', { topic })) as unknown as {
        publishers: number;
        subscribers: number;
      };
    }

    async function ros2(args: readonly string[]): Promise<string> {
      for (let attempt = 0; ; attempt++) {
        const { output } = await command(['ros2', ...args], env);
        // The tool's daemon needs some seconds to find nodes.
        if (attempt === 5 || !/Node not found|not found\.?$/m.test(output)) return output;
        await sleep(1000);
      }
    }

    async function get(name: string): Promise<number> {
      return Number(/value is: (.*)/.exec(await ros2(['param', 'get', '/robot/segment', name]))?.[1]);
    }
  });
}

interface Detections {
  detections: {
    bbox: { size_x: number };
    results: { hypothesis: { class_id: string; score: number } }[];
  }[];
}
interface Instances {
  image_width: number;
  image_height: number;
  instances: {
    class_name: string;
    score: number;
    box: { width: number };
    mask: { width: number; height: number; runs: number[] };
  }[];
}
interface Targets {
  targets: { rois: { type: string }[]; points: { type: string }[] }[];
  perfs: { type: string }[];
}
interface Picture {
  width: number;
  height: number;
  encoding: string;
  data_digest: { length: number };
}
interface Status {
  name: string;
  level: unknown;
  message: string;
  values: { key: string; value: string }[];
}

function stampsOf(messages: readonly PeerMessage[]): string[] {
  return messages.map(({ stamp }) => stamp?.join('.'));
}
