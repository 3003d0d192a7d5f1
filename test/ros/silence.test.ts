import assert from 'node:assert/strict';
import { before, it } from 'mocha';
import { diagnosticsOf } from './diagnostics.js';
import type { Peer } from './peer.js';
import type { RosProcess } from './processes.js';
import { emulated } from './recorded-model.js';
import { describeRos } from './suite.js';
import { rosSkip, setups } from './workspace.js';

const FRONT = '/robot/front/image';
const SIDE = '/robot/side/image';
const IMAGE = { type: 'sensor_msgs/msg/Image', width: 64, height: 48, period: 0.05 };

interface Log {
  readonly stamp: { readonly sec: number; readonly nanosec: number };
  readonly msg: string;
}

/** Nothing that goes wrong goes wrong in silence: log, /rosout and /diagnostics tell it, whatever takes the images. */
for (const { middleware, transport, name } of setups) {
  describeRos(rosSkip, `what the node segment says on ${name}`, middleware, (ros) => {
    let segment: RosProcess;
    let peer: Peer;

    before(async () => {
      peer = ros.peer();
      await peer.subscribe('/rosout', 'rcl_interfaces/msg/Log', { durability: 'transient_local' });
      await peer.subscribe('/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray');
      await peer.request('publish', { ...IMAGE, topic: FRONT, encoding: 'nonsense8' });
      segment = ros.node('segment', [
        ...emulated(transport),
        ...['-r', '__ns:=/robot', '-p', 'images:=[front/image, typo/image_raw, side/image]'],
      ]);
    });

    it('warns of unusable frames at most once a second, with the fully resolved topic', async () => {
      const refused = (text: string): boolean => text.startsWith(`${FRONT}: `);
      const lines = (): Log[] =>
        peer
          .messages('/rosout')
          .map(({ message }) => message as unknown as Log)
          .filter(({ msg }) => refused(msg));
      await peer.process.until('hear three warnings on /rosout', () => lines().length >= 3 || undefined);
      const [first, ...more] = lines();
      assert.match(
        first!.msg,
        /: (A frame|\d+ frames) cannot be used\. Expected an image with encoding .*but received nonsense8\. /,
      );
      assert.doesNotMatch(first!.msg, /camera_transport/, 'the other transport refuses the same');
      let last = seconds(first!);
      for (const line of more) {
        // The stamps are those of another clock than the one that counts, which may be set meanwhile.
        assert.ok(seconds(line) - last > 0.9, `${seconds(line) - last} s`);
        last = seconds(line);
      }
      await segment.said(/\[WARN\] .*\[robot\.segment\]: \/robot\/front\/image: /);
    });

    it('reports what it waits for, and which topics have images', async () => {
      await segment.said(
        /Waiting for a publisher on \/robot\/typo\/image_raw\. Images are on \/robot\/front\/image /,
      );
      await diagnosticsOf(peer, '/robot/typo/image_raw', 'that it waits', (_, message) =>
        /^Waiting for a publisher on \/robot\/typo\/image_raw$/.test(message),
      );
    });

    it('names the node that receives the images', async () => {
      const { subscriber } = await diagnosticsOf(peer, FRONT, 'who subscribes', (values) => {
        return values['message_type'] === IMAGE.type;
      });
      assert.equal(subscriber, transport === 'native' ? '/robot/segment_camera' : '/robot/segment');
      assert.match(
        await ros.ros2(['node', 'info', subscriber], /Subscribers:\n +\//),
        /Subscribers:[^]*\/robot\/front\/image: sensor_msgs\/msg\/Image[^]*Publishers:/,
      );
      assert.match(
        await ros.ros2(['param', 'describe', '/robot/segment', 'images'], /Description/),
        /the node NAME_camera/,
      );
    });

    it('has no latencies for stamps that are not set or in the future', async () => {
      for (const [stamp, said] of [
        [[0, 0], /^not set$/],
        [[2_000_000_000, 0], /^\d+\.\d s ahead of the clock of this node$/],
      ] as const) {
        await peer.request('publish', { ...IMAGE, topic: SIDE, stamp });
        const values = await diagnosticsOf(peer, SIDE, `what ${said} says of stamps`, ({ stamps }) =>
          said.test(stamps ?? ''),
        );
        assert.ok('added_latency_p50_ms' in values && !('latency_from_stamp_p50_ms' in values));
        await peer.stop(SIDE);
      }
    });

    it('reports the age of its last error', async () => {
      await peer.stop(FRONT);
      const { last_error } = await diagnosticsOf(
        peer,
        FRONT,
        'an error that is two seconds old',
        (values) => Number(values['last_error_age_s']) >= 2,
      );
      assert.match(last_error!, /nonsense8/);
    });
  });
}

function seconds({ stamp }: Log): number {
  return stamp.sec + stamp.nanosec / 1e9;
}
