import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { before, describe, it } from 'mocha';
import { DEFINITIONS } from '../../../src/message/definitions.js';
import { messageType, shortName } from '../../../src/message/message-type.js';
import type { Qos } from '../../../src/message/qos.js';
import { CameraInfoWriter } from '../../../src/message/write/camera-info.js';
import { CdrEncoder, cdrText } from '../../../src/message/write/cdr-encoder.js';
import { ImageWriter } from '../../../src/message/write/image.js';
import { Labels } from '../../../src/message/write/labels.js';
import type { KnownDistance } from '../../../src/message/write/perception-targets.js';
import { DepthStream, type DepthStreamOptions } from '../../../src/node/segment/depth-stream.js';
import { TransformFeed } from '../../../src/node/segment/transform-feed.js';
import { DepthHere, DepthWorker, type DepthWork } from '../../../src/pipeline/depth-worker.js';
import type { RosNode } from '../../../src/node/ros/ros-node.js';
import type { Stamp } from '../../../src/vision/picture/frame-source.js';
import { withVariables } from '../../environment.js';
import { CAMERA, depthPicture, OBJECTS } from '../../message/write/depth-samples.js';
import { readBack } from '../../message/write/samples.js';
import { temporaryFolder } from '../../temporary-folder.js';

const TIMINGS = { preprocess: 1, inference: 2, decode: 3 };

/** Stands in for ROS: topics with subscribers, and messages by hand. */
class Graph {
  readonly wanted = new Set<string>();
  readonly published: { readonly topic: string; readonly type: string; readonly cdr: Uint8Array }[] = [];
  readonly open = new Map<string, (cdr: Buffer) => void>();
  readonly remapped = new Map<string, string>();
  readonly warnings: string[] = [];
  readonly log = { warn: (line: string) => this.warnings.push(line), info() {}, debug() {}, error() {} };

  publish(type: string, topic: string): object {
    const { wanted, published } = this;
    return {
      topic,
      get subscriptions() {
        return wanted.has(topic) ? 1 : 0;
      },
      publish: (cdr: Uint8Array) => published.push({ topic, type, cdr: Uint8Array.from(cdr) }),
      destroy: () => undefined,
    };
  }

  subscribe(_type: string, topic: string, _qos: Qos, receive: (cdr: Buffer) => void): object {
    this.open.set(topic, receive);
    return { topic, destroy: () => this.open.delete(topic) };
  }

  publishersOf(): readonly [] {
    return [];
  }

  resolve(topic: string): string {
    return this.remapped.get(topic) ?? (topic.startsWith('/') ? topic : `/${topic}`);
  }

  send(topic: string, cdr: Uint8Array): void {
    this.open.get(topic)?.(Buffer.from(cdr));
  }

  get node(): RosNode {
    return this as unknown as RosNode;
  }
}

/** One camera whose results and depth pictures are given by hand. */
class Setup {
  now = 0;
  readonly graph = new Graph();
  readonly targets: (readonly KnownDistance[] | undefined)[] = [];
  /** Milliseconds of the results that they are of. */
  readonly stamps: number[] = [];
  targetsWanted = false;
  readonly stream: DepthStream;

  constructor(
    options: Partial<DepthStreamOptions> = {},
    work: DepthWork = new DepthHere(),
    remapped: Readonly<Record<string, string>> = {},
  ) {
    for (const [from, to] of Object.entries(remapped)) this.graph.remapped.set(from, to);
    this.stream = new DepthStream(
      this.graph.node,
      { prefix: '~/', trosTopic: 'targets' },
      {
        ...{ topic: '/depth/image', depthInfo: '', colorInfo: '', colorTopic: '/color/image', upFrame: '' },
        distortion: 'auto',
        ...{ registration: 'auto', tolerance: 20, queue: 3, timeout: 100 },
        order: () => ({ space: { step: 1, band: 1 }, maskedClasses: [0], maskMargin: 1, coloredBy: 'auto' }),
        ...options,
      },
      new TransformFeed(this.graph.node),
      ({ header }, distances) => {
        this.stamps.push(header.stamp.nanosec / 1e6);
        this.targets.push(distances);
      },
      () => this.targetsWanted,
      (type) => assert.fail(`${type} is installed`),
      () => this.now,
      work,
    );
    this.stream.use(new Labels(['person', 'Möwe', 'cup']));
  }

  listen(...topics: string[]): this {
    for (const topic of topics) this.graph.wanted.add(topic);
    this.stream.follow();
    return this;
  }

  info(topic = '/depth/camera_info', frameId = 'color_optical'): this {
    this.graph.send(topic, new CameraInfoWriter().write({ stamp: at(0), frameId }, CAMERA));
    return this;
  }

  depth(milliseconds: number, frameId = 'color_optical', encoding = '16UC1'): this {
    const { width, height, data } = depthPicture('millimeters');
    const pixels = new Uint8Array(data.buffer);
    const layout = { width, height, encoding, step: 2 * width };
    this.graph.send(
      '/depth/image',
      new ImageWriter().write({ stamp: at(milliseconds), frameId }, layout, pixels),
    );
    return this;
  }

  result(milliseconds: number, frameId = 'color_optical'): boolean {
    return this.stream.offer({ stamp: at(milliseconds), frameId }, OBJECTS, TIMINGS, 30);
  }

  /** Lets promises settle. */
  async published(): Promise<string[]> {
    await new Promise(setImmediate);
    return this.graph.published.map(({ topic }) => topic);
  }

  message<T>(index: number): T {
    const { type, cdr } = this.graph.published[index]!;
    return readBack<T>(messageType(shortName(type)), cdr);
  }
}

function at(milliseconds: number): Stamp {
  return { sec: 100 + Math.floor(milliseconds / 1000), nanosec: 1e6 * (milliseconds % 1000) };
}

function tf(parent: string, child: string, x: number, milliseconds = 0): Uint8Array {
  return new CdrEncoder<object>(messageType('tf2_msgs/TFMessage')).write({
    transforms: [
      {
        header: { stamp: at(milliseconds), frame_id: cdrText(parent) },
        child_frame_id: cdrText(child),
        transform: { translation: { x, y: 0, z: 0 }, rotation: { x: 0, y: 0, z: 0, w: 1 } },
      },
    ],
  });
}

interface Detections {
  readonly header: { readonly stamp: Stamp; readonly frame_id: string };
  readonly detections: readonly {
    readonly bbox: {
      readonly center: {
        readonly position: { readonly x: number };
        readonly orientation: { readonly x: number; readonly y: number };
      };
    };
  }[];
}

/** How much the z axis of each box lies along the optical axis: 1 for boxes that stand on it, 0 for those of a level camera. */
function verticals(setup: Setup, index: number): number[] {
  const { detections } = setup.message<Detections>(index);
  assert.ok(detections.length > 0);
  return detections.map(
    ({ bbox: { center } }) => 1 - 2 * (center.orientation.x ** 2 + center.orientation.y ** 2),
  );
}

describe('DepthStream', () => {
  const prefix = temporaryFolder('depth-stream');
  withVariables({ AMENT_PREFIX_PATH: prefix });
  before(() => {
    for (const [type, text] of Object.entries(DEFINITIONS)) {
      const file = join(prefix, 'share', `${type.replace('/', '/msg/')}.msg`);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  });

  it('subscribes only while its outputs have subscribers', () => {
    const setup = new Setup();
    setup.stream.follow();
    assert.deepEqual([...setup.graph.open.keys()], []);
    assert.equal(setup.result(0), false);
    setup.listen('~/points');
    assert.deepEqual([...setup.graph.open.keys()].sort(), [
      '/color/camera_info',
      '/color/image/camera_info',
      '/depth/camera_info',
      '/depth/image',
      '/depth/image/camera_info',
    ]);
    setup.graph.wanted.clear();
    setup.stream.follow();
    assert.deepEqual([...setup.graph.open.keys()], []);
  });

  for (const [where, work] of [
    ['on this thread', () => new DepthHere()],
    ['on a thread of its own', () => new DepthWorker()],
  ] as const) {
    it(`publishes outputs that have subscribers, with stamp and frame_id of the depth picture, ${where}`, async () => {
      const setup = new Setup({}, work()).listen('~/detections_3d', '~/depth_masked').info();
      setup.depth(10);
      setup.result(5);
      await setup.stream.destroy();
      assert.deepEqual(await setup.published(), ['~/detections_3d', '~/depth_masked']);
      const { header, detections } = setup.message<Detections>(0);
      assert.deepEqual(header, { stamp: at(10), frame_id: 'color_optical' });
      assert.equal(detections.length, 2);
      assert.deepEqual(setup.graph.warnings, []);
      assert.deepEqual(setup.stream.counts, {
        received: 1,
        paired: 1,
        unpaired: 0,
        late: 0,
        refused: 0,
        skipped: 0,
      });
    });
  }

  it('ends its thread without subscribers, and starts another with the next one', async () => {
    const work = new DepthWorker();
    const setup = new Setup({}, work);
    for (const stamp of [10, 20]) {
      setup.listen('~/points').info();
      assert.equal(work.running, false);
      setup.depth(stamp);
      setup.result(stamp);
      assert.equal(work.running, true);
      setup.graph.wanted.clear();
      setup.stream.follow();
      assert.equal(work.running, true, 'it finishes what it has');
      while (setup.stream.atWork > 0) await setup.published();
      assert.equal(work.running, false);
    }
    assert.deepEqual(await setup.published(), ['~/points', '~/points']);
    await setup.stream.destroy();
  });

  it('knows distances while they are shown, though nobody listens, and holds nothing back for that', async () => {
    const setup = new Setup().listen();
    assert.deepEqual([...setup.graph.open.keys()], []);
    setup.stream.setShown(true);
    setup.listen().info();
    setup.depth(10);
    assert.equal(setup.result(10), false);
    assert.deepEqual(await setup.published(), []);
    const [person, bird, cup] = OBJECTS.instances;
    assert.deepEqual(
      [person, bird].map((instance) => Math.round(setup.stream.distanceOf(instance!)!)),
      [2, 1],
    );
    assert.equal(setup.stream.distanceOf(cup!), undefined, 'it is too small to be measured');
    setup.now += 1001;
    assert.equal(setup.stream.distanceOf(person!), undefined);
    setup.stream.setShown(false);
    setup.stream.follow();
    assert.deepEqual([...setup.graph.open.keys()], []);
    await setup.stream.destroy();
  });

  it('holds PerceptionTargets back until their depth is there, if depth pictures arrive', async () => {
    const setup = new Setup();
    setup.targetsWanted = true;
    setup.listen().info();
    assert.equal(setup.result(0), false, 'no depth has come yet: they are sent at once');
    setup.depth(10);
    assert.equal(setup.result(40), true);
    assert.equal(setup.targets.length, 0);
    setup.depth(40);
    await setup.published();
    assert.deepEqual(
      setup.targets.map((distances) => distances?.map(({ distance }) => distance.toFixed(2))),
      [['2.05', '1.00', '0.00']],
    );
    // Nothing comes any longer: they go without distance, and the next ones at once.
    assert.equal(setup.result(80), true);
    setup.now = 100;
    setup.stream.tick();
    assert.equal(setup.targets.at(-1), undefined);
    setup.now = 1000;
    assert.equal(setup.result(120), false);
  });

  it('publishes PerceptionTargets in order, although later results are done earlier', async () => {
    const here = new DepthHere();
    const begin: (() => void)[] = [];
    const slow: DepthWork = {
      use: (names) => here.use(names),
      make: async (...task) => {
        await new Promise<void>((resolve) => begin.push(resolve));
        return here.make(...task);
      },
      rest: () => here.rest(),
      close: () => here.close(),
    };
    const setup = new Setup({}, slow);
    setup.targetsWanted = true;
    setup.listen().info();
    setup.depth(0);
    // The thread takes two of them; the third is skipped, the fourth has no depth picture.
    for (const stamp of [0, 5, 10]) setup.result(stamp);
    setup.depth(10);
    setup.result(60);
    setup.now = 100;
    setup.stream.tick();
    assert.deepEqual(setup.stamps, []);
    for (const resolve of begin) resolve();
    await setup.published();
    assert.deepEqual(setup.stamps, [0, 5, 10, 60]);
    assert.equal(setup.stream.counts.skipped, 1);
    assert.deepEqual(
      setup.targets.map((distances) => distances !== undefined),
      [true, true, false, false],
    );
    // Depth ends: what waits for it goes before what does not.
    setup.now = 999;
    assert.equal(setup.result(65), true);
    setup.now = 1000;
    assert.equal(setup.result(70), false);
    assert.equal(setup.stamps.at(-1), 65);
  });

  it('projects a picture of another frame through tf, and waits for the transform', async () => {
    const setup = new Setup().listen('~/detections_3d').info().info('/color/camera_info');
    setup.depth(10, 'depth_optical');
    setup.result(10);
    assert.deepEqual(await setup.published(), []);
    assert.deepEqual(
      [...setup.graph.open.keys()].filter((topic) => topic.startsWith('/tf')),
      ['/tf_static', '/tf'],
    );
    setup.graph.send('/tf_static', tf('base', 'color_optical', 0));
    assert.deepEqual(await setup.published(), []);
    // The depth camera is 0.2 m to the right: what it sees lies 0.2 m farther left in its own frame.
    setup.graph.send('/tf', tf('base', 'depth_optical', 0.0, 0));
    setup.graph.send('/tf', tf('base', 'depth_optical', 0.0, 20));
    assert.deepEqual(await setup.published(), ['~/detections_3d']);
    assert.equal(setup.message<Detections>(0).header.frame_id, 'depth_optical');
    assert.ok(setup.message<Detections>(0).detections.length > 0);
  });

  it('waits for the transform of depth_up_frame, so that no box stands askew', async () => {
    const setup = new Setup({ upFrame: 'base' }).listen('~/detections_3d').info();
    setup.depth(10);
    setup.result(10);
    assert.deepEqual(await setup.published(), [], 'the first lookup subscribes to tf');
    setup.graph.send('/tf_static', tf('base', 'color_optical', 0));
    assert.deepEqual(await setup.published(), ['~/detections_3d']);
    // The optical axis points up: boxes stand along it.
    assert.ok(verticals(setup, 0).every((z) => z > 0.999));
    assert.deepEqual(setup.graph.warnings, []);
  });

  it('goes on as if the camera were level, if depth_up_frame does not come, and waits once only', async () => {
    const setup = new Setup({ upFrame: 'base' }).listen('~/detections_3d').info();
    setup.depth(10);
    setup.result(10);
    setup.now = 100;
    setup.stream.tick();
    assert.equal((await setup.published()).length, 1);
    assert.ok(verticals(setup, 0).every((z) => z < 0.001));
    assert.deepEqual(setup.graph.warnings, [
      'Boxes stand as if the depth camera were level: a transform from base (unknown to tf) to color_optical (unknown to tf) is missing.',
    ]);
    setup.depth(20);
    setup.result(20);
    assert.equal((await setup.published()).length, 2);
    setup.graph.send('/tf_static', tf('base', 'color_optical', 0));
    setup.depth(30);
    setup.result(30);
    assert.equal((await setup.published()).length, 3);
    assert.ok(verticals(setup, 2).every((z) => z > 0.999));
  });

  it('accepts transforms whose clocks differ: AMCL stamps those of map ahead', async () => {
    const setup = new Setup().listen('~/detections_3d').info().info('/color/camera_info');
    setup.depth(10, 'depth_optical');
    setup.result(10);
    for (const stamp of [0, 20]) {
      setup.graph.send('/tf', tf('base', 'depth_optical', 0, stamp));
      setup.graph.send('/tf', tf('map', 'base', 0, stamp + 2000));
    }
    setup.graph.send('/tf_static', tf('base', 'color_optical', 0));
    assert.deepEqual(await setup.published(), ['~/detections_3d']);
  });

  it('reports once what is missing at the timeout', async () => {
    const setup = new Setup().listen('~/points').info().info('/color/camera_info');
    for (const stamp of [10, 20]) {
      setup.depth(stamp, 'depth_optical');
      setup.result(stamp);
    }
    setup.now = 100;
    setup.stream.tick();
    assert.deepEqual(await setup.published(), []);
    assert.equal(setup.graph.warnings.length, 1);
    assert.match(
      setup.graph.warnings[0]!,
      /depth \/depth\/image: Expected the transform from the depth camera to the color camera .*depth_optical and color_optical.* but received none: .*Start the robot_state_publisher/,
    );
    assert.equal(setup.stream.counts.refused, 2);
    assert.match(setup.stream.problem ?? '', /transform/);
  });

  it('reports a missing CameraInfo, and a topic without depth', () => {
    const none = new Setup().listen('~/points');
    none.depth(10);
    none.result(10);
    none.now = 100;
    none.stream.tick();
    assert.match(
      none.graph.warnings[0]!,
      /CameraInfo on \/depth\/image\/camera_info or \/depth\/camera_info but received none yet. Set depth_info/,
    );
    const colors = new Setup().listen('~/points').info();
    colors.depth(10, 'color_optical', 'nv12');
    colors.result(10);
    assert.match(colors.graph.warnings[0]!, /Expected a depth picture.*received nv12/);
  });

  /** A CameraInfo whose distortion is not understood. */
  function fisheye(): Uint8Array {
    const { fx, fy, cx, cy, width, height } = CAMERA;
    return new CdrEncoder<object>(messageType('sensor_msgs/CameraInfo')).write({
      header: { stamp: at(0), frame_id: cdrText('color_optical') },
      ...{ width, height, distortion_model: cdrText('equidistant'), d: [0.1, 0, 0, 0] },
      ...{ k: [fx, 0, cx, 0, fy, cy, 0, 0, 1], p: new Array<number>(12).fill(0) },
    });
  }

  it('looks for rectified in the name to which the image topic is remapped', async () => {
    for (const [image, expected] of [
      ['/color/image_rect', ['~/points']],
      ['/color/image_raw', []],
    ] as const) {
      const setup = new Setup({ colorTopic: 'image' }, new DepthHere(), { image }).listen('~/points').info();
      setup.graph.send('/color/camera_info', fisheye());
      setup.depth(10);
      setup.result(10);
      assert.deepEqual(await setup.published(), expected, image);
      assert.equal(setup.stream.counts.refused, 1 - expected.length);
      if (expected.length === 0) assert.match(setup.graph.warnings[0]!, /CameraInfo of \/color\/image_raw/);
    }
  });

  it('refuses raw pictures of a distortion that it does not know, and takes them if told to ignore it', async () => {
    const cdr = fisheye();
    for (const distortion of ['auto', 'ignore'] as const) {
      const setup = new Setup({ distortion }).listen('~/points');
      setup.graph.send('/depth/camera_info', cdr);
      setup.depth(10);
      setup.result(10);
      assert.deepEqual(await setup.published(), distortion === 'ignore' ? ['~/points'] : []);
      if (distortion === 'ignore') continue;
      assert.match(
        setup.graph.warnings[0]!,
        /distortion of the model plumb_bob.*received equidistant with D/,
      );
      assert.equal(setup.stream.counts.refused, 1);
    }
  });

  it('never considers pictures of other proportions or another frame registered', async () => {
    for (const registration of ['auto', 'projected'] as const) {
      const setup = new Setup({ registration, timeout: 0 }).listen('~/points').info();
      setup.depth(10, 'depth_optical');
      setup.result(10);
      assert.deepEqual(await setup.published(), []);
      assert.match(setup.graph.warnings[0]!, /color camera's intrinsics.*Set camera_info/);
    }
    const told = new Setup({ registration: 'registered' }).listen('~/points').info();
    told.depth(10, 'depth_optical');
    told.result(10);
    assert.deepEqual(await told.published(), ['~/points']);
  });
});
