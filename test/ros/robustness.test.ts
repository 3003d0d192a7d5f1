import assert from 'node:assert/strict';
import { before, it } from 'mocha';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '../../src/media/scene/random.js';
import { repository } from '../data.js';
import type { Peer, PeerMessage } from './peer.js';
import type { RosProcess } from './processes.js';
import { emulated, recordedModel } from './recorded-model.js';
import { describeRos } from './suite.js';
import { rosSkip, setups } from './workspace.js';

const TOPIC = '/image';
const ANSWERS = '/segment/detections';
const NODE = { node: 'segment', namespace: '/' };
const IMAGE = { type: 'sensor_msgs/msg/Image', width: 640, height: 480, encoding: 'nv12', topic: TOPIC };

/** Frames of the lie before that may still come, and more. */
const REFUSED_OTHERWISE = 300;
/** Diagnostics, one a second, after which threads that are still there are leaked. */
const LOOKS = 60;

interface Status {
  name: string;
  level: string | number[];
  message: string;
  values: { key: string; value: string }[];
}

for (const { middleware, transport, name } of setups) {
  describeRos(rosSkip, `the node segment under bad conditions on ${name}`, middleware, (ros) => {
    let segment: RosProcess;
    let peer: Peer;

    before(async () => {
      segment = ros.node('segment', emulated(transport));
      peer = ros.peer();
      await segment.said(/frames in flight/);
      await peer.subscribe(ANSWERS, 'vision_msgs/msg/Detection2DArray', { content: false });
      await peer.subscribe('/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray');
      await peer.received('/diagnostics', 1);
    });

    /** That it still works: frames get answers. */
    async function works(): Promise<void> {
      await peer.forget(ANSWERS);
      await peer.request('publish', { ...IMAGE, period: 0.5, paced: [ANSWERS] });
      await peer.received(ANSWERS, 3);
      await peer.finish(TOPIC);
    }

    it('survives inconsistent images, reports them, and continues', async () => {
      const lies: [lie: object, said: RegExp][] = [
        [{ encoding: 'bayer_rggb8' }, /bayer_rggb8/],
        [{ width: 0, height: 0, size: 0 }, /received 0/],
        [{ width: 641, height: 480 }, /641/],
        [{ width: 4096, height: 4096, size: 10 }, /4096x4096.*10 bytes/],
        [{ width: 4_000_000_000, height: 4_000_000_000, size: 10 }, /4000000000/],
        [{ encoding: '', size: 100 }, /an empty string/],
        [{ encoding: 'rgb8', width: 640, height: 480, size: 640 }, /640x480 rgb8.*640 bytes/],
      ];
      for (const [lie, said] of lies) {
        const former = peer.messages('/diagnostics').length;
        const before = camera(peer.messages('/diagnostics')[former - 1]!);
        await peer.request('publish', { ...IMAGE, ...lie, period: 0.05 });
        await peer.process.until(`receive a report of ${JSON.stringify(lie)}`, () => {
          const reports = peer.messages('/diagnostics').slice(former).map(camera);
          for (const values of reports) {
            const { level, message, last_error } = values;
            if (level === '2' && said.test(message!) && said.test(last_error!)) return true;
            const since = (name: string): number => Number(values[name]) - Number(before[name]);
            // What cannot come any more is not waited for.
            if (since('answered') === 0 && since('bad') < REFUSED_OTHERWISE) continue;
            throw new Error(
              `Expected ${JSON.stringify(lie)} to be refused with ${said} but received ${JSON.stringify(values)}`,
            );
          }
          return undefined;
        });
        await peer.stop(TOPIC);
      }
      await works();
    });

    it('survives bytes that are not a message', async () => {
      const header = '00010000';
      const garbage = [
        header,
        `${header}0000`,
        `${header}${'ff'.repeat(40)}`,
        `${header}${'00'.repeat(11)}`,
        `0f0f0f0f${'a5'.repeat(500)}`,
      ];
      // Cyclone DDS refuses a packet with an encapsulation that it does not know. A reliable reader of it asks for the packet again
      // and again, and has nothing that was sent later, until the publisher has forgotten it.
      const raw = { ...IMAGE, reliability: 'best_effort' };
      if (transport === 'native') {
        // rclcpp takes such a message from the middleware, logs it and tells nobody else.
        for (let round = 0; round < 20; round++) await peer.request('raw', { ...raw, hex: garbage });
      } else {
        const bad = async (): Promise<number> => Number(camera(await peer.next('/diagnostics'))['bad']);
        const before = await bad();
        // Some are lost.
        let sent = 0;
        do for (let i = 0; i < 5; i++) await peer.request('raw', { ...raw, hex: [garbage[sent++ % 5]] });
        while ((await bad()) < before + garbage.length);
      }
      await works();
    });

    it('survives a hundred random changes of parameters, some of them invalid', async () => {
      const random = new Random(5);
      await peer.request('publish', { ...IMAGE, period: 0.04 });
      const pick = <T>(...items: T[]): T => items[Math.floor(random.next() * items.length)]!;
      let refused = 0;
      for (let round = 0; round < 100; round++) {
        const [name, value] = pick<[string, object]>(
          ['score', { type: 3, double_value: random.next() * 1.2 }],
          ['iou', { type: 3, double_value: random.next() }],
          ['max_detections', { type: 2, integer_value: Math.floor(random.next() * 20) }],
          ['masks', { type: 4, string_value: pick('source', 'proto', 'none', 'fine') }],
          ['classes', { type: 9, string_array_value: pick([''], ['circle'], ['0', 'star'], ['unicorn']) }],
          ['class_scores', { type: 9, string_array_value: pick([''], ['star=0.9'], ['star'], ['star=2']) }],
          ['overlay_masks', { type: 3, double_value: random.next() }],
          ['jpeg_quality', { type: 2, integer_value: Math.floor(random.next() * 120) }],
          ['model', { type: 4, string_value: 'other.onnx' }],
          ['score', { type: 0 }],
          ['score', { type: 4, string_value: 'high' }],
          ['no_such', { type: 1, bool_value: true }],
        );
        const { successful, reason } = await peer.set('/segment', name, value);
        if (successful) continue;
        refused++;
        assert.ok(reason.length > 10, reason);
      }
      assert.ok(refused > 10 && refused < 90, `${refused} refused`);
      await peer.stop(TOPIC);
      for (const [parameter, value] of [
        ['score', { type: 3, double_value: 0.25 }],
        ['classes', { type: 9, string_array_value: [''] }],
        ['class_scores', { type: 9, string_array_value: [''] }],
      ] as const) {
        await peer.set('/segment', parameter, value);
      }
      await works();
    });

    it('changes models under load, with results in order', async () => {
      const { model, labels } = recordedModel();
      await peer.forget(ANSWERS);
      await peer.request('publish', { ...IMAGE, period: 0.04, paced: [ANSWERS] });
      await peer.received(ANSWERS, 1);
      for (let round = 0; round < 10; round++) {
        const onnx = round % 2 === 0;
        const answer = await peer.call('/segment/load_model', 'tros_yolo_seg/srv/LoadModel', {
          model: onnx ? join(repository, 'models/scene-n-seg.onnx') : model,
          labels: onnx ? '' : labels,
        });
        assert.equal(answer['success'], true, String(answer['message']));
      }
      const order = (await peer.finish(TOPIC)).stamps.map((stamp) => stamp.join('.'));
      const positions = peer.messages(ANSWERS).map(({ stamp }) => order.indexOf(stamp.join('.')));
      assert.ok(
        positions.every((position, at) => position >= 0 && (at === 0 || position > positions[at - 1]!)),
        String(positions),
      );
    });

    it('survives twenty rounds of its life cycle, with publishers that come and go', async () => {
      const change = async (id: number): Promise<void> => {
        const { success } = await peer.call('/segment/change_state', 'lifecycle_msgs/srv/ChangeState', {
          transition: { id },
        });
        assert.equal(success, true);
      };
      await works();
      const endpoints = await peer.request('endpoints', NODE);
      let early: string[] = [];
      for (let round = 1; round <= 20; round++) {
        await peer.request('publish', { ...IMAGE, period: 0.02 });
        await change(4);
        await change(2);
        await peer.stop(TOPIC);
        await change(1);
        await change(3);
        // Most rounds are over before it has subscribed; these are not. Native subscriptions have threads only then.
        if (round % 5 === 0) await works();
        if (round === 5) early = threads();
      }
      // Nothing that it forgot to let go of. The graph is known by and by.
      const { publishers, subscriptions, services } = endpoints;
      await peer.request('endpoints', { ...NODE, publishers, subscriptions, services });
      // Threads of the middleware end by and by, too.
      for (let looks = 0; threads().length > early.length; looks++) {
        const [now, then] = [threads(), early].map((names) => names.sort().join(', '));
        assert.ok(looks < LOOKS, `Expected the threads ${then} but found ${now}`);
        await peer.next('/diagnostics');
      }
    });

    it('still works after all this, and ends cleanly on SIGTERM', async () => {
      assert.equal(segment.end, undefined, segment.output);
      assert.equal(await segment.stop('SIGTERM'), 0);
      assert.doesNotMatch(segment.output, /terminate called|Segmentation|heap out of memory/);
    });

    /** Names of its threads. */
    const threads = (): string[] =>
      readdirSync(`/proc/${segment.pid}/task`).flatMap((id) => {
        try {
          return [readFileSync(`/proc/${segment.pid}/task/${id}/comm`, 'utf8').trim()];
        } catch {
          return []; // ended meanwhile
        }
      });
  });
}

/** What a message on /diagnostics says of the camera. */
function camera({ message }: PeerMessage): Record<string, string> {
  const { status } = message as unknown as { status: Status[] };
  const found = status.find(({ name }) => name.endsWith(TOPIC));
  return Object.fromEntries([
    ['level', String(levelOf(found))],
    ['message', found?.message ?? ''],
    ...(found?.values ?? []).map(({ key, value }): [string, string] => [key, value]),
  ]);
}

/** rclpy has a byte as bytes of length 1, and shows them as a string. */
function levelOf(status: Status | undefined): number | undefined {
  const level = status?.level;
  return typeof level === 'string' ? level.charCodeAt(0) : level?.[0];
}
