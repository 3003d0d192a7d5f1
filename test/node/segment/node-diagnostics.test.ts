import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'mocha';
import type { Engine } from '../../../src/engine/engine.js';
import { messageType } from '../../../src/message/message-type.js';
import { CameraHealth } from '../../../src/node/segment/camera-health.js';
import type { EngineFacts } from '../../../src/node/segment/engine-health.js';
import type { ImageSubscription } from '../../../src/node/segment/image-subscription.js';
import { NodeDiagnostics } from '../../../src/node/segment/node-diagnostics.js';
import type { CameraCounts } from '../../../src/pipeline/live-segmenter.js';
import { readBack } from '../../message/write/samples.js';
import { FakeRos } from '../fake-ros.js';

interface DiagnosticArray {
  header: { stamp: { sec: number; nanosec: number }; frame_id: string };
  status: {
    level: number;
    name: string;
    message: string;
    hardware_id: string;
    values: { key: string; value: string }[];
  }[];
}

const FACTS: Omit<EngineFacts, 'middleware'> = {
  engine: {
    kind: 'bpu',
    slots: 2,
    model: { file: '/m.bin', input: { width: 640, height: 640 } },
  } as unknown as Engine,
  modelName: 'm',
  classCount: 80,
  unknownClasses: 0,
  inFlight: 1,
  state: 'active',
  enabled: true,
  problem: undefined,
};

describe('NodeDiagnostics', () => {
  let ros: FakeRos;
  let diagnostics: NodeDiagnostics;

  beforeEach(() => {
    ros = new FakeRos({}, 'rmw_zenoh_cpp');
    diagnostics = new NodeDiagnostics(ros.node);
  });

  /** The diagnostics of a camera, whose only publisher sends what does not fit if there is a problem. */
  const camera = (topic: string, problem?: string): CameraHealth => {
    const input = {
      ...{ topic, messageType: 'sensor_msgs/msg/Image', qos: 'reliable, volatile', publisherCount: 1 },
      ...{ received: 0, skipped: 0, malformed: 0, problem },
    };
    const counts: CameraCounts = { offered: 0, dropped: 0, answered: 0, failed: 0, discarded: 0 };
    return new CameraHealth(
      input as unknown as ImageSubscription,
      () => counts,
      () => ({ overlay: { skipped: 0 }, maps: { skipped: 0 } }),
      () => true,
      () => 5000,
    );
  };

  /** The statuses of the last message but the board's, which depends on this machine. */
  const sent = (): DiagnosticArray['status'] =>
    readBack<DiagnosticArray>(
      messageType('diagnostic_msgs/DiagnosticArray'),
      ros.published.at(-1)!,
    ).status.filter(({ name }) => !name.endsWith(': board'));

  it('publishes the engine first, then each camera, under the name of the node without its slash', () => {
    diagnostics.publish(FACTS, [camera('/front/image'), camera('/rear/image', 'no publisher fits')]);
    assert.deepEqual(ros.publishedOn, ['/diagnostics']);
    assert.deepEqual(
      sent().map(({ name, level, message, hardware_id }) => [name, level, message, hardware_id]),
      [
        ['node: engine', 0, 'm on bpu, active', 'bpu'],
        ['node: /front/image', 0, '0.0 frames a second', 'bpu'],
        ['node: /rear/image', 2, 'no publisher fits', 'bpu'],
      ],
    );
    const values = Object.fromEntries(sent()[0]!.values.map(({ key, value }) => [key, value]));
    assert.equal(values['middleware'], 'rmw_zenoh_cpp');
  });

  it('has the time of the ROS clock, and no frame_id', () => {
    diagnostics.publish(FACTS, []);
    const { header } = readBack<DiagnosticArray>(
      messageType('diagnostic_msgs/DiagnosticArray'),
      ros.published[0]!,
    );
    assert.deepEqual(header, { stamp: { sec: 5, nanosec: 7 }, frame_id: '' });
  });

  it('says that cameras are disabled, and names no hardware without an engine', () => {
    diagnostics.publish({ ...FACTS, engine: undefined, enabled: false, state: 'inactive' }, [
      camera('/image'),
    ]);
    assert.deepEqual(
      sent().map(({ message, hardware_id }) => [message, hardware_id]),
      [
        ['inactive: no model is loaded', 'none'],
        ['disabled', ''],
      ],
    );
  });

  it('keeps the latest message for the live page', () => {
    assert.equal(diagnostics.latest, undefined);
    diagnostics.publish(FACTS, []);
    diagnostics.publish({ ...FACTS, problem: 'model.bin is cut off' }, []);
    assert.deepEqual(Uint8Array.from(diagnostics.latest!), ros.published[1]);
    assert.match(sent()[0]!.message, /last problem: model\.bin is cut off$/);
  });
});
