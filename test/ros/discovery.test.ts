import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { join } from 'node:path';
import { before, it } from 'mocha';
import { repository } from '../data.js';
import type { Peer } from './peer.js';
import type { RosProcess } from './processes.js';
import { emulated } from './recorded-model.js';
import { describeRos } from './suite.js';
import { ddsSetups, rosPackage, rosSkip } from './workspace.js';

const HBM = 'hbm_img_msgs/msg/HbmMsg480P';

for (const { middleware, transport, name } of ddsSetups) {
  const server = middleware === 'rmw_fastrtps_cpp';
  describeRos(rosSkip, `discovery ${server ? 'by a server ' : ''}on ${name}`, middleware, (ros) => {
    let segment: RosProcess;
    let peer: Peer;

    before(async () => {
      if (server) {
        const port = await freePort();
        const discovery = ros.start([
          'fastdds',
          'discovery',
          '-i',
          '0',
          '-l',
          '127.0.0.1',
          '-p',
          String(port),
        ]);
        ros.env['ROS_DISCOVERY_SERVER'] = `127.0.0.1:${port}`;
        await discovery.said(/running/i);
      }
      segment = ros.node('segment', [
        ...emulated(transport),
        ...['-p', 'images:=[/front/image, /rear/image]'],
      ]);
      peer = ros.peer();
      await segment.said(/frames in flight/);
      for (const camera of ['front', 'rear']) {
        await peer.subscribe(`/segment/${camera}/detections`, 'vision_msgs/msg/Detection2DArray', {
          content: false,
        });
      }
    });

    function publish(topic: string, type: string): void {
      const request = { topic, type, delay: 0, count: 100_000, period: 0.1 };
      ros.start(['/usr/bin/python3', join(repository, 'test/ros/advertiser.py'), JSON.stringify(request)]);
    }

    it('subscribes before there is a publisher', async () => {
      await segment.said(/Images from \/front\/image \(sensor_msgs\/msg\/Image/);
      // By way of a server, the peer hears of topics that it has itself, only.
      if (server) return;
      await peer.request('graph', { topic: '/front/image', subscribers: 1 });
    });

    it('finds a camera of the likeliest type', async () => {
      publish('/front/image', 'sensor_msgs/msg/Image');
      await peer.received('/segment/front/detections', 3);
    });

    it('finds a camera of another type', async function () {
      if (!rosPackage('hbm_img_msgs')) this.skip();
      publish('/rear/image', HBM);
      await peer.received('/segment/rear/detections', 3);
      assert.match(segment.output, /Images from \/rear\/image \(hbm_img_msgs/);
    });
  });
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}
