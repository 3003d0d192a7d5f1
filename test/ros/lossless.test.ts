import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, it } from 'mocha';
import { repository } from '../data.js';
import { listenToDiagnostics, diagnosticsOf, diagnosticsThat } from './node-diagnostics.js';
import type { Peer, Sent } from './peer.js';
import { emulated } from './recorded-model.js';
import { describeRos } from './suite.js';
import { rosPackage, rosSkip, setups } from './workspace.js';

const skip = rosSkip || (rosPackage('ros2bag') ? false : 'ros2bag is not installed');
const TOPIC = '/camera/image';
const RESULTS = '/segment/detections';
/** The bag's: ten seconds, recorded in 1970. */
const FRAMES = 300;
const RATE = 30;
const FIRST = 1000;
/** Frames that come at once. */
const BURST = 100;
/** Half as fast as recorded: what any machine follows on the average. Where it does not at times, frames wait. */
const SLOWLY = ['-r', '0.5'];
const LOOPS = 2;

/** What docs/ros.md says under "A bag without loss". */
for (const { middleware, transport, name } of setups) {
  describeRos(skip, `a bag without loss on ${name}`, middleware, (ros) => {
    let peer: Peer;

    before(async () => {
      const segment = ros.node('segment', [
        ...emulated(transport),
        ...['-p', 'use_sim_time:=true', '-p', `images:=[${TOPIC}]`],
        ...['-p', 'image_qos:=reliable', '-p', `queue_size:=${FRAMES}`],
        ...['-p', `qos_overrides.${TOPIC}.subscription.history:=keep_all`],
        ...['-p', `qos_overrides.${TOPIC}.subscription.durability:=transient_local`],
        ...['-p', `qos_overrides.${RESULTS}.publisher.history:=keep_all`],
      ]);
      peer = ros.peer();
      const write = [join(repository, 'test/ros/write-bag.py'), bag(), TOPIC];
      execFileSync('/usr/bin/python3', [...write, String(FRAMES), String(RATE), String(FIRST)], {
        env: ros.env,
      });
      writeFileSync(
        qos(),
        `${TOPIC}: { history: keep_last, depth: 100, reliability: reliable, durability: transient_local }\n`,
      );
      await segment.said(/frames in flight/);
      await peer.subscribe(RESULTS, 'vision_msgs/msg/Detection2DArray', { content: false, depth: FRAMES });
      await listenToDiagnostics(peer);
      await peer.request('graph', { topic: RESULTS, publishers: 1 });
    });

    const bag = (): string => join(ros.folder, 'bag');
    const qos = (): string => join(ros.folder, 'qos.yaml');

    it('loses no frame of a burst that is faster than any engine', async () => {
      const burst = { topic: TOPIC, delay: 0, count: BURST, depth: BURST, durability: 'transient_local' };
      const publisher = ros.start([
        ...['/usr/bin/python3', join(repository, 'test/ros/advertiser.py')],
        JSON.stringify(burst),
      ]);
      await publisher.said(/stamps/);
      const { stamps } = JSON.parse(publisher.output.slice(publisher.output.indexOf('{'))) as Sent;
      await peer.received(RESULTS, BURST);
      assert.deepEqual(
        peer.messages(RESULTS).map(({ stamp }) => stamp),
        stamps,
      );
      publisher.stdin.end();
      await publisher.ended();
      await peer.forget(RESULTS);
    });

    it('gives every frame one result, in order, in repeated runs, with plausible latencies', async () => {
      const player = ros.start([
        ...['ros2', 'bag', 'play', '-s', 'mcap', bag(), '--clock', '100', '--delay', '2', '--loop'],
        ...['--qos-profile-overrides-path', qos(), ...SLOWLY],
      ]);
      try {
        await peer.process.until(`receive ${LOOPS * FRAMES} answers, none of which is missing`, () => {
          const answers = peer.messages(RESULTS);
          const frames = answers.map(({ stamp: [sec, nanosec] }) =>
            Math.round((sec - FIRST + nanosec / 1e9) * RATE),
          );
          const missing = frames.findIndex((frame, at) => frame !== at % FRAMES);
          assert.equal(missing, -1, `answer ${missing} is to frame ${frames[missing]}`);
          return answers.length >= LOOPS * FRAMES ? true : undefined;
        });
      } finally {
        await player.stop('SIGINT');
      }
      const { values } = await diagnosticsThat(
        peer,
        TOPIC,
        'all frames',
        (now) => Number(now.values['answered']) >= BURST + LOOPS * FRAMES,
      );
      assert.equal(values['dropped'], '0');
      // Not of the burst, which was before the clock began.
      const dated = diagnosticsOf(peer, TOPIC).filter((now) => 'latency_from_stamp_p50_ms' in now.values);
      assert.ok(dated.length > 0);
      for (const now of dated) {
        for (const quantile of ['p50', 'p95', 'p99']) {
          const latency = Number(now.values[`latency_from_stamp_${quantile}_ms`]);
          // On the clock of the bag, which is ten seconds long.
          assert.ok(latency >= 0 && latency < (1000 * FRAMES) / RATE, `${quantile} ${latency} ms`);
        }
      }
    });
  });
}
