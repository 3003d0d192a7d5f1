import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, it } from 'mocha';
import { repository } from '../data.js';
import { diagnosticsOf } from './diagnostics.js';
import type { Peer } from './peer.js';
import { parameters } from './recorded-model.js';
import { describeRos } from './suite.js';
import { rosSkip, setups } from './workspace.js';

const TYPES = {
  detections_3d: 'vision_msgs/msg/Detection3DArray',
  markers: 'visualization_msgs/msg/MarkerArray',
  points: 'sensor_msgs/msg/PointCloud2',
  depth_masked: 'sensor_msgs/msg/Image',
  depth_instances: 'sensor_msgs/msg/Image',
} as const;
const TROS = '/hobot_dnn_detection';
const SIZE = [640, 480] as const;

for (const { middleware, transport, name } of setups) {
  describeRos(rosSkip, `depth of the stand-in camera in the node segment on ${name}`, middleware, (ros) => {
    let peer: Peer;

    before(async () => {
      const segment = ros.node('segment', [
        ...parameters({
          model: join(repository, 'models/scene-n-seg.onnx'),
          threads: 1,
          camera_transport: transport,
        }),
        ...parameters({ depth: '[depth/image_raw]', depth_timeout: 5000, score: 0.5 }),
      ]);
      peer = ros.peer();
      await segment.said(/frames in flight/);
      await peer.subscribe('/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray');
    });

    it('publishes 3D objects, points and depth without the objects, paired by stamps', async () => {
      for (const [topic, type] of Object.entries(TYPES))
        await peer.subscribe(`/segment/${topic}`, type, { depth: 5 });
      await peer.subscribe(TROS, 'ai_msgs/msg/PerceptionTargets', { depth: 5 });
      ros.node('camera', [
        ...parameters({
          inputs: `['scene:?size=${SIZE.join('x')}&frames=4&seed=3']`,
          rate: 2,
          depth: 'scene',
        }),
        ...parameters({ message: 'image' }),
      ]);
      for (const topic of Object.keys(TYPES)) await peer.received(`/segment/${topic}`, 2);
      const last = <T>(topic: string): T => peer.messages(topic).at(-1)!.message as T;
      const { detections } = last<Detections>('/segment/detections_3d');
      assert.ok(detections.length > 0);
      for (const { bbox, results } of detections) {
        const { x, y, z } = bbox.center.position;
        // Shapes lie between 1.2 and 6 m, and turned a little.
        const distance = Math.hypot(x, y, z);
        assert.ok(distance > 1 && distance < 9, `${distance}`);
        assert.ok(results[0]!.pose.covariance[0]! > 0);
      }
      const { markers } = last<Markers>('/segment/markers');
      assert.equal(markers.length % 2, 1);
      const cloud = last<Cloud>('/segment/points');
      assert.deepEqual(
        cloud.fields.map((field) => field.name),
        ['x', 'y', 'z', 'rgb', 'class_id', 'confidence', 'instance_id'],
      );
      assert.ok(cloud.width > 500 && cloud.row_step === 28 * cloud.width, `${cloud.width}`);
      for (const topic of ['depth_masked', 'depth_instances'] as const) {
        const picture = last<Picture>(`/segment/${topic}`);
        assert.deepEqual([picture.width, picture.height, picture.encoding], [...SIZE, '16UC1']);
      }
      assert.equal(peer.messages('/segment/points').at(-1)!.frame_id, 'camera');
      await peer.find(TROS, 'a target with its distance', ({ message }) =>
        (message as unknown as Targets).targets.some(({ attributes }) =>
          attributes.some(({ type, value }) => type === 'distance' && value > 1 && value < 9),
        ),
      );
      await diagnosticsOf(peer, '/image', 'pairs', (values) => Number(values['depth_paired']) > 0);
    });
  });
}

interface Detections {
  detections: {
    bbox: { center: { position: { x: number; y: number; z: number } } };
    results: { pose: { covariance: number[] } }[];
  }[];
}
interface Markers {
  markers: unknown[];
}
interface Cloud {
  fields: { name: string }[];
  width: number;
  row_step: number;
}
interface Picture {
  width: number;
  height: number;
  encoding: string;
}
interface Targets {
  targets: { attributes: { type: string; value: number }[] }[];
}
