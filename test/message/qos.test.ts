import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  compatible,
  describeQos,
  IMAGE_QOS,
  LATCHED_QOS,
  PICTURE_QOS,
  type Qos,
  RESULT_QOS,
  SENSOR_QOS,
  qosText,
} from '../../src/message/qos.js';
import type { RclEndpoint } from '../../src/node/ros/rclnodejs.js';
import { endpointQos } from '../../src/node/ros/ros-node.js';
import { SEGMENT_PARAMETERS } from '../../src/parameters/segment.js';

function endpoint(reliability: number, durability: number, depth = 5): RclEndpoint {
  return {
    node_name: 'camera',
    node_namespace: '/',
    topic_type: 'sensor_msgs/msg/Image',
    endpoint_gid: [1],
    qos_profile: { depth, reliability, durability },
  };
}

describe('QoS', () => {
  it('matches as in DDS: a publisher may offer more than is requested, never less', () => {
    const all = (['best_effort', 'reliable'] as const).flatMap((reliability) =>
      (['volatile', 'transient_local'] as const).map((durability): Qos => ({
        reliability,
        durability,
        depth: 1,
      })),
    );
    const strength = ({ reliability, durability }: Qos): [number, number] => [
      Number(reliability === 'reliable'),
      Number(durability === 'transient_local'),
    ];
    for (const wanted of all) {
      for (const offered of all) {
        const [want, offer] = [strength(wanted), strength(offered)];
        const expected = want.every((value, policy) => value <= offer[policy]!);
        assert.equal(
          compatible(wanted, offered),
          expected,
          `${describeQos(wanted)} < ${describeQos(offered)}`,
        );
      }
    }
  });

  it('is compatible with all subscribers on the topics of the node', () => {
    for (const offered of [RESULT_QOS, PICTURE_QOS, LATCHED_QOS]) {
      assert.ok(compatible({ reliability: 'reliable', durability: 'volatile', depth: 1 }, offered));
    }
  });

  it('reads the enum values of rmw/types.h; system defaults count as the default', () => {
    assert.deepEqual(endpointQos(endpoint(2, 2)), {
      reliability: 'best_effort',
      durability: 'volatile',
      depth: 5,
    });
    assert.deepEqual(endpointQos(endpoint(1, 1)), {
      reliability: 'reliable',
      durability: 'transient_local',
      depth: 5,
    });
    assert.deepEqual(endpointQos(endpoint(0, 0, 0)), {
      reliability: 'reliable',
      durability: 'volatile',
      depth: 0,
    });
  });

  it('has a profile for every value of image_qos but match', () => {
    assert.deepEqual(SEGMENT_PARAMETERS.image_qos.choices, ['sensor_data', 'reliable', 'default', 'match']);
    assert.deepEqual(Object.keys(IMAGE_QOS), ['sensor_data', 'reliable', 'default']);
    assert.deepEqual(IMAGE_QOS.sensor_data, { reliability: 'best_effort', durability: 'volatile', depth: 5 });
    assert.deepEqual(IMAGE_QOS.default, { reliability: 'reliable', durability: 'volatile', depth: 10 });
    assert.deepEqual(IMAGE_QOS.reliable, { reliability: 'reliable', durability: 'volatile', depth: 5 });
  });

  it('is printed in words', () => {
    assert.equal(describeQos(SENSOR_QOS), 'best effort, volatile');
    assert.equal(describeQos(LATCHED_QOS), 'reliable, transient local');
    assert.equal(qosText(SENSOR_QOS), 'best effort, volatile, depth 5');
    assert.equal(qosText({ ...RESULT_QOS, history: 'keep_all' }), 'reliable, volatile, keep all');
  });
});
