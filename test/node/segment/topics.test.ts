import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { before, describe, it } from 'mocha';
import { TOPICS } from '../../../src/message/topics.js';
import { DEFINITIONS } from '../../../src/message/definitions.js';
import { CameraOutputs } from '../../../src/node/segment/camera-outputs.js';
import type { Qos } from '../../../src/message/qos.js';
import type { RosNode } from '../../../src/node/ros/ros-node.js';
import { SegmentNode } from '../../../src/node/segment/segment-node.js';
import { PUBLISHED_TOPICS, SERVICES } from '../../../src/node/segment/topics.js';
import { defaultsOf } from '../../../src/parameters/parameter.js';
import { SEGMENT_PARAMETERS } from '../../../src/parameters/segment.js';
import { withVariables } from '../../environment.js';
import { temporaryFolder } from '../../temporary-folder.js';

/** Stands in for ROS: writes down what is opened. */
class Register {
  readonly topics: { topic: string; type: string; qos: Qos }[] = [];
  readonly services: { name: string; type: string }[] = [];
  readonly fullName = '/segment';
  readonly log = { debug() {}, info() {}, warn() {}, error() {} };
  readonly parameters = {
    given: (): unknown => undefined,
    declare: (): unknown => defaultsOf(SEGMENT_PARAMETERS),
  };

  publish(type: string, topic: string, qos: Qos): unknown {
    this.topics.push({ topic, type, qos });
    return { topic, subscriptions: 0, publish() {}, delivered: () => true, destroy() {} };
  }

  serve(type: string, name: string): void {
    this.services.push({ name, type });
  }

  get node(): RosNode {
    return this as unknown as RosNode;
  }
}

const topicsOf = (rows: readonly { topic: string; type: string; qos: Qos }[]): object[] =>
  rows.map(({ topic, type, qos }) => ({ topic, type, qos })).sort((a, b) => (a.topic < b.topic ? -1 : 1));

describe('the table of topics and services', () => {
  // An installation with every package we write messages of.
  const prefix = temporaryFolder('prefix');
  withVariables({ AMENT_PREFIX_PATH: prefix });
  before(() => {
    for (const [type, text] of Object.entries(DEFINITIONS)) {
      const file = join(prefix, 'share', `${type.replace('/', '/msg/')}.msg`);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  });

  const open = (register: Register, missing: (type: string, topic: string) => void): CameraOutputs =>
    new CameraOutputs(
      register.node,
      {
        prefix: '~/',
        trosTopic: SEGMENT_PARAMETERS.tros_topic.default,
        trosMasks: 'polygons',
        colorRange: 'full',
        polygonTolerance: () => 1,
        watchdog: () => 1000,
      },
      missing,
    );

  it('has the topics that each camera opens, with their types and QoS', () => {
    const register = new Register();
    open(register, (type) => assert.fail(`${type} is installed`));
    assert.deepEqual(
      topicsOf(register.topics),
      topicsOf(PUBLISHED_TOPICS.filter(({ perCamera }) => perCamera)),
    );
  });

  it('has the other topics and all services of the node', async () => {
    const register = new Register();
    const node = new SegmentNode(register.node);
    await node.end();
    const others = PUBLISHED_TOPICS.filter(({ perCamera }) => !perCamera);
    // Opened with the first model.
    const fromStart = others.filter(({ topic }) => topic !== '~/label_info');
    assert.equal(fromStart.length, others.length - 1);
    assert.deepEqual(topicsOf(register.topics), topicsOf(fromStart));
    const names = (rows: readonly { name: string; type: string }[]): string[] =>
      rows.map(({ name, type }) => `${name} ${type}`).sort();
    assert.deepEqual(names(register.services), names(SERVICES));
  });

  it('has the names that bags have', () => {
    const names = PUBLISHED_TOPICS.map(({ topic }) => topic.replace('~', '/segment'));
    for (const topic of Object.values(TOPICS)) assert.ok(names.includes(topic), topic);
  });

  describe('without their packages', () => {
    withVariables({ AMENT_PREFIX_PATH: '/nowhere' });

    it('says which topics are off', () => {
      const register = new Register();
      const off: string[] = [];
      open(register, (type, topic) => off.push(`${topic} ${type}`));
      assert.ok(off.includes('hobot_dnn_detection ai_msgs/PerceptionTargets'), off.join());
      assert.ok(!register.topics.some(({ type }) => type.startsWith('ai_msgs')));
    });
  });
});
