import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, it } from 'mocha';
import { repository } from '../data.js';
import { type Diagnostics, diagnosticsOf, diagnosticsThat, listenToDiagnostics } from './node-diagnostics.js';
import type { Peer } from './peer.js';
import type { RosProcess } from './processes.js';
import { emulated } from './recorded-model.js';
import { describeRos } from './suite.js';
import { rosSkip, setups } from './workspace.js';

const RESULTS = '/segment/detections';
const TOPIC = '/camera/image';

/** One datagram a frame: while it is best effort, for a publisher is, a busy machine may lose one of several. */
const SMALL = [64, 48];

type Stamp = readonly [sec: number, nanosec: number];

function isLater(one: Stamp, other: Stamp): boolean {
  return one[0] > other[0] || (one[0] === other[0] && one[1] > other[1]);
}

for (const { middleware, transport, name } of setups) {
  describeRos(rosSkip, `first frames on ${name}`, middleware, (ros) => {
    let segment: RosProcess;
    let peer: Peer;

    before(async () => {
      segment = ros.node('segment', [
        ...[...emulated(transport), '-p', `images:=[${TOPIC}]`],
        // A node that has no turn for half a second would lose frames of 10 Hz that five have room for.
        ...['-p', `qos_overrides.${TOPIC}.subscription.depth:=50`],
      ]);
      peer = ros.peer();
      await segment.said(/frames in flight/);
      await peer.subscribe(RESULTS, 'vision_msgs/msg/Detection2DArray', { content: false });
      await listenToDiagnostics(peer);
      await peer.request('graph', { topic: RESULTS, publishers: 1 });
    });

    it('a stream continues without gaps or repetitions while other publishers come and go', async () => {
      // Until it is told to end.
      const stream = start({ delay: 1, count: 1e6, period: 0.1, size: SMALL });
      const sent: Stamp[] = [];
      for (const reliability of ['best_effort', 'reliable']) {
        const other = start({ delay: 1, count: 1, reliability, size: SMALL });
        await other.said(/stamps/);
        const [frame] = stampsIn(other);
        sent.push(frame!);
        // What is in a publisher's shared memory is gone with it. A later frame was sent to the same thread of the node.
        await peer.find(RESULTS, 'a later answer', ({ stamp }) => isLater(stamp, frame!));
        other.stdin.end();
        await other.ended();
      }
      // It goes on for a while after them.
      const count = ({ values }: Diagnostics): number => Number(values['received']);
      const { values: then } = (await peer.next('/diagnostics', 2), diagnosticsOf(peer, TOPIC).slice(-1))[0]!;
      await diagnosticsThat(peer, TOPIC, 'more', (one) => count(one) >= Number(then['received']) + 20);
      stream.stdin.write('\n');
      sent.push(...(await stampsOf(stream)));
      await answered(sent.at(-1)!);
      const answers = peer.messages(RESULTS).map(({ stamp }) => stamp.join('.'));
      assert.equal(new Set(answers).size, answers.length);
      const all = sent.length;
      // A busy machine may drop frames for newer ones, after they came. What is not counted three reports after the last answer is lost.
      const done = ({ values }: Diagnostics): boolean =>
        Number(values['answered']) + Number(values['dropped']) >= all;
      const reports = diagnosticsOf(peer, TOPIC).length;
      await peer.process.until(`tell of ${all} frames, or of as many again`, () => {
        const now = diagnosticsOf(peer, TOPIC).slice(reports);
        return now.length >= 3 || now.some(done) ? now : undefined;
      });
      const { values } = diagnosticsOf(peer, TOPIC).at(-1)!;
      const missing = sent.filter((stamp) => !answers.includes(stamp.join('.')));
      const frames =
        `${JSON.stringify(missing)} of ${JSON.stringify(sent)} are missing: ${JSON.stringify(values)}\n` +
        segment.output;
      assert.equal(Number(values['received']), all, frames);
      assert.equal(Number(values['answered']) + Number(values['dropped']), all, frames);
    });

    for (const reliability of ['reliable', 'best_effort']) {
      for (const turn of [1, 2]) {
        it(`one frame two seconds after the start of a ${reliability} publisher gets a result (${turn})`, async () => {
          const sent = await advertise({ delay: 2, count: 1, reliability });
          assert.equal(sent.length, 1);
          await answered(sent[0]!);
        });
      }
    }

    it('a burst two seconds after the start of a publisher gets results up to its last frame', async () => {
      const sent = await advertise({ delay: 2, count: 100, depth: 100 });
      await answered(sent.at(-1)!);
    });

    it('all that with the former subscription', () => {
      assert.equal(segment.output.match(/Images from \/camera\/image \(/g)!.length, 1, segment.output);
    });

    /** Runs a publisher to the end of its frames. @returns the stamps of what it sent; it is gone afterwards */
    async function advertise(request: object): Promise<Stamp[]> {
      // Former ones are gone.
      await peer.request('graph', { topic: TOPIC, publishers: 0 });
      return stampsOf(start(request));
    }

    function start(request: object): RosProcess {
      return ros.start([
        '/usr/bin/python3',
        join(repository, 'test/ros/advertiser.py'),
        JSON.stringify({ topic: TOPIC, ...request }),
      ]);
    }

    async function stampsOf(publisher: RosProcess): Promise<Stamp[]> {
      await publisher.said(/stamps/);
      ending.push(publisher);
      return stampsIn(publisher);
    }

    function stampsIn({ output }: RosProcess): Stamp[] {
      return (JSON.parse(output.slice(output.indexOf('{'))) as { stamps: Stamp[] }).stamps;
    }

    const ending: RosProcess[] = [];

    /** Waits for the answer to this frame, while the publisher is there, and ends the publisher. */
    async function answered([sec, nanosec]: Stamp): Promise<void> {
      try {
        await peer.find(RESULTS, 'the answer', ({ stamp }) => stamp[0] === sec && stamp[1] === nanosec);
      } finally {
        for (const publisher of ending.splice(0)) {
          publisher.stdin.end();
          await publisher.ended();
        }
      }
    }
  });
}
