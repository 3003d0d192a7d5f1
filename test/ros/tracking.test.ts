import assert from 'node:assert/strict';
import { before, it } from 'mocha';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SceneSource } from '../../src/media/scene/index.js';
import { isBadFrame } from '../../src/vision/picture/frame-source.js';
import { repository } from '../data.js';
import { packedBytes } from '../native/frames.js';
import { diagnosticsOf } from './diagnostics.js';
import type { Peer } from './peer.js';
import { parameters } from './recorded-model.js';
import { describeRos } from './suite.js';
import { rosSkip, setups } from './workspace.js';

const WIDTH = 640;
const HEIGHT = 360;
const CAMERA = '/image';
const INSTANCES = '/segment/instances';
const TARGETS = '/hobot_dnn_detection';
const TYPES: Readonly<Record<string, string>> = {
  [INSTANCES]: 'tros_yolo_seg/msg/InstanceArray',
  '/segment/detections': 'vision_msgs/msg/Detection2DArray',
  [TARGETS]: 'ai_msgs/msg/PerceptionTargets',
  '/segment/annotations': 'foxglove_msgs/msg/ImageAnnotations',
  '/segment/zones': 'tros_yolo_seg/msg/ZoneArray',
};

interface Stamped {
  header: { stamp: { sec: number; nanosec: number } };
}
interface Instances extends Stamped {
  instances: { id: string }[];
}
interface Detections extends Stamped {
  detections: { id: string }[];
}
interface Targets extends Stamped {
  targets: { type: string; track_id: number }[];
  disappeared_targets: { track_id: number }[];
}
interface Annotations {
  timestamp: { sec: number; nanosec: number };
  texts: { text: string }[];
}
interface Zones extends Stamped {
  zones: {
    name: string;
    line: boolean;
    classes: { present: number; entered: number; left: number }[];
    events: { type: number; id: string }[];
  }[];
}

const ids = ({ instances }: Instances): number[] => instances.map(({ id }) => Number(id));
const keyOf = ({ sec, nanosec }: { sec: number; nanosec: number }): string => `${sec}.${nanosec}`;

for (const { middleware, transport, name } of setups) {
  describeRos(rosSkip, `tracking of the node segment on ${name}`, middleware, (ros) => {
    let peer: Peer;
    let count = 0;

    before(async () => {
      const segment = ros.node('segment', [
        ...parameters({ model: join(repository, 'models/scene-n-seg.onnx'), threads: 1, tracking: true }),
        ...parameters({ camera_transport: transport, images: `[${CAMERA}]` }),
        ...['-p', "zones:=['all=0,0 1,0 1,1 0,1']", '-p', "lines:=['gate=100,200 500,200']"],
        // Between two frames of a busy machine, more than the default of 2 s may pass.
        ...['-p', 'track_lost_time:=60.0'],
      ]);
      peer = ros.peer();
      await segment.said(/frames in flight/);
      await peer.subscribe('/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray');
      for (const [topic, type] of Object.entries(TYPES)) await peer.subscribe(topic, type, { depth: 10 });
      const file = join(ros.folder, 'still.nv12');
      for await (const item of new SceneSource({
        width: WIDTH,
        height: HEIGHT,
        count: 1,
        seed: 3,
      }).frames()) {
        assert.ok(!isBadFrame(item));
        writeFileSync(file, packedBytes(item.frame));
      }
      // The same picture over and over.
      await peer.request('publish', {
        ...{ topic: CAMERA, type: 'sensor_msgs/msg/Image', encoding: 'nv12', period: 0.1 },
        ...{ width: WIDTH, height: HEIGHT, file, paced: [INSTANCES] },
      });
    });

    /** The first message in which all objects have an id, above those before. */
    const tracked = async (above: number): Promise<number[]> => {
      const { message } = await peer.find(INSTANCES, `ids above ${above}`, (one) => {
        const found = ids(one.message as unknown as Instances);
        return found.length > 0 && found.every((id) => id > above);
      });
      return ids(message as unknown as Instances);
    };

    it('gives each object an id that stays, the same on every topic', async () => {
      const first = await tracked(0);
      count = first.length;
      assert.deepEqual(
        [...first].sort((a, b) => a - b),
        Array.from({ length: count }, (_, i) => i + 1),
      );
      for (const topic of Object.keys(TYPES)) await peer.received(topic, peer.messages(topic).length + 3);
      const found = new Map(
        peer.messages(INSTANCES).map(({ message }) => {
          const { header } = message as unknown as Instances;
          return [keyOf(header.stamp), ids(message as unknown as Instances)] as const;
        }),
      );
      /** The ids that another topic has for the same frames. */
      const compare = (topic: string, of: (message: unknown) => [string, number[]]): void => {
        const compared = peer.messages(topic).flatMap(({ message }) => {
          const [stamp, others] = of(message);
          const own = found.get(stamp);
          return own?.every((id) => id > 0) ? [[others, own] as const] : [];
        });
        assert.ok(compared.length > 0, topic);
        for (const [others, own] of compared) assert.deepEqual(others, own, topic);
      };
      compare('/segment/detections', (message) => {
        const { header, detections } = message as Detections;
        return [keyOf(header.stamp), detections.map(({ id }) => Number(id))];
      });
      compare(TARGETS, (message) => {
        const { header, targets } = message as Targets;
        // The last target is the map of classes.
        const objects = targets.filter(({ type }) => type !== 'parking_space');
        const own = objects.map(({ track_id: id }) => Number(id));
        return [keyOf(header.stamp), own];
      });
      compare('/segment/annotations', (message) => {
        const { timestamp, texts } = message as Annotations;
        // The best is drawn last.
        return [keyOf(timestamp), texts.map(({ text }) => Number(/#(\d+)/.exec(text)?.[1] ?? 0)).reverse()];
      });
    });

    it('counts in zones and across lines, and says so on /diagnostics', async () => {
      const { message } = await peer.find('/segment/zones', 'all objects', (one) => {
        const { zones } = one.message as unknown as Zones;
        return zones[0]!.classes.reduce((sum, { present }) => sum + present, 0) === count;
      });
      const { zones } = message as unknown as Zones;
      assert.deepEqual(
        zones.map(({ name: zone, line }) => [zone, line]),
        [
          ['all', false],
          ['gate', true],
        ],
      );
      const entered = peer
        .messages('/segment/zones')
        .flatMap((one) => (one.message as unknown as Zones).zones[0]!.events)
        .filter(({ type }) => type === 1);
      assert.deepEqual(new Set(entered.map(({ id }) => Number(id))).size, entered.length);
      await diagnosticsOf(peer, CAMERA, 'the zone', (values) => values['zone_all_present'] === String(count));
      const answer = await peer.call('/segment/reset_counts', 'std_srvs/srv/Trigger');
      assert.equal(answer['success'], true);
      const wrong = { type: 9, string_array_value: ['all=0,0 1,1'] };
      const { successful, reason } = await peer.set('/segment', 'zones', wrong);
      assert.equal(successful, false);
      assert.match(reason, /3 to 100 corners in parameter zones/);
    });

    it('starts over after ~/reset_tracks, and reports which ids have ended', async () => {
      const answer = await peer.call('/segment/reset_tracks', 'std_srvs/srv/Trigger');
      assert.deepEqual([answer['success'], answer['message']], [true, 'all tracks are over; ids go on']);
      const anew = await tracked(count);
      assert.deepEqual(
        [...anew].sort((a, b) => a - b),
        Array.from({ length: count }, (_, i) => count + i + 1),
      );
      const over = await peer.find(TARGETS, 'ids that are over', (one) => {
        return (one.message as unknown as Targets).disappeared_targets.length > 0;
      });
      const gone = (over.message as unknown as Targets).disappeared_targets.map(({ track_id: id }) =>
        Number(id),
      );
      assert.deepEqual(
        gone.sort((a, b) => a - b),
        Array.from({ length: count }, (_, i) => i + 1),
      );
      await diagnosticsOf(peer, CAMERA, 'the reset', (values) => values['track_resets'] === '1');
    });

    it('can be switched off and on while frames arrive', async () => {
      const setTracking = (value: boolean): Promise<{ successful: boolean; reason: string }> =>
        peer.set('/segment', 'tracking', { type: 1, bool_value: value });
      await peer.forget(INSTANCES);
      assert.ok((await setTracking(false)).successful);
      await peer.find(INSTANCES, 'no ids', ({ message }) => {
        const { instances } = message as unknown as Instances;
        return instances.length > 0 && instances.every(({ id }) => id === '');
      });
      assert.ok((await setTracking(true)).successful);
      const again = await tracked(2 * count);
      assert.equal(Math.min(...again), 2 * count + 1);
    });
  });
}
