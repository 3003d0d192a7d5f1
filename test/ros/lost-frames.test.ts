import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, it } from 'mocha';
import { repository } from '../data.js';
import { listenToDiagnostics, diagnosticsThat } from './node-diagnostics.js';
import type { Peer } from './peer.js';
import type { RosProcess } from './processes.js';
import { emulated } from './recorded-model.js';
import { describeRos } from './suite.js';
import { rosSkip, setups } from './workspace.js';

for (const { middleware, transport, name } of setups) {
  describeRos(rosSkip, `lost frames and QoS on ${name}`, middleware, (ros) => {
    let segment: RosProcess;
    let peer: Peer;

    before(async () => {
      segment = ros.node('segment', [
        ...emulated(transport),
        ...['-p', 'images:=[/front, /rear, /side]'],
        ...['-p', 'qos_overrides./side.subscription.depth:=7'],
        ...['-p', 'qos_overrides./side.subscription.reliability:=best_effort'],
        ...['-p', 'qos_overrides./segment/front/detections.publisher.reliability:=best_effort'],
      ]);
      peer = ros.peer();
      await segment.said(/frames in flight/);
      await listenToDiagnostics(peer);
    });

    function publish(topic: string, request: object): void {
      const more = { topic, delay: 0, count: 100_000, period: 0.1, ...request };
      ros.start(['/usr/bin/python3', join(repository, 'test/ros/advertiser.py'), JSON.stringify(more)]);
    }

    it('follows the publisher: reliable if that is, to lose the fewest frames', async () => {
      publish('/front', {});
      publish('/rear', { reliability: 'best_effort' });
      // Best effort until it has looked at the publishers, which it does twice a second.
      const reliable = 'reliable, volatile, depth 5';
      await diagnosticsThat(
        peer,
        '/front',
        `frames, and ${reliable}`,
        ({ values }) => Number(values['answered']) > 0 && values['qos'] === reliable,
      );
      const rear = await diagnosticsThat(
        peer,
        '/rear',
        'frames',
        ({ values }) => Number(values['answered']) > 0,
      );
      assert.equal(rear.values['qos'], 'best effort, volatile, depth 5');
    });

    it('uses and shows the QoS of qos_overrides', async () => {
      publish('/side', { lose: 4 });
      const side = await diagnosticsThat(
        peer,
        '/side',
        'frames',
        ({ values }) => Number(values['answered']) > 0,
      );
      assert.equal(side.values['qos'], 'best effort, volatile, depth 7');
      const { values } = (await peer.call('/segment/get_parameters', 'rcl_interfaces/srv/GetParameters', {
        names: ['qos_overrides./side.subscription.depth', 'qos_overrides./side.subscription.reliability'],
      })) as { values: { integer_value: number; string_value: string }[] };
      assert.deepEqual([values[0]!.integer_value, values[1]!.string_value], [7, 'best_effort']);
      // A reliable subscription cannot hear the best-effort publisher that was asked for.
      const deaf = '/segment/front/detections';
      await peer.subscribe(deaf, 'vision_msgs/msg/Detection2DArray', { reliability: 'reliable' });
      await peer.subscribe('/segment/rear/detections', 'vision_msgs/msg/Detection2DArray');
      await peer.received('/segment/rear/detections', 5);
      assert.deepEqual(peer.messages(deaf), []);
    });

    it('reports lost frames', async () => {
      const side = await diagnosticsThat(peer, '/side', 'a warning', ({ message }) =>
        /lost on their way/.test(message),
      );
      assert.equal(side.level, 1);
      assert.ok(Number(side.values['lost_lately']) > 0);
    });

    it('refuses to start with an invalid QoS', async () => {
      const wrong = ros.node('segment', [
        ...emulated(transport),
        ...['-r', '__node:=wrong', '-p', 'images:=[/front]'],
        ...['-p', 'qos_overrides./front.subscription.reliability:=perhaps'],
      ]);
      assert.notEqual(await wrong.ended(), 0);
      assert.match(wrong.output, /Expected reliable or best_effort for parameter qos_overrides/);
    });
  });
}
