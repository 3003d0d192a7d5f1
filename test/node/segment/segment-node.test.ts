import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, it } from 'mocha';
import { OnnxEngine } from '../../../src/engine/onnx/onnx-engine.js';
import { builtIn } from '../../../src/message/message-type.js';
import { ImageWriter } from '../../../src/message/write/image.js';
import { SegmentNode } from '../../../src/node/segment/segment-node.js';
import { record } from '../../../tools/record/record.js';
import { boardReport, EMULATOR, withEmulator } from '../../engine/bpu/emulator.js';
import { tenHeads } from '../../engine/tiny-onnx.js';
import { withVariables } from '../../environment.js';
import { HEADER } from '../../message/write/samples.js';
import { noiseFrame } from '../../native/frames.js';
import { temporaryFolder } from '../../temporary-folder.js';
import { buildPage } from '../../web/fixture.js';
import { FakeRos } from '../fake-ros.js';

const WIDTH = 64;
const HEIGHT = 48;

/** The answer of SetBool, Trigger and LoadModel. */
interface Answer {
  success: boolean;
  message: string;
}

/** Records the ONNX model for the emulator. */
async function recordModel(file: string, recording: string): Promise<void> {
  const engine = await OnnxEngine.open({ file, threads: 1 });
  await record(engine, [noiseFrame(64, 64)], { file: recording, name: 'animals', busy: 500, overhead: 300 });
  await engine.close();
}

describe('the services and parameters of SegmentNode', () => {
  const folder = temporaryFolder('segment-node');
  // The only installed message is the one about the model.
  withVariables({ AMENT_PREFIX_PATH: folder, ROS_HOME: folder });
  mkdirSync(join(folder, 'share/vision_msgs/msg'), { recursive: true });
  writeFileSync(join(folder, 'share/vision_msgs/msg/LabelInfo.msg'), builtIn('vision_msgs/LabelInfo')!);
  const model = join(folder, 'animals.onnx');
  writeFileSync(model, tenHeads(64, 64, ['cat', 'dog', 'bird']));
  const other = join(folder, 'traffic.onnx');
  writeFileSync(other, tenHeads(32, 64, ['car', 'bus']));
  const broken = join(folder, 'broken.onnx');
  writeFileSync(broken, tenHeads(64, 64, ['cat']).subarray(0, 500));

  let ros: FakeRos;
  let node: SegmentNode;
  afterEach(() => node.end());

  function create(parameters: Readonly<Record<string, unknown>> = {}): void {
    ros = new FakeRos({
      ...{ model, images: ['/image'], image_type: 'image', camera_transport: 'rclnodejs', threads: 1 },
      ...{ autostart: true, score: 1, ...parameters },
    });
    ros.publishers = [{ type: 'sensor_msgs/msg/Image' }];
    ros.subscriptions = () => 1;
    node = new SegmentNode(ros.node);
  }

  const change = (label: string): Promise<{ success: boolean }> =>
    ros.call('~/change_state', { transition: { id: 0, label } });
  const loadModel = (file: string, labels = ''): Promise<Answer> =>
    ros.call('~/load_model', { model: file, labels });
  const errors = (): string[] => ros.lines.filter((line) => line.startsWith('error: '));

  /** Sends an image. @returns when the overlay of its result is published */
  async function result(): Promise<void> {
    const published = new Promise<void>((resolve) => {
      ros.onPublish = (topic) => topic === '~/overlay' && resolve();
    });
    const layout = { width: WIDTH, height: HEIGHT, encoding: 'mono8', step: WIDTH };
    ros.deliver(new ImageWriter().write(HEADER, layout, new Uint8Array(WIDTH * HEIGHT)).slice(), '/image');
    await published;
  }

  it('waits for its configuration without autostart, and says how to configure it', async () => {
    create({ autostart: false });
    assert.equal(await node.start(), true);
    assert.deepEqual(ros.lines, ['Waiting for: ros2 lifecycle set /node configure']);
    assert.ok((await change('configure')).success);
    assert.ok(
      ros.lines.includes('animals on onnx: 64x64, 3 classes, 2 frames in flight'),
      ros.lines.join('\n'),
    );
    assert.equal(ros.open, 0, 'an inactive node does not subscribe');
    assert.ok((await change('activate')).success);
    await result();
  });

  it('does not start with a model that cannot be read, or that is not there; the log says why', async () => {
    for (const [file, reason] of [
      [broken, /^error: configure: Expected .*broken\.onnx/],
      [join(folder, 'none.onnx'), /^error: configure: Expected .*none\.onnx/],
    ] as const) {
      create({ model: file });
      assert.equal(await node.start(), false);
      assert.match(errors()[0] ?? 'no error', reason);
      assert.equal(errors().length, 1);
      await node.end();
    }
  });

  it('frees the model when its topics cannot be opened, and may be configured again', async () => {
    const board = join(folder, 'board.bin');
    await recordModel(model, board);
    const loaded = boardReport().modelsAlive;
    create({ model: board, library: EMULATOR, autostart: false });
    const publish = ros.publish.bind(ros);
    await withEmulator('clock=fast', async () => {
      for (const refused of ['~/alive', '~/label_info']) {
        ros.publish = (type, topic) => {
          if (topic === refused) throw new Error(`no memory for ${topic}`);
          return publish(type, topic);
        };
        assert.equal((await change('configure')).success, false, refused);
        assert.deepEqual(errors().at(-1), `error: configure: no memory for ${refused}`);
        assert.equal(boardReport().modelsAlive, loaded, refused);
      }
      ros.publish = publish;
      assert.ok((await change('configure')).success);
      assert.equal(boardReport().modelsAlive, loaded + 1);
    });
    assert.ok((await change('cleanup')).success);
    assert.equal(boardReport().modelsAlive, loaded);
  });

  it('reports the topics whose messages are not installed, in one line for each type', async () => {
    create({ images: ['/front', '/rear'] });
    await node.start();
    const lines = ros.lines.filter((line) => line.startsWith('vision_msgs/msg/Detection2DArray '));
    assert.deepEqual(lines, [
      'vision_msgs/msg/Detection2DArray is not installed: no ~/front/detections, ~/rear/detections',
    ]);
  });

  it('ends its subscriptions while it is disabled', async () => {
    create();
    await node.start();
    assert.equal(ros.open, 1);
    assert.deepEqual(await ros.call('~/enable', { data: false }), { success: true, message: 'disabled' });
    assert.equal(ros.open, 0);
    assert.deepEqual(await ros.call('~/enable', { data: false }), { success: true, message: 'disabled' });
    assert.equal(ros.lines.filter((line) => line.startsWith('Disabled')).length, 1, 'logged once');
    assert.deepEqual(await ros.call('~/enable', { data: true }), { success: true, message: 'enabled' });
    assert.equal(ros.open, 1);
    await result();
  });

  it('stays disabled over a deactivation', async () => {
    create();
    await node.start();
    await ros.call('~/enable', { data: false });
    await change('deactivate');
    await change('activate');
    assert.equal(ros.open, 0);
    await ros.call('~/enable', { data: true });
    assert.equal(ros.open, 1);
  });

  it('changes the model while images arrive, and keeps its subscription', async () => {
    create();
    await node.start();
    await result();
    assert.deepEqual(await loadModel(other), { success: true, message: 'traffic on onnx is in use' });
    await result();
    assert.equal(ros.subscribed.length, 1);
    // The classes of the new model are valid now, those of the former one are not.
    assert.equal(ros.setParameters({ classes: ['bus'] }), undefined);
    assert.match(String(ros.setParameters({ classes: ['cat'] })), /but received cat/);
  });

  it('keeps the former model when another one cannot be used', async () => {
    create();
    await node.start();
    const names = join(folder, 'names.txt');
    writeFileSync(names, 'one\ntwo\n');
    for (const [file, labels, reason] of [
      [broken, '', /^Expected .*broken\.onnx/],
      [join(folder, 'none.onnx'), '', /none\.onnx/],
      [model, names, /^Expected .*3 .*2/s],
    ] as const) {
      const { success, message } = await loadModel(file, labels);
      assert.equal(success, false);
      assert.match(message, reason);
      assert.equal(errors().at(-1), `error: load_model: ${message} animals stays in use.`);
      await result();
    }
  });

  it('keeps the former model when another one lacks a class that parameters name', async () => {
    create({ classes: ['cat'] });
    await node.start();
    const { success, message } = await loadModel(other);
    assert.equal(success, false);
    assert.match(message, /^Expected .* but received cat/);
    await result();
  });

  it('loads the model that was named before it was configured', async () => {
    create({ autostart: false, model: broken });
    await node.start();
    assert.deepEqual(await loadModel(other), {
      success: true,
      message: 'will be loaded when the node is configured',
    });
    assert.ok((await change('configure')).success);
    assert.ok(ros.lines.some((line) => line.startsWith('traffic on onnx')));
  });

  it('refuses parameters that do not fit the model, and those that are fixed while it is configured', async () => {
    create();
    await node.start();
    const refused = [
      [
        { model: other },
        /Expected an unconfigured node to change parameter model but received one that is active/,
      ],
      [{ classes: ['horse'] }, /but received horse/],
      [{ max_rate: [1, 2] }, /Expected 1 value in parameter max_rate/],
      [{ roi: ['0,0,10'] }, /Expected x,y,width,height in pixels for parameter roi but received 0,0,10/],
      [{ class_map_size: 'large' }, /class_map_size/],
      [{ zones: ['door=0,0 1,1'] }, /3 to 100 corners in parameter zones/],
      [{ depth_mask_classes: ['horse'] }, /horse/],
    ] as const;
    for (const [values, reason] of refused) assert.match(String(ros.setParameters(values)), reason);
    await result();
    await change('deactivate');
    await change('cleanup');
    assert.equal(ros.setParameters({ model: other }), undefined);
    assert.ok((await change('configure')).success);
    assert.ok(ros.lines.some((line) => line.startsWith('traffic on onnx')));
  });

  it('does not start with a port for the live page that is taken, and frees the model', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    create({ web_port: port, web_host: '127.0.0.1' });
    assert.equal(await node.start(), false);
    assert.match(errors()[0] ?? 'no error', new RegExp(`^error: configure: Expected .*${port}`));
    server.close();
    assert.equal(ros.open, 0);
    assert.equal(ros.setParameters({ model: other }), undefined, 'it is unconfigured');
  });

  it('serves the live page as long as it is configured', async () => {
    buildPage();
    // Another program may take a port between the question for a free one and its use.
    for (let attempt = 0; ; attempt++) {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      server.close();
      await once(server, 'close');
      create({ web_port: port, web_host: '127.0.0.1' });
      if (await node.start()) break;
      await node.end();
      assert.ok(attempt < 10, errors().join('\n'));
    }
    const line = ros.lines.find((text) => text.startsWith('Live page: '));
    assert.ok(line, ros.lines.join('\n'));
    const address = line.slice('Live page: '.length);
    const read = async (path: string): Promise<string> => (await fetch(new URL(path, address))).text();
    assert.deepEqual(JSON.parse(await read('/healthz')), { status: 'ok' });
    await result();
    assert.match(await read('/metrics'), /^tros_yolo_seg_frames_answered_total\{camera="image"\} 1$/m);
    const { success } = await loadModel(broken);
    assert.equal(success, false);
    assert.match(await read('/healthz'), /"status":"error","problem":"Expected .*broken\.onnx/);
    await node.end();
    await assert.rejects(read('/healthz'));
  });
});
