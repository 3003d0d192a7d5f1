import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { SENSOR_QOS } from '../../../src/message/qos.js';
import { overrideQos } from '../../../src/node/ros/qos-overrides.js';

describe('overrideQos', () => {
  const override = (
    given: Record<string, unknown>,
    entity: 'subscription' | 'publisher' = 'subscription',
  ): ReturnType<typeof overrideQos> => overrideQos('/front/image', entity, SENSOR_QOS, (name) => given[name]);

  it("uses rclcpp's parameters for this topic and this kind of endpoint", () => {
    const given = {
      'qos_overrides./front/image.subscription.reliability': 'reliable',
      'qos_overrides./front/image.subscription.depth': 7,
      'qos_overrides./front/image.publisher.depth': 9,
      'qos_overrides./image.subscription.durability': 'transient_local',
    };
    assert.deepEqual(override(given), {
      qos: { reliability: 'reliable', durability: 'volatile', depth: 7 },
      overrides: [
        { parameter: 'qos_overrides./front/image.subscription.depth', value: 7 },
        { parameter: 'qos_overrides./front/image.subscription.reliability', value: 'reliable' },
      ],
    });
    assert.equal(override(given, 'publisher').qos.depth, 9);
    assert.equal(override({}).qos, SENSOR_QOS);
    const all = override({ 'qos_overrides./front/image.subscription.history': 'keep_all' });
    assert.equal(all.qos.history, 'keep_all');
  });

  it('refuses invalid values of a policy', () => {
    const wrong = {
      depth: [0, 1.5, '5', 1001],
      reliability: ['best', 1],
      history: ['all'],
      durability: [true],
    };
    for (const [policy, values] of Object.entries(wrong)) {
      for (const value of values) {
        const parameter = `qos_overrides./front/image.subscription.${policy}`;
        assert.throws(() => override({ [parameter]: value }), /Expected .* for parameter qos_overrides\./);
      }
    }
  });
});
