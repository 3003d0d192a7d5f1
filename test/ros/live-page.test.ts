import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, it } from 'mocha';
import { SceneSource } from '../../src/media/scene/index.js';
import { isBadFrame } from '../../src/vision/picture/frame-source.js';
import { repository } from '../data.js';
import { packedBytes } from '../native/frames.js';
import { TestClient } from '../web/fixture.js';
import type { Peer } from './peer.js';
import { parameters } from './recorded-model.js';
import { describeRos } from './suite.js';
import { rosSkip, setups } from './workspace.js';

const WIDTH = 640;
const HEIGHT = 480;
const TOKEN = 'the token of this test';

for (const { middleware, transport, name } of setups) {
  describeRos(rosSkip, `the live page of the node segment on ${name}`, middleware, (ros) => {
    let peer: Peer;
    let client: TestClient;

    before(async () => {
      const port = await freePort();
      const segment = ros.node('segment', [
        ...parameters({ model: join(repository, 'models/scene-n-seg.onnx'), threads: 1, images: '[/image]' }),
        ...parameters({ camera_transport: transport, web_port: port, web_token: `'${TOKEN}'` }),
      ]);
      peer = ros.peer();
      await segment.said(/Live page: http:\/\/127\.0\.0\.1:\d+/);
      client = await TestClient.connect({ port });
      await peer.subscribe('/segment/detections', 'vision_msgs/msg/Detection2DArray', { depth: 5 });
    });
    after(() => client.close());

    it('shows frames with their pictures, and sets parameters of the node', async () => {
      client.send({ type: 'watch', cameras: { 0: 'small' } });
      for await (const item of new SceneSource({
        width: WIDTH,
        height: HEIGHT,
        count: 1,
        seed: 3,
      }).frames()) {
        assert.ok(!isBadFrame(item));
        writeFileSync(join(ros.folder, 'image.nv12'), packedBytes(item.frame));
      }
      const image = { type: 'sensor_msgs/msg/Image', encoding: 'nv12', period: 0.5 };
      await peer.request('publish', {
        ...{ topic: '/image', ...image, width: WIDTH, height: HEIGHT },
        ...{ file: join(ros.folder, 'image.nv12'), paced: ['/segment/detections'] },
      });
      await client.until(() => client.frames.some(({ picture }) => picture.length > 0));
      const found = client.frames.at(-1)!.instances.length;
      assert.ok(found > 0);
      assert.ok((await client.request({ type: 'authorize', token: TOKEN })).ok);
      const { ok, message } = await client.request({ type: 'set', name: 'score', value: 1 });
      assert.ok(ok, message);
      await client.until(() => client.frames.at(-1)!.instances.length === 0);
      const { ok: tooMuch } = await client.request({ type: 'set', name: 'score', value: 2 });
      assert.equal(tooMuch, false);
      await peer.finish('/image');
    });
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
