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

    it('signals repeatedly that there are no results', async () => {
      const messages = await peer.received(ALIVE, 4);
      assert.ok(messages.every((message) => !alive(message)));
    });

    it('signals that there are results, limits their rate on request, and soon signals that there are none', async () => {
      await peer.request('publish', {
        ...{ topic: FRONT, type: 'sensor_msgs/msg/Image', width: 640, height: 480, period: 0.05 },
      });
      await peer.find(ALIVE, 'that it is alive', alive);
      await diagnosticsOf(peer, FRONT, 'that it is alive', (values) => values['alive'] === 'true');
      // Integers are 7 in rcl_interfaces/msg/ParameterType.
      const { successful, reason } = await peer.set('/segment', 'max_rate', {
        type: 7,
        integer_array_value: [1],
      });
      assert.ok(successful, reason);
      const answer = await peer.set('/segment', 'max_rate', { type: 7, integer_array_value: [1, 2] });
      assert.match(answer.reason, /Expected 1 or 1 values|as many as in images/);
      await diagnosticsOf(
        peer,
        FRONT,
        'that most frames are skipped',
        ({ received, skipped }) => Number(skipped) > 2 * (Number(received) - Number(skipped)),
      );
      await peer.stop(FRONT);
      await peer.forget(ALIVE);
      await peer.find(ALIVE, 'that no results come', (message) => !alive(message));
    });
  });
}

function alive({ message }: PeerMessage): boolean {
  return message['data'] === true;
}
