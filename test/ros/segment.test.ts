import assert from 'node:assert/strict';
import { before, it } from 'mocha';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { repository } from '../data.js';
import type { Peer, PeerMessage } from './peer.js';
import type { RosProcess } from './processes.js';
import { DEMO_CLASSES, emulated } from './recorded-model.js';
import { describeRos } from './suite.js';
import { rosSkip, setups } from './workspace.js';

const CAMERA = '/camera/image_raw';
const NODE = '/robot/segment';
/** Renamed by a remap. */
const TROS = '/robot/results';
const FRAMES = 30;
const IMAGE = { type: 'sensor_msgs/msg/Image', width: 640, height: 480, encoding: 'nv12' };

/** Topics of results with one message for each frame. */
const RESULTS: Readonly<Record<string, string>> = {
  '/robot/segment/detections': 'vision_msgs/msg/Detection2DArray',
  '/robot/segment/instances': 'tros_yolo_seg/msg/InstanceArray',
  '/robot/segment/instance_map': 'sensor_msgs/msg/Image',
  '/robot/segment/instance_map/compressed': 'sensor_msgs/msg/CompressedImage',
  '/robot/segment/instance_picture': 'sensor_msgs/msg/Image',
  '/robot/segment/class_map': 'sensor_msgs/msg/Image',
  '/robot/segment/confidence': 'sensor_msgs/msg/Image',
  '/robot/segment/overlay': 'sensor_msgs/msg/Image',
  '/robot/segment/overlay/compressed': 'sensor_msgs/msg/CompressedImage',
  '/robot/segment/annotations': 'foxglove_msgs/msg/ImageAnnotations',
  [TROS]: 'ai_msgs/msg/PerceptionTargets',
};

/** Those of them that have a stamp and no frame is left out of. */
const STAMPED = Object.keys(RESULTS).filter((topic) => !/annotations|compressed/.test(topic));

for (const { middleware, transport, name } of setups) {
  describeRos(rosSkip, `the node segment on ${name}`, middleware, (ros) => {
    let segment: RosProcess;
    let peer: Peer;

    before(async () => {
      // Namespace, fully qualified and wildcard keys in a file, and remaps, as a launch file gives them.
      const file = join(ros.folder, 'parameters.yaml');
      writeFileSync(
        file,
        '/robot/segment:\n  ros__parameters:\n    score: 0.3\n    max_detections: 50\n' +
          '/**/segment:\n  ros__parameters:\n    iou: 0.6\n' +
          '/other/segment:\n  ros__parameters:\n    iou: 0.1\n',
      );
      segment = ros.node('segment', [
        ...['--params-file', file, '-r', '__ns:=/robot', '-r', 'image:=/camera/image_raw'],
        ...['-r', `hobot_dnn_detection:=${TROS}`],
        ...emulated(transport),
      ]);
      peer = ros.peer();
      await segment.said(/frames in flight/);
      for (const [topic, type] of Object.entries(RESULTS)) await peer.subscribe(topic, type);
      await peer.subscribe('/robot/segment/label_info', 'vision_msgs/msg/LabelInfo', {
        durability: 'transient_local',
      });
      await peer.subscribe('/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray');
    });

    it('publishes a result for each frame on every topic, in order, with its stamp and frame_id', async () => {
      // Discovery takes its time: from the first answer on each topic on, nothing may be missing.
      await publish(1);
      for (const topic of Object.keys(RESULTS)) await peer.received(topic, 1);
      await peer.finish(CAMERA);
      const before = await diagnostics();
      for (const topic of Object.keys(RESULTS)) await peer.forget(topic);

      await publish(FRAMES, { frame_id: 'front_optical' });
      const { stamps } = await peer.finish(CAMERA);
      const sent = stamps.map((stamp) => stamp.join('.'));
      const answered = stampsOf(peer.messages('/robot/segment/instances'));
      // Best effort loses frames on a busy machine, and the newest frame wins; those that were taken have one answer each.
      const positions = answered.map((stamp) => sent.indexOf(stamp));
      assert.ok(positions.every((at, rank) => at >= 0 && (rank === 0 || at > positions[rank - 1]!)));
      const after = await diagnostics();
      const grown = (name: string): number => Number(after[name]) - Number(before[name]);
      assert.equal(grown('answered'), answered.length);
      assert.equal(grown('received'), answered.length + grown('dropped') + grown('discarded'));
      for (const topic of Object.keys(RESULTS)) {
        const counter = topic.includes('map') ? 'maps_skipped' : 'overlays_skipped';
        const skipped = topic.endsWith('compressed') ? grown(counter) : 0;
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

    it('publishes consistent results on all topics', async () => {
      const [detections, instances, targets, map, overlay] = [
        '/robot/segment/detections',
        '/robot/segment/instances',
        TROS,
        '/robot/segment/instance_map',
        '/robot/segment/overlay',
      ].map((topic) => peer.messages(topic).at(-1)!.message) as unknown as [
        Detections,
        Instances,
        Targets,
        Picture,
        Picture,
      ];
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
      for (const [topic, encoding, bytes] of [
        ['instance_picture', 'rgb8', 3],
        ['class_map', 'mono8', 1],
        ['confidence', 'mono8', 1],
      ] as const) {
        const picture = peer.messages(`/robot/segment/${topic}`).at(-1)!.message as unknown as Picture;
        assert.deepEqual([picture.width, picture.height, picture.encoding], [640, 480, encoding]);
        assert.equal(picture.data_digest.length, 640 * 480 * bytes);
      }
      const mapTarget = targets.targets.at(-1)!;
      assert.deepEqual([mapTarget.type, mapTarget.rois.length], ['parking_space', 1]);
      const { img, features } = mapTarget.captures[0]!;
      assert.deepEqual([img.width, img.height, features.length], [160, 120, 160 * 120]);
      const [labels] = await peer.received('/robot/segment/label_info', 1);
      const { class_map } = labels!.message as { class_map: { class_name: string }[] };
      assert.deepEqual(
        class_map.map(({ class_name }) => class_name),
        DEMO_CLASSES,
      );
    });

    it('repeats the class names, on a topic that follows the remap of another', async () => {
      const topic = `${TROS}_info`;
      // As TROS's navigation does: volatile, long after the model was loaded.
      await peer.subscribe(topic, 'ai_msgs/msg/PerceptionInfo');
      const messages = await peer.received(topic, 2);
      for (const { message } of messages) {
        assert.deepEqual((message as { class_names: string[] }).class_names, DEMO_CLASSES);
      }
    });

    it('accepts parameters from files for its full name, by wildcards, and while running', async () => {
      assert.deepEqual(await get('score', 'max_detections', 'iou'), [0.3, 50, 0.6]);
      assert.equal((await set('score', { type: 2, integer_value: 1 })).successful, true);
      assert.deepEqual(await get('score'), [1]);
      for (const [name, value, reason] of [
        ['score', { type: 3, double_value: 1.5 }, /a number from 0 to 1/],
        ['classes', { type: 9, string_array_value: ['circle', 'unicorn'] }, /unicorn.*circle, square/s],
        ['model', { type: 4, string_value: 'x.bin' }, /unconfigured/],
      ] as const) {
        const answer = await set(name, value);
        assert.equal(answer.successful, false);
        assert.match(answer.reason, reason);
      }
      assert.equal((await set('score', { type: 3, double_value: 0.3 })).successful, true);
    });

    it('shows its parameters to ros2 param, which sets them', async () => {
      const list = await ros.ros2(['param', 'list', NODE], /score/);
      for (const name of ['score', 'images', 'model', 'use_sim_time'])
        assert.match(list, new RegExp(`^\\s*${name}$`, 'm'));
      assert.match(await ros.ros2(['param', 'describe', NODE, 'score']), /Min value: 0\.0\s+Max value: 1\.0/);
      assert.match(await ros.ros2(['param', 'set', NODE, 'score', '0.3']), /successful/);
      assert.match(await ros.ros2(['param', 'get', NODE, 'score']), /value is: 0\.3/);
    });

    it('reports only the requested classes', async () => {
      const table = '/robot/segment/label_info';
      await peer.forget(table);
      await set('classes', { type: 9, string_array_value: ['circle', 'star'] });
      const messages = await publish(3);
      await peer.finish(CAMERA);
      const names = messages.flatMap(({ message }) =>
        (message as unknown as Instances).instances.map((i) => i.class_name),
      );
      assert.ok(names.length > 0);
      assert.ok(
        names.every((name) => ['circle', 'star'].includes(name)),
        names.join(),
      );
      // A costmap would report classes that never come.
      const [told] = await peer.received(table, 1);
      const { class_map } = told!.message as { class_map: { class_name: string }[] };
      assert.deepEqual(class_map.map(({ class_name }) => class_name).sort(), ['circle', 'star']);
      await peer.forget(table);
      await set('classes', { type: 9, string_array_value: [''] });
      const [all] = await peer.received(table, 1);
      assert.equal((all!.message as { class_map: unknown[] }).class_map.length, DEMO_CLASSES.length);
    });

    it('can be enabled and disabled by a service', async () => {
      const answer = await peer.call('/robot/segment/enable', 'std_srvs/srv/SetBool', { data: false });
      assert.equal(answer['success'], true);
      await peer.request('graph', { topic: CAMERA, subscribers: 0 });
      await peer.call('/robot/segment/enable', 'std_srvs/srv/SetBool', { data: true });
    });

    it('loads another model, and keeps the current one if the other is invalid', async () => {
      const bad = await peer.call('/robot/segment/load_model', 'tros_yolo_seg/srv/LoadModel', {
        model: '/nowhere/model.bin',
      });
      assert.equal(bad['success'], false);
      assert.match(String(bad['message']), /nowhere/);
      const good = await peer.call('/robot/segment/load_model', 'tros_yolo_seg/srv/LoadModel', {
        model: join(repository, 'models/scene-n-seg.onnx'),
      });
      assert.deepEqual(good, { success: true, message: 'scene-n-seg on onnx is in use' });
      assert.match(String(await get('model')), /scene-n-seg\.onnx/);
      await publish(2);
      await peer.finish(CAMERA);
    });

    it('follows ros2 lifecycle', async () => {
      assert.match(await ros.ros2(['lifecycle', 'nodes'], /segment/), /\/robot\/segment/);
      assert.match(await ros.ros2(['lifecycle', 'list', NODE]), /deactivate \[4\]/);
      assert.match(await ros.ros2(['lifecycle', 'set', NODE, 'deactivate']), /successful/);
      assert.match(await ros.ros2(['lifecycle', 'get', NODE]), /inactive \[2\]/);
      assert.match(await ros.ros2(['lifecycle', 'set', NODE, 'activate']), /successful/);
    });

    it('goes through the life cycle, also when a model cannot be loaded', async () => {
      const [configure, cleanup, activate, deactivate] = [1, 2, 3, 4];
      const state = async (): Promise<unknown> => {
        const answer = await peer.call(`${NODE}/get_state`, 'lifecycle_msgs/srv/GetState');
        return (answer['current_state'] as { label: unknown }).label;
      };
      const change = async (id: number): Promise<unknown> =>
        (await peer.call(`${NODE}/change_state`, 'lifecycle_msgs/srv/ChangeState', { transition: { id } }))[
          'success'
        ];
      assert.equal(await state(), 'active');
      assert.equal(await change(deactivate), true);
      assert.equal(await change(cleanup), true);
      assert.equal(await state(), 'unconfigured');
      assert.equal((await set('model', { type: 4, string_value: '/nowhere.onnx' })).successful, true);
      assert.equal(await change(configure), false);
      assert.equal(await state(), 'unconfigured');
      assert.equal((await set('model', { type: 4, string_value: '' })).successful, true);
      assert.equal(await change(configure), true);
      assert.equal(await change(activate), true);
      await publish(2);
      await peer.finish(CAMERA);
    });

    it('reports its state on /diagnostics', async () => {
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

    /** Publishes, an image after the answers to the last, until so many have come. @returns what is on ~/instances */
    async function publish(answers: number, extra: object = {}): Promise<readonly PeerMessage[]> {
      await peer.forget('/robot/segment/instances');
      await peer.request('publish', { ...IMAGE, topic: CAMERA, period: 0.5, paced: STAMPED, ...extra });
      return peer.received('/robot/segment/instances', answers);
    }

    /** The values of diagnostics that were made after now, all parts together. */
    async function diagnostics(parts?: string[]): Promise<Record<string, string>> {
      // The next ones may be on their way.
      const { message } = await peer.next('/diagnostics', 2);
      const { status } = message as unknown as { status: Status[] };
      if (parts)
        assert.deepEqual(
          status.map(({ name }) => name),
          parts,
        );
      return Object.fromEntries(status.flatMap(({ values }) => values.map(({ key, value }) => [key, value])));
    }

    const set = (name: string, value: object): Promise<{ successful: boolean; reason: string }> =>
      peer.set(NODE, name, value);

    /** Values of parameters: numbers and strings. */
    async function get(...names: string[]): Promise<unknown[]> {
      const answer = await peer.call(`${NODE}/get_parameters`, 'rcl_interfaces/srv/GetParameters', { names });
      return (answer['values'] as Record<string, unknown>[]).map(
        ({ type, integer_value: integer, double_value: double, string_value: string }) =>
          type === 2 ? integer : type === 3 ? double : string,
      );
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
  targets: {
    type: string;
    rois: { type: string }[];
    points: { type: string }[];
    captures: { img: { width: number; height: number }; features: number[] }[];
  }[];
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
