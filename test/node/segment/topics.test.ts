import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { before, describe, it } from 'mocha';
import { bagTopic, type FrameOutput, type ModelOutput, outputTopic } from '../../../src/message/output.js';
import { DEPTH_OUTPUTS, FRAME_OUTPUTS, MODEL_OUTPUTS, OUTPUTS } from '../../../src/message/outputs.js';
import { cdrText } from '../../../src/message/write/cdr-encoder.js';
import { DEFINITIONS } from '../../../src/message/definitions.js';
import { CameraOutputs } from '../../../src/node/segment/camera-outputs.js';
import { DepthOutputs } from '../../../src/node/segment/depth-outputs.js';
import { type Qos, qosText } from '../../../src/message/qos.js';
import type { RosNode } from '../../../src/node/ros/ros-node.js';
import { ModelOutputs } from '../../../src/node/segment/model-outputs.js';
import { SegmentNode } from '../../../src/node/segment/segment-node.js';
import { PUBLISHED_TOPICS, SERVICES } from '../../../src/node/segment/topics.js';
import { defaultsOf } from '../../../src/parameters/parameter.js';
import { SEGMENT_PARAMETERS } from '../../../src/parameters/segment.js';
import { withVariables } from '../../environment.js';
import { HEADER, LABELS, SEGMENTATION } from '../../message/write/samples.js';
import { temporaryFolder } from '../../temporary-folder.js';

/** Stands in for ROS: writes down what is opened. */
class Register {
  readonly topics: { topic: string; type: string; qos: Qos }[] = [];
  readonly published: string[] = [];
  subscriptions = 0;
  readonly services: { name: string; type: string }[] = [];
  readonly fullName = '/segment';
  readonly log = { debug() {}, info() {}, warn() {}, error() {} };
  readonly parameters = {
    given: (): unknown => undefined,
    declare: (): unknown => defaultsOf(SEGMENT_PARAMETERS),
  };

  publish(type: string, topic: string, qos: Qos): unknown {
    this.topics.push({ topic, type, qos });
    return {
      topic,
      subscriptions: this.subscriptions,
      publish: (cdr: Uint8Array) => this.published.push(`${topic} ${Buffer.from(cdr).toString()}`),
      delivered: () => true,
      destroy: () => this.published.push(`${topic} is gone`),
    };
  }

  /** Topics that are remapped. */
  readonly remaps = new Map<string, string>();

  resolve(topic: string): string {
    return this.remaps.get(topic) ?? topic;
  }

  now(): bigint {
    return 0n;
  }

  serve(type: string, name: string): void {
    this.services.push({ name, type });
  }

  get node(): RosNode {
    return this as unknown as RosNode;
  }
}

/** What users have written down, in code, configurations and bags; docs/parameters.md says the same. */
const PUBLISHED = `
~/detections vision_msgs/msg/Detection2DArray reliable, volatile, depth 10
~/instances tros_yolo_seg/msg/InstanceArray reliable, volatile, depth 10
hobot_dnn_detection ai_msgs/msg/PerceptionTargets reliable, volatile, depth 10
~/annotations foxglove_msgs/msg/ImageAnnotations reliable, volatile, depth 10
~/zones tros_yolo_seg/msg/ZoneArray reliable, volatile, depth 10
~/instance_map sensor_msgs/msg/Image reliable, volatile, depth 2
~/instance_map/compressed sensor_msgs/msg/CompressedImage reliable, volatile, depth 2
~/instance_picture sensor_msgs/msg/Image reliable, volatile, depth 2
~/class_map sensor_msgs/msg/Image reliable, volatile, depth 2
~/confidence sensor_msgs/msg/Image reliable, volatile, depth 2
~/detections_3d vision_msgs/msg/Detection3DArray reliable, volatile, depth 10
~/markers visualization_msgs/msg/MarkerArray reliable, volatile, depth 10
~/points sensor_msgs/msg/PointCloud2 reliable, volatile, depth 2
~/depth_masked sensor_msgs/msg/Image reliable, volatile, depth 2
~/depth_instances sensor_msgs/msg/Image reliable, volatile, depth 2
hobot_dnn_detection_info ai_msgs/msg/PerceptionInfo reliable, volatile, depth 10
~/overlay sensor_msgs/msg/Image reliable, volatile, depth 2
~/overlay/compressed sensor_msgs/msg/CompressedImage reliable, volatile, depth 2
~/alive std_msgs/msg/Bool reliable, transient local, depth 1
~/label_info vision_msgs/msg/LabelInfo reliable, transient local, depth 1
/diagnostics diagnostic_msgs/msg/DiagnosticArray reliable, volatile, depth 10
~/transition_event lifecycle_msgs/msg/TransitionEvent reliable, volatile, depth 10
`;

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

  const open = (
    register: Register,
    missing: (type: string, topic: string) => void,
    rows?: readonly FrameOutput[],
  ): CameraOutputs =>
    new CameraOutputs(
      register.node,
      {
        prefix: '~/',
        trosTopic: SEGMENT_PARAMETERS.tros_topic.default,
        trosMasks: 'polygons',
        coloredBy: () => 'class',
        classMapSize: () => 'picture',
        colorRange: 'full',
        polygonTolerance: () => 1,
        watchdog: () => 1000,
      },
      missing,
      rows,
    );

  it('has the names, types and QoS that users rely on', () => {
    const rows = PUBLISHED_TOPICS.map(({ topic, type, qos }) => `${topic} ${type} ${qosText(qos)}\n`);
    assert.equal(`\n${rows.join('')}`, PUBLISHED);
  });

  it('has the topics that each camera opens, with their types and QoS', () => {
    const register = new Register();
    const installed = (type: string): never => assert.fail(`${type} is installed`);
    open(register, installed);
    const perCamera = MODEL_OUTPUTS.filter((row) => row.perCamera);
    const place = { prefix: '~/', trosTopic: SEGMENT_PARAMETERS.tros_topic.default };
    new ModelOutputs(register.node, [place], installed, perCamera);
    // Those of depth only where a depth topic is set.
    assert.ok(DEPTH_OUTPUTS.every((row) => !register.topics.some(({ topic }) => topic === row.topic)));
    new DepthOutputs(register.node, place, installed);
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

  it("has the tros_topic of each camera unchanged, below the node's name or not", () => {
    const row = { ...OUTPUTS.perception_targets, topic: '{tros_topic}_info' };
    for (const trosTopic of ['hobot_dnn_detection/front', '~/targets/front', '/targets']) {
      const place = { prefix: '~/front/', trosTopic };
      assert.equal(outputTopic(OUTPUTS.perception_targets, place), trosTopic);
      assert.equal(outputTopic(row, place), `${trosTopic}_info`);
      assert.equal(outputTopic(OUTPUTS.detections, place), '~/front/detections');
    }
    assert.equal(outputTopic(row, { prefix: '~/', trosTopic: '' }), undefined);
  });

  it('applies a remap of tros_topic to the topics that follow it', () => {
    const register = new Register();
    register.remaps.set('hobot_dnn_detection', '/results');
    new ModelOutputs(register.node, [{ prefix: '~/', trosTopic: 'hobot_dnn_detection' }], () => undefined);
    const topics = register.topics.map(({ topic }) => topic);
    assert.ok(topics.includes('/results_info'), topics.join(' '));
  });

  it('publishes large messages last', () => {
    const register = new Register();
    register.subscriptions = 1;
    const outputs = open(register, () => undefined);
    outputs.use({ labels: LABELS, modelName: 'yolo' });
    const timings = { preprocess: 0, inference: 0, decode: 0 };
    outputs.publish({ header: HEADER, pixels: undefined, segmentation: SEGMENTATION, timings, fps: 30 });
    assert.deepEqual(
      register.published.map((line) => line.split(' ')[0]).filter((topic) => topic !== '~/alive'),
      [
        ...['~/detections', '~/instances', 'hobot_dnn_detection', '~/annotations'],
        ...['~/instance_map', '~/instance_picture', '~/class_map', '~/confidence'],
      ],
    );
  });

  it('has the topic names of bags', () => {
    const rows = [...FRAME_OUTPUTS, ...MODEL_OUTPUTS].filter(({ inBags }) => inBags);
    assert.deepEqual([...rows, OUTPUTS.overlay_compressed].map(bagTopic), [
      '/segment/detections',
      '/segment/instances',
      '/segment/annotations',
      '/segment/zones',
      '/segment/instance_map',
      '/segment/label_info',
      '/segment/overlay/compressed',
    ]);
  });

  const text = (words: string): Uint8Array => cdrText(words).slice(0, -1);

  it('needs no more than a row for another message of each frame', () => {
    const register = new Register();
    const row: FrameOutput = {
      ...OUTPUTS.detections,
      topic: '~/count',
      type: 'std_msgs/msg/Header',
      open:
        (type, { labels, modelName }) =>
        ({ header, segmentation, fps }) =>
          text(
            [type.name, labels.name(1), modelName, header.frameId, segmentation.instances.length, fps].join(
              ' ',
            ),
          ),
    };
    const outputs = open(register, (type) => assert.fail(`${type} is installed`), [row]);
    const result = {
      header: HEADER,
      pixels: undefined,
      segmentation: SEGMENTATION,
      timings: { preprocess: 1, inference: 2, decode: 3 },
      fps: 30,
    };
    outputs.publish(result); // there is no model yet
    outputs.use({ labels: LABELS, modelName: 'yolo' });
    outputs.publish(result);
    assert.deepEqual(
      register.published.filter((line) => line.startsWith('~/count')),
      [],
      'nobody subscribes',
    );
    register.subscriptions = 1;
    const heard = open(register, (type) => assert.fail(`${type} is installed`), [row]);
    heard.use({ labels: LABELS, modelName: 'yolo' });
    heard.publish(result);
    assert.deepEqual(
      register.published.filter((line) => line.startsWith('~/count')),
      ['~/count std_msgs/msg/Header Möwe yolo camera 3 30'],
    );
  });

  it('needs no more than a row for another message about the model, of each camera and once a second too', () => {
    const places = [
      { prefix: '~/front/', trosTopic: 'hobot_dnn_detection/front' },
      { prefix: '~/rear/', trosTopic: '' },
    ];
    const row = (topic: string, perCamera: boolean, repeated: boolean): ModelOutput => ({
      ...OUTPUTS.label_info,
      ...{ topic, type: 'std_msgs/msg/Header', perCamera, repeated },
      open:
        () =>
        ({ labels, score }) =>
          text(`${labels.name(0)} ${score}`),
    });
    const rows = [
      row('~/once', false, false),
      row('~/each', true, true),
      row('{tros_topic}_info', true, true),
      { ...row('~/never', true, true), type: 'nobody_msgs/msg/None' },
    ];
    const register = new Register();
    register.subscriptions = 1;
    const off: string[] = [];
    const outputs = new ModelOutputs(
      register.node,
      places,
      (type, topic) => off.push(`${type} ${topic}`),
      rows,
    );
    assert.deepEqual(off, ['nobody_msgs/msg/None ~/front/never', 'nobody_msgs/msg/None ~/rear/never']);
    outputs.repeat();
    assert.deepEqual(register.published, [], 'there is no model yet');
    outputs.publish({ labels: LABELS, score: 0.5 });
    const each = [
      '~/front/each person 0.5',
      '~/rear/each person 0.5',
      'hobot_dnn_detection/front_info person 0.5',
    ];
    assert.deepEqual(register.published.splice(0), ['~/once person 0.5', ...each]);
    outputs.repeat();
    assert.deepEqual(register.published.splice(0), each);
    outputs.destroy();
    assert.equal(register.published.length, 4);
    outputs.repeat();
    assert.equal(register.published.length, 4);
  });

  describe('without their packages', () => {
    withVariables({ AMENT_PREFIX_PATH: '/nowhere' });

    it('names the disabled topics', () => {
      const register = new Register();
      const off: string[] = [];
      open(register, (type, topic) => off.push(`${topic} ${type}`));
      assert.ok(off.includes('hobot_dnn_detection ai_msgs/msg/PerceptionTargets'), off.join());
      assert.ok(!register.topics.some(({ type }) => type.startsWith('ai_msgs')));
    });
  });
});
