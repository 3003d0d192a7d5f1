import assert from 'node:assert/strict';
import { before, it } from 'mocha';
import { diagnosticsOf } from './diagnostics.js';
import type { Peer, PeerMessage } from './peer.js';
import { emulated } from './recorded-model.js';
import { describeRos } from './suite.js';
import { rosSkip, setups } from './workspace.js';

const ALIVE = '/segment/alive';
const FRONT = '/front/image';
const WATCHDOG = 400;

for (const { middleware, transport, name } of setups) {
  describeRos(rosSkip, `the node segment on duty on ${name}`, middleware, (ros) => {
    let peer: Peer;

    before(async () => {
      const segment = ros.node('segment', [
        ...emulated(transport),
        ...['-p', `images:=[${FRONT}]`, '-p', `watchdog:=${WATCHDOG}`],
      ]);
      await segment.said(/frames in flight/);
      peer = ros.peer();
      await peer.subscribe('/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray');
      await peer.subscribe(ALIVE, 'std_msgs/msg/Bool', { durability: 'transient_local' });
    });

    it('says that no results come, and repeats it, so that it is not taken for dead', async () => {
      const messages = await peer.received(ALIVE, 4);
      assert.ok(messages.every((message) => !alive(message)));
    });

    it('says that results come, and soon that they do not', async () => {
      await peer.request('publish', {
        ...{ topic: FRONT, type: 'sensor_msgs/msg/Image', width: 640, height: 480, period: 0.05 },
      });
      await peer.find(ALIVE, 'that it is alive', alive);
      await diagnosticsOf(peer, FRONT, 'that it is alive', (values) => values['alive'] === 'true');
      await peer.stop(FRONT);
      await peer.forget(ALIVE);
      await peer.find(ALIVE, 'that no results come', (message) => !alive(message));
    });
  });
}

function alive({ message }: PeerMessage): boolean {
  return message['data'] === true;
}
