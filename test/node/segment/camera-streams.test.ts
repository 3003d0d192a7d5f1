import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'mocha';
import { ImageWriter } from '../../../src/message/write/image.js';
import { CameraStreams } from '../../../src/node/segment/camera-streams.js';
import { type LoadedModel, loadModel } from '../../../src/node/segment/loaded-model.js';
import type { NativeSubscriptions } from '../../../src/node/segment/native-subscriptions.js';
import type { ReceivedImage } from '../../../src/node/segment/received-image.js';
import type { SegmentParameters } from '../../../src/parameters/segment.js';
import type { CameraCounts } from '../../../src/pipeline/live-segmenter.js';
import type { Nv12Frame } from '../../../src/vision/picture/nv12-frame.js';
import { tenHeads } from '../../engine/tiny-onnx.js';
import { HEADER } from '../../message/write/samples.js';
import { temporaryFolder } from '../../temporary-folder.js';
import { defaultParameters } from '../default-parameters.js';
import { FakeRos } from '../fake-ros.js';

const WIDTH = 64;
const HEIGHT = 48;
const NO_FRAMES: CameraCounts = { offered: 0, dropped: 0, answered: 0, failed: 0, discarded: 0 };

/** The leftmost luma value of a row. */
const pixelOf = ({ data, lumaOffset, lumaStride }: Nv12Frame, row: number): number =>
  data[lumaOffset + row * lumaStride]!;

describe('CameraStreams', () => {
  const folder = temporaryFolder('camera-streams');
  const file = join(folder, 'tiny.onnx');
  writeFileSync(file, tenHeads(64, 64, ['cat', 'dog', 'bird']));

  let model: LoadedModel;
  let ros: FakeRos;
  let parameters: { -readonly [Name in keyof SegmentParameters]: SegmentParameters[Name] };
  let offered: { readonly camera: number; readonly frame: ReceivedImage }[];
  let missing: string[];
  let streams: CameraStreams;

  before(async () => {
    model = await loadModel({ ...defaultParameters(), model: file, threads: 1 });
  });
  after(() => model.engine.close());
  beforeEach(() => {
    ros = new FakeRos();
    ros.publishers = [{ type: 'sensor_msgs/msg/Image' }];
    parameters = { ...defaultParameters(), images: ['/front/image', '/rear/image'], image_type: 'image' };
    offered = [];
    missing = [];
    streams = new CameraStreams(ros.node, parameters, {
      offer: (camera, frame) => void offered.push({ camera, frame }),
      attach: () => assert.fail('no native subscription'),
      detach: () => Promise.resolve(),
      counts: (camera) => ({ ...NO_FRAMES, answered: 10 * (camera + 1) }),
    });
  });

  const open = (): void => {
    const native = { supports: () => false, publishersOf: () => [], required: false, unavailable: undefined };
    streams.open(2, native as unknown as NativeSubscriptions, (type, topic) =>
      missing.push(`${type} ${topic}`),
    );
  };
  const image = (value: number, step = WIDTH): Uint8Array => {
    const layout = { width: WIDTH, height: HEIGHT, encoding: 'mono8', step };
    return new ImageWriter().write(HEADER, layout, new Uint8Array(step * HEIGHT).fill(value)).slice();
  };
  /** Values of each camera's diagnostics. */
  const diagnostics = (name: string): (string | undefined)[] =>
    streams.all.map(({ health }) => health.status('node', 'onnx', true).values[name]);
  const warnings = (): string[] => ros.lines.filter((line) => line.startsWith('warning: '));

  it("passes each camera's frames on with its number, and asks for the counts of that number", async () => {
    open();
    assert.equal(streams.all.length, 2);
    streams.follow();
    ros.deliver(image(20), '/rear/image');
    ros.deliver(image(10), '/front/image');
    assert.deepEqual(
      offered.map(({ camera }) => camera),
      [1, 0],
    );
    const luma = await Promise.all(offered.map(async ({ frame }) => pixelOf(await frame.prepare(), 0)));
    assert.deepEqual(luma, [20, 10]);
    assert.deepEqual(diagnostics('answered'), ['10', '20']);
    await streams.destroy();
  });

  it('reads the images of each camera with its own row length', async () => {
    parameters.image_step = [0, 80];
    open();
    streams.follow();
    // Both messages tell a wrong row length of 64 where rows are 80 bytes apart.
    const data = new Uint8Array(80 * HEIGHT);
    for (let y = 0; y < HEIGHT; y++) data.fill(y, 80 * y, 80 * y + WIDTH);
    const layout = { width: WIDTH, height: HEIGHT, encoding: 'mono8', step: WIDTH };
    const cdr = new ImageWriter().write(HEADER, layout, data).slice();
    for (const topic of ['/front/image', '/rear/image']) ros.deliver(cdr, topic);
    const last = await Promise.all(offered.map(async ({ frame }) => pixelOf(await frame.prepare(), 47)));
    assert.notEqual(last[0], 47);
    assert.equal(last[1], 47);
    await streams.destroy();
  });

  it('refuses lists with neither one value nor one for each camera, and opens no camera', async () => {
    const lists = [
      [{ image_step: [1, 2, 3] }, /Expected 1 or 2 values in parameter image_step, .* but received 3/],
      [{ depth: ['/depth'] }, /Expected 2 topics in parameter depth, .* but received 1/],
      [{ camera_names: ['a', 'b', 'c'] }, /Expected 2 names in camera_names/],
      [{ images: [] }, /Expected at least one topic in parameter images but received none/],
    ] as const;
    for (const [changes, expected] of lists) {
      const before = { ...parameters };
      Object.assign(parameters, changes);
      assert.throws(open, expected);
      assert.deepEqual(streams.all, []);
      Object.assign(parameters, before);
    }
    await streams.destroy();
  });

  it('removes the topics of the cameras that were open when another one could not be opened', async () => {
    const opened: string[] = [];
    const publish = ros.publish.bind(ros);
    ros.publish = (type, topic) => {
      if (topic === '~/rear/alive') throw new Error('no memory');
      opened.push(topic);
      return { ...publish(type, topic), destroy: () => opened.splice(opened.indexOf(topic), 1) };
    };
    assert.throws(open, /no memory/);
    assert.ok(opened.includes('~/front/alive'));
    assert.equal(streams.all.length, 1);
    await streams.destroy();
    assert.deepEqual(
      opened.filter((topic) => topic.startsWith('~/front')),
      [],
    );
    assert.deepEqual(streams.all, []);
  });

  it('changes the rate and the region of each camera when their parameters change, and only then', async () => {
    open();
    streams.follow();
    const send = (): void => {
      for (const topic of ['/front/image', '/rear/image']) ros.deliver(image(0), topic);
    };
    send();
    send();
    assert.deepEqual(diagnostics('skipped'), ['0', '0']);
    parameters.max_rate = [1e-3, 0];
    parameters.roi = ['', '0,0,32,24'];
    streams.apply(['score'], model);
    send();
    send();
    assert.deepEqual(
      [diagnostics('skipped'), diagnostics('roi')],
      [
        ['0', '0'],
        ['', ''],
      ],
    );
    streams.apply(['max_rate'], model);
    send();
    send();
    assert.deepEqual(
      [diagnostics('skipped'), diagnostics('roi')],
      [
        ['1', '0'],
        ['', ''],
      ],
    );
    streams.apply(['roi'], model);
    assert.deepEqual(diagnostics('roi'), ['', '0,0,32,24']);
    await streams.destroy();
  });

  it('warns once of zones that nothing counts, until tracking is on', async () => {
    parameters.zones = ['door=0,0 1,0 1,1'];
    open();
    streams.use(model);
    streams.apply(['score'], model);
    assert.deepEqual(warnings(), ['warning: Zones and lines count nothing until tracking is on.']);
    parameters.tracking = true;
    streams.apply(['tracking'], model);
    assert.deepEqual(
      streams.all.map(({ tracking }) => tracking.zones.map(({ name }) => name)),
      [['door'], ['door']],
    );
    parameters.tracking = false;
    streams.apply(['tracking'], model);
    assert.equal(warnings().length, 2);
    await streams.destroy();
  });

  it('gives a zone only to the camera that it names', async () => {
    parameters.tracking = true;
    parameters.zones = ['rear/door=0,0 1,0 1,1'];
    parameters.lines = ['gate=0,0 1,1'];
    open();
    streams.use(model);
    assert.deepEqual(
      streams.all.map(({ tracking }) => tracking.zones.map(({ name }) => name)),
      [['gate'], ['door', 'gate']],
    );
    await streams.destroy();
  });

  it('resets the tracks of all cameras', async () => {
    parameters.tracking = true;
    open();
    streams.use(model);
    const empty = { width: WIDTH, height: HEIGHT, maskWidth: 16, maskHeight: 12, instances: [] };
    const box = { x1: 0, y1: 0, x2: 30, y2: 30 };
    const mask = { x: 0, y: 0, width: 0, height: 0, data: new Uint8Array() };
    for (const { tracking } of streams.all)
      tracking.apply(
        { sec: 1, nanosec: 0 },
        { ...empty, instances: [{ classId: 0, score: 0.9, box, mask }] },
      );
    streams.resetTracks();
    for (const { tracking } of streams.all) tracking.apply({ sec: 2, nanosec: 0 }, empty);
    assert.deepEqual(diagnostics('track_resets'), ['1', '1']);
    await streams.destroy();
  });

  it('reports the topics whose messages are not installed', async () => {
    const save = process.env['AMENT_PREFIX_PATH'];
    process.env['AMENT_PREFIX_PATH'] = folder;
    try {
      parameters.depth = ['', '/rear/depth'];
      open();
    } finally {
      if (save === undefined) delete process.env['AMENT_PREFIX_PATH'];
      else process.env['AMENT_PREFIX_PATH'] = save;
    }
    assert.ok(missing.includes('vision_msgs/msg/Detection2DArray ~/front/detections'));
    assert.ok(missing.includes('vision_msgs/msg/Detection3DArray ~/rear/detections_3d'));
    assert.ok(!missing.includes('vision_msgs/msg/Detection3DArray ~/front/detections_3d'));
    await streams.destroy();
  });

  it('opens a depth stream for the cameras with a depth topic, and subscribes to it with the images', async () => {
    parameters.depth = ['', '/rear/depth'];
    open();
    assert.deepEqual(
      streams.all.map(({ depth }) => depth !== undefined),
      [false, true],
    );
    streams.use(model);
    streams.follow();
    assert.ok(ros.open >= 2);
    await streams.close();
    assert.equal(ros.open, 0);
    streams.follow();
    assert.ok(ros.open >= 2, 'and again after close');
    await streams.destroy();
    assert.equal(ros.open, 0);
  });
});
