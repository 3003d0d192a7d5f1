import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, beforeEach, describe, it } from 'mocha';
import sharp from 'sharp';
import { imageView } from '../../../src/message/read/image-message.js';
import { allocateNv12 } from '../../../src/native/convert.js';
import { CameraImageReader } from '../../../src/message/read/camera-image.js';
import { ImageWriter } from '../../../src/message/write/image.js';
import { builtIn, messageType } from '../../../src/message/message-type.js';
import { FRAME_OUTPUTS } from '../../../src/message/outputs.js';
import { CameraStream } from '../../../src/node/segment/camera-stream.js';
import { ReceivedImage } from '../../../src/node/segment/received-image.js';
import type { FrameSink } from '../../../src/node/segment/image-subscription.js';
import type { NativeSubscriptions } from '../../../src/node/segment/native-subscriptions.js';
import { withVariables } from '../../environment.js';
import { HEADER, LABELS, readBack, SEGMENTATION } from '../../message/write/samples.js';
import { temporaryFolder } from '../../temporary-folder.js';
import { FakeRos } from '../fake-ros.js';

const IMAGE = 'sensor_msgs/msg/Image';
const INSTALLED = [
  'vision_msgs/Detection2DArray',
  'tros_yolo_seg/InstanceArray',
  'sensor_msgs/Image',
  'foxglove_msgs/ImageAnnotations',
  'ai_msgs/PerceptionTargets',
];
const TOPICS = {
  detections: '~/front/detections',
  instances: '~/front/instances',
  tros: 'hobot_dnn_detection/front',
  annotations: '~/front/annotations',
  map: '~/front/instance_map',
  png: '~/front/instance_map/compressed',
  picture: '~/front/instance_picture',
  classes: '~/front/class_map',
  confidence: '~/front/confidence',
  overlay: '~/front/overlay',
  jpeg: '~/front/overlay/compressed',
};
/** The numbers of a PNG file of 16 bits. */
async function gray16(file: Uint8Array): Promise<Uint16Array> {
  const { depth } = await sharp(file).metadata();
  assert.equal(depth, 'ushort');
  const raw = await sharp(file).toColourspace('grey16').raw({ depth: 'ushort' }).toBuffer();
  return new Uint16Array(raw.buffer, raw.byteOffset, raw.length / 2);
}

const TIMINGS = { wait: 1, preprocess: 2, inference: 3, decode: 4 };

describe('CameraStream', () => {
  const prefix = temporaryFolder('camera-stream');
  withVariables({ AMENT_PREFIX_PATH: prefix });
  /** Installs a message package as ROS does. */
  const install = (types: readonly string[]): void => {
    for (const type of types) {
      const [packageName, typeName] = type.split('/') as [string, string];
      const folder = join(prefix, 'share', packageName, 'msg');
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, `${typeName}.msg`), builtIn(type)!);
    }
  };

  let ros: FakeRos;
  let now: number;
  let missing: string[];
  let offered: ReceivedImage[];
  before(() => install(INSTALLED));
  beforeEach(() => {
    ros = new FakeRos();
    now = 1000;
    missing = [];
    offered = [];
  });

  function open(
    trosTopic: string = TOPICS.tros,
    trosMasks: 'polygons' | 'semantic_map' = 'polygons',
  ): CameraStream {
    const native = {
      supports: () => false,
      publishersOf: () => [],
      required: false,
      unavailable: undefined,
    } as unknown as NativeSubscriptions;
    const sink: FrameSink = {
      offer: (frame) => void offered.push(frame),
      attach: () => assert.fail('no native subscription'),
      detach: () => Promise.resolve(),
    };
    const stream = new CameraStream(
      ros.node,
      'image',
      {
        type: 'auto',
        qos: 'match',
        hbmFrameId: '',
        reading: { step: 0, rows: 0, white: 65535 },
        framesInUse: 2,
        native,
      },
      {
        prefix: '~/front/',
        trosTopic,
        trosMasks,
        coloredBy: () => 'class',
        classMapSize: () => 'picture',
        colorRange: 'full',
        polygonTolerance: () => 1,
        watchdog: () => 2000,
      },
      (type, topic) => missing.push(`${type} ${topic}`),
      sink,
      () => ({ offered: 1, dropped: 0, answered: 1, failed: 0, discarded: 0 }),
      () => now,
    );
    stream.outputs.use({ labels: LABELS, modelName: 'yolo' });
    return stream;
  }

  /** Publishes the sample for a frame that came 20 ms ago; publishing takes nothing by the clock. */
  function publish(stream: CameraStream): void {
    const frame = allocateNv12(SEGMENTATION.width, SEGMENTATION.height);
    const cdr = new ImageWriter().writeNv12({ ...HEADER, stamp: { sec: 4, nanosec: 950_000_007 } }, frame);
    const arrived = ReceivedImage.read(cdr, 'image', new CameraImageReader(1), '', now);
    now += 20;
    stream.publish(arrived, frame, SEGMENTATION, TIMINGS);
  }

  /** Topics of results: the watchdog's signal is published whoever listens. */
  const results = (): string[] => ros.publishedOn.filter((topic) => topic !== '~/front/alive');

  it('makes only messages with a subscriber', async () => {
    const stream = open();
    publish(stream);
    assert.deepEqual(results(), []);
    for (const topic of Object.values(TOPICS)) {
      ros.publishedOn.length = 0;
      ros.subscriptions = (asked) => Number(asked === topic);
      publish(stream);
      await stream.outputs.idle();
      assert.deepEqual(results(), [topic]);
    }
    await stream.destroy();
  });

  it('writes consistent values to all messages', async () => {
    ros.subscriptions = () => 1;
    const stream = open();
    publish(stream);
    await stream.destroy();
    assert.deepEqual(results().sort(), Object.values(TOPICS).sort());
    const sent = (topic: string): Uint8Array => ros.published[ros.publishedOn.indexOf(topic)]!;
    const read = <T>(type: string, topic: string): T => readBack<T>(messageType(type), sent(topic));
    const { detections } = read<{ detections: { results: { hypothesis: { class_id: string } }[] }[] }>(
      'vision_msgs/Detection2DArray',
      TOPICS.detections,
    );
    assert.deepEqual(
      detections.map(({ results }) => results[0]!.hypothesis.class_id),
      [1, 2, 7].map((id) => LABELS.names[id] ?? String(id)),
    );
    const { instances } = read<{ instances: { class_id: number }[] }>(
      'tros_yolo_seg/InstanceArray',
      TOPICS.instances,
    );
    assert.deepEqual(
      instances.map(({ class_id }) => class_id),
      [1, 2, 7],
    );
    const { points } = read<{ points: unknown[] }>('foxglove_msgs/ImageAnnotations', TOPICS.annotations);
    assert.ok(points.length >= 3);
    const targets = read<{ targets: unknown[]; perfs: { type: string }[] }>(
      'ai_msgs/PerceptionTargets',
      TOPICS.tros,
    );
    assert.equal(targets.targets.length, 3);
    assert.ok(targets.perfs.some(({ type }) => type.startsWith('yolo')));
    const map = imageView(sent(TOPICS.map));
    assert.deepEqual([map.width, map.height, map.encoding], [8, 6, 'mono16']);
    const png = read<{ format: string; data: Uint8Array }>('sensor_msgs/CompressedImage', TOPICS.png);
    assert.equal(png.format, 'mono16; png compressed ');
    assert.deepEqual([...(await gray16(png.data))], [...new Uint16Array(map.data.slice().buffer)]);
    const picture = imageView(sent(TOPICS.picture));
    assert.deepEqual([picture.width, picture.height, picture.encoding], [8, 6, 'rgb8']);
    for (const topic of [TOPICS.classes, TOPICS.confidence]) {
      const { width, height, encoding, step } = imageView(sent(topic));
      assert.deepEqual([width, height, encoding, step], [16, 12, 'mono8', 16]);
    }
    const overlay = imageView(sent(TOPICS.overlay));
    assert.deepEqual([overlay.width, overlay.height, overlay.encoding], [16, 12, 'rgb8']);
    assert.equal(overlay.frameId, HEADER.frameId);
    const jpeg = read<{ format: string; data: Uint8Array }>('sensor_msgs/CompressedImage', TOPICS.jpeg);
    const { format, width, height } = await sharp(jpeg.data).metadata();
    assert.deepEqual([jpeg.format, format, width, height], ['jpeg', 'jpeg', 16, 12]);
  });

  it('leaves out topics whose package is not installed, and reports them', () => {
    process.env['AMENT_PREFIX_PATH'] = join(prefix, 'share/vision_msgs');
    try {
      open('');
      const rows = FRAME_OUTPUTS.filter(({ topic }) => topic.startsWith('~/'));
      assert.deepEqual(
        missing,
        rows.map(({ topic, type }) => `${type} ${topic.replace('~/', '~/front/')}`),
      );
      assert.ok(missing.includes('vision_msgs/msg/Detection2DArray ~/front/detections'));
    } finally {
      process.env['AMENT_PREFIX_PATH'] = prefix;
    }
  });

  it('draws no overlay for a frame whose pixels stayed in the engine', () => {
    ros.subscriptions = (topic) => Number(topic === TOPICS.overlay);
    const stream = open();
    const cdr = new ImageWriter().writeNv12(HEADER, allocateNv12(16, 12));
    const frame = ReceivedImage.read(cdr, 'image', new CameraImageReader(1), '', now);
    stream.publish(frame, undefined, SEGMENTATION, TIMINGS);
    assert.deepEqual(results(), []);
  });

  it('measures the latency of frames, from their stamp and from their arrival', () => {
    const stream = open();
    publish(stream);
    now += 980;
    const { values } = stream.health.status('segment', 'onnx', true);
    // ROS says 5.000000007 s, the stamp was 4.950000007 s; 20 ms from the arrival, less preprocess and inference.
    assert.equal(values['latency_from_stamp_p50_ms'], '50.00');
    assert.equal(values['added_latency_p50_ms'], '15.00');
    assert.deepEqual([values['inference_p50_ms'], values['publish_p50_ms']], ['3.00', '0.00']);
    assert.equal(stream.health.fps, 1);
  });

  it('gives no latency from the stamp while simulated time stands still', () => {
    ros.now = () => 0n;
    const stream = open();
    publish(stream);
    const { values } = stream.health.status('segment', 'onnx', true);
    assert.equal(values['latency_from_stamp_p50_ms'], undefined);
    assert.equal(values['added_latency_p50_ms'], '15.00');
  });

  it('subscribes when there is a publisher, passes its frames on and ends', async () => {
    const stream = open();
    ros.publishers = [{ type: IMAGE }];
    stream.follow();
    assert.deepEqual([ros.subscribed.length, ros.open], [1, 1]);
    ros.deliver(new ImageWriter().writeNv12(HEADER, allocateNv12(16, 12)));
    assert.equal(offered.length, 1);
    await stream.destroy();
    assert.equal(ros.open, 0);
  });
});
