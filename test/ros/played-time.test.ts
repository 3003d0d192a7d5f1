import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { before, it } from 'mocha';
import { repository } from '../data.js';
import { listenToDiagnostics, diagnosticsOf, diagnosticsThat } from './node-diagnostics.js';
import type { Peer } from './peer.js';
import type { RosProcess } from './processes.js';
import { emulated } from './recorded-model.js';
import { describeRos } from './suite.js';
import { rosPackage, rosSkip, setups } from './workspace.js';

const skip = rosSkip || (rosPackage('ros2bag') ? false : 'ros2bag is not installed');
const TOPIC = '/camera/image';
/** The bag's: 40 frames of 10 Hz, recorded in 1970. */
const FRAMES = 40;
const FIRST = 1000;
const LENGTH = 4;

for (const { middleware, transport, name } of setups) {
  describeRos(skip, `the clock of ros2 bag play on ${name}`, middleware, (ros) => {
    let segment: RosProcess;
    let peer: Peer;

    before(async () => {
      segment = ros.node('segment', [
        ...emulated(transport),
        ...['-p', 'use_sim_time:=true', '-p', `images:=[${TOPIC}]`],
      ]);
      peer = ros.peer();
      execFileSync(
        '/usr/bin/python3',
        [join(repository, 'test/ros/write-bag.py'), bag(), TOPIC, String(FRAMES), '10', String(FIRST)],
        { env: ros.env },
      );
      await segment.said(/frames in flight/);
      await peer.subscribe('/segment/detections', 'vision_msgs/msg/Detection2DArray', { content: false });
      await listenToDiagnostics(peer);
    });

    const bag = (): string => join(ros.folder, 'bag');
    const play = (...options: string[]): RosProcess =>
      ros.start(['ros2', 'bag', 'play', '-s', 'mcap', bag(), '--clock', '100', ...options]);

    it('does not exist before the bag', async () => {
      const { seconds } = await diagnosticsThat(peer, TOPIC, 'diagnostics', () => true);
      assert.equal(seconds, 0);
    });

    it('is received, and every frame of a bag that begins after two seconds gets a result', async () => {
      const player = play('--delay', '2');
      assert.equal(await player.ended(), 0, player.output);
      // Nothing more comes once the player's publisher is gone.
      const all = await diagnosticsThat(
        peer,
        TOPIC,
        'the end of the bag',
        ({ message, values: { received, answered, dropped } }) =>
          /^Waiting for a publisher/.test(message) &&
          Number(received) > 0 &&
          Number(answered) + Number(dropped) === Number(received),
      );
      const answers = peer
        .messages('/segment/detections')
        .map(({ stamp: [sec, nanosec] }) => Math.round((sec - FIRST) * 10 + nanosec / 1e8));
      assert.equal(
        all.values['received'],
        String(FRAMES),
        `answered: ${answers.join(' ')}; segment said: ${segment.output}`,
      );
      // A busy machine may drop frames for newer ones, after they came.
      assert.equal(answers.length, FRAMES - Number(all.values['dropped']));
      assert.ok(answers.every((frame, i) => frame < FRAMES && frame > (answers[i - 1] ?? -1)));
      const last = await diagnosticsThat(
        peer,
        TOPIC,
        'latencies on the clock of the bag',
        ({ values, seconds }) => seconds > FIRST && 'latency_from_stamp_p50_ms' in values,
      );
      assert.ok(last.seconds < FIRST + LENGTH + 1, `diagnostics of ${last.seconds}`);
      sane(last.values);
    });

    it('can go back repeatedly', async () => {
      await peer.forget('/segment/detections');
      const player = play('--loop');
      try {
        await peer.received('/segment/detections', 2 * FRAMES);
        const times = diagnosticsOf(peer, TOPIC).map(({ seconds }) => seconds);
        assert.ok(
          times.some((time, i) => time > FIRST && time < times[i - 1]!),
          `diagnostics of ${times.join(', ')}`,
        );
        for (const { values } of diagnosticsOf(peer, TOPIC)) sane(values);
      } finally {
        await player.stop('SIGINT');
      }
    });

    /** No frame is older than what this machine can be blamed for: half of the bag. */
    function sane(values: Readonly<Record<string, string>>): void {
      for (const quantile of ['p50', 'p95', 'p99']) {
        const latency = Number(values[`latency_from_stamp_${quantile}_ms`] ?? 0);
        assert.ok(latency >= 0 && latency < (1000 * LENGTH) / 2, `${quantile} ${latency} ms`);
      }
    }
  });
}
