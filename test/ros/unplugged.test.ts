import assert from 'node:assert/strict';
import { before, it } from 'mocha';
import { diagnosticsOf } from './diagnostics.js';
import type { Peer, PeerMessage } from './peer.js';
import type { RosProcess } from './processes.js';
import { emulated } from './recorded-model.js';
import { describeRos } from './suite.js';
import { rosSkip, setups } from './workspace.js';

const TOPIC = '/front/image';
const ALIVE = '/segment/alive';
const RESULTS = '/segment/instances';
const IMAGE = { topic: TOPIC, type: 'sensor_msgs/msg/Image', width: 640, height: 480 };
/** Milliseconds without a result after which ~/alive is false, and long enough that it is true on a busy machine. */
const WATCHDOG = 2000;
/** A driver that runs and sends nothing. */
const NEVER = 86_400;

for (const { middleware, transport, name } of setups) {
  describeRos(rosSkip, `a camera that is unplugged and plugged in again on ${name}`, middleware, (ros) => {
    let segment: RosProcess;
    let peer: Peer;

    before(async () => {
      segment = ros.node('segment', [
        ...emulated(transport),
        ...['-p', `images:=[${TOPIC}]`, '-p', `watchdog:=${WATCHDOG}`],
      ]);
      await segment.said(/frames in flight/);
      peer = ros.peer();
      await peer.subscribe('/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray');
      await peer.subscribe(ALIVE, 'std_msgs/msg/Bool', { durability: 'transient_local' });
      await peer.subscribe(RESULTS, 'tros_yolo_seg/msg/InstanceArray', { content: false });
    });

    const isAlive = ({ message }: PeerMessage): boolean => message['data'] === true;

    /** What is told from now on of the camera, once it is as wanted. */
    async function diagnosticsThat(what: string, wanted: Wanted): Promise<Readonly<Record<string, string>>> {
      await peer.forget('/diagnostics');
      return diagnosticsOf(peer, TOPIC, what, wanted);
    }

    /** Frames come, and have results. @returns how many had come */
    async function works(): Promise<number> {
      await peer.find(ALIVE, 'that results come', isAlive);
      const { received } = await diagnosticsThat(
        'frames and results',
        ({ alive, input_fps, output_fps }, message) =>
          alive === 'true' && Number(input_fps) > 0 && Number(output_fps) > 0 && !AWAY.test(message),
      );
      return Number(received);
    }

    /** Neither frames nor results come, and everybody who asks is told so. */
    async function isAway(said: RegExp): Promise<void> {
      await peer.find(ALIVE, 'that no results come', (message) => !isAlive(message));
      await diagnosticsThat(
        `that the camera is away: ${said}`,
        ({ alive, input_fps, output_fps }, message) => {
          const silent = Number(input_fps) === 0 && Number(output_fps) === 0;
          return alive === 'false' && silent && said.test(message);
        },
      );
      // Until there are results again it says nothing else.
      assert.ok(!isAlive(await peer.next(ALIVE)));
    }

    /** Waits until the levels and messages of the camera's status are as wanted. */
    type Wanted = Parameters<typeof diagnosticsOf>[3];

    it('is reported and recovered from: a driver that ends and is started again', async () => {
      const camera = ros.peer();
      await camera.request('publish', { ...IMAGE, period: 0.05 });
      const before = await works();
      await peer.forget(ALIVE);
      await camera.end();
      await isAway(/^Waiting for a publisher on \/front\/image$/);
      await segment.said(/The publisher on \/front\/image is gone: waiting for another\./);
      await peer.forget(ALIVE);
      await peer.request('publish', { ...IMAGE, period: 0.05 });
      assert.ok((await works()) > before, 'counters go on');
      await segment.said(/\/front\/image has a publisher\./);
      await peer.stop(TOPIC);
    });

    it('is reported and recovered from: a driver that is killed in the middle of its frames', async () => {
      await peer.forget(ALIVE);
      const camera = ros.peer();
      await camera.request('publish', { ...IMAGE, period: 0.05 });
      await works();
      await ros.kill(camera.process);
      await peer.forget(ALIVE);
      // The middleware notices by and by that there is no publisher any more.
      await isAway(AWAY);
      await peer.forget(ALIVE);
      await peer.request('publish', { ...IMAGE, period: 0.05 });
      await works();
      await peer.stop(TOPIC);
    });

    it('is reported and recovered from: a driver that keeps running without a camera', async () => {
      const camera = ros.peer();
      await camera.request('publish', { ...IMAGE, period: NEVER });
      await peer.forget(ALIVE);
      await isAway(/^No frame for \d+ s$/);
      await peer.forget(ALIVE);
      await peer.request('publish', { ...IMAGE, period: 0.05 });
      await works();
      await peer.stop(TOPIC);
      assert.equal(segment.end, undefined, segment.output);
    });
  });
}

const AWAY = /^(Waiting for a publisher on \/front\/image|No frame for \d+ s)$/;
