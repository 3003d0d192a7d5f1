import assert from 'node:assert/strict';
import { after, before, it } from 'mocha';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../../src/frame/scene/random.js';
import { repository } from '../data.js';
import { Peer, type RosProcess, until } from './processes.js';
import { emulated, recordedModel, startSegment } from './segment-process.js';
import { rosSkip, rosWorkspace, setups } from './workspace.js';
import { describeUnless } from '../skips.js';

const TOPIC = '/image';
const IMAGE = { type: 'sensor_msgs/msg/Image', width: 640, height: 480, encoding: 'nv12', topic: TOPIC };

interface Status {
  name: string;
  level: string | number[];
  message: string;
  values: { key: string; value: string }[];
}

for (const { middleware, transport, name, index } of setups) {
  describeUnless(rosSkip, `the node segment under bad conditions on ${name}`, () => {
    let segment: RosProcess;
    let peer: Peer;

    before(async () => {
      const workspace = rosWorkspace();
      const env = workspace.env(middleware, 46 + index);
      segment = startSegment(workspace.prefix, env, emulated(transport));
      peer = new Peer(env);
      await segment.said(/frames in flight/);
      await peer.subscribe('/segment/detections', 'vision_msgs/msg/Detection2DArray', { content: false });
      await peer.subscribe('/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray');
      await peer.received('/diagnostics', 1);
    });

    after(async () => {
      await peer?.end();
      await segment?.stop('SIGKILL');
    });

    /** That it still works: frames get answers. */
    async function works(): Promise<void> {
      await peer.messages('/segment/detections', true);
      await peer.request('publish', { ...IMAGE, count: 200, period: 0.05 });
      await peer.received('/segment/detections', 3);
      await peer.request('stop', { topic: TOPIC });
    }

    async function camera(): Promise<Record<string, string>> {
      const { status } = (await peer.messages('/diagnostics')).at(-1)!.message as unknown as {
        status: Status[];
      };
      const found = status.find(({ name }) => name.endsWith(TOPIC));
      return Object.fromEntries([
        ['level', String(levelOf(found))],
        ['message', found?.message ?? ''],
        ...(found?.values ?? []).map(({ key, value }): [string, string] => [key, value]),
      ]);
    }

    it('lives through images that lie, says so, and goes on', async () => {
      const lies: [lie: object, said: RegExp][] = [
        [{ encoding: 'yuv422' }, /yuv422/],
        [{ width: 0, height: 0, size: 0 }, /received 0/],
        [{ width: 641, height: 480 }, /641/],
        [{ width: 4096, height: 4096, size: 10 }, /4096x4096.*10 bytes/],
        [{ width: 4_000_000_000, height: 4_000_000_000, size: 10 }, /4000000000/],
        [{ encoding: '', size: 100 }, /an empty string/],
        [{ encoding: 'rgb8', width: 640, height: 480, size: 640 }, /640x480 rgb8.*640 bytes/],
      ];
      for (const [lie, said] of lies) {
        await peer.request('publish', { ...IMAGE, ...lie, count: 10_000, period: 0.05 });
        await until(`a report of ${JSON.stringify(lie)}`, async () => {
          const { level, message, last_error } = await camera();
          return level === '2' && said.test(message!) && said.test(last_error!);
        });
        await peer.request('stop', { topic: TOPIC });
      }
      await works();
    });

    it('lives through bytes that are no message', async () => {
      const header = '00010000';
      const garbage = [
        header,
        `${header}0000`,
        `${header}${'ff'.repeat(40)}`,
        `${header}${'00'.repeat(11)}`,
        `0f0f0f0f${'a5'.repeat(500)}`,
      ];
      if (transport === 'native') {
        // rclcpp takes such a message from the middleware, logs it and tells nobody else.
        for (let round = 0; round < 20; round++) {
          for (const hex of garbage) await peer.request('raw', { ...IMAGE, hex });
        }
      } else {
        const before = Number((await camera())['bad']);
        await until('reports of garbage', async () => {
          for (const hex of garbage) await peer.request('raw', { ...IMAGE, hex });
          await sleep(1100);
          return Number((await camera())['bad']) >= before + garbage.length;
        });
      }
      await works();
    });

    it('takes a hundred random changes of parameters, some of them wrong', async () => {
      const random = new Random(5);
      await peer.request('publish', { ...IMAGE, count: 10_000, period: 0.04 });
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
        const { results } = (await peer.call('/segment/set_parameters', 'rcl_interfaces/srv/SetParameters', {
          parameters: [{ name, value }],
        })) as { results: { successful: boolean; reason: string }[] };
        if (!results[0]!.successful) {
          refused++;
          assert.ok(results[0]!.reason.length > 10, results[0]!.reason);
        }
      }
      assert.ok(refused > 10 && refused < 90, `${refused} refused`);
      await peer.request('stop', { topic: TOPIC });
      for (const [parameter, value] of [
        ['score', { type: 3, double_value: 0.25 }],
        ['classes', { type: 9, string_array_value: [''] }],
        ['class_scores', { type: 9, string_array_value: [''] }],
      ] as const) {
        await peer.call('/segment/set_parameters', 'rcl_interfaces/srv/SetParameters', {
          parameters: [{ name: parameter, value }],
        });
      }
      await works();
    });

    it('changes models under load without losing an answer', async () => {
      const { model, labels } = recordedModel();
      await peer.messages('/segment/detections', true);
      await peer.request('publish', { ...IMAGE, count: 100_000, period: 0.04 });
      await peer.received('/segment/detections', 1);
      for (let round = 0; round < 10; round++) {
        const onnx = round % 2 === 0;
        const answer = await peer.call('/segment/load_model', 'tros_yolo_seg/srv/LoadModel', {
          model: onnx ? join(repository, 'models/scene-n-seg.onnx') : model,
          labels: onnx ? '' : labels,
        });
        assert.equal(answer['success'], true, String(answer['message']));
      }
      const { stamps } = (await peer.request('stop', { topic: TOPIC })) as unknown as {
        stamps: [number, number][];
      };
      await sleep(500);
      const answered = (await peer.messages('/segment/detections')).map(({ stamp }) => stamp.join('.'));
      const order = stamps.map((stamp) => stamp.join('.'));
      const positions = answered.map((stamp) => order.indexOf(stamp));
      assert.ok(
        positions.every((position, at) => position >= 0 && (at === 0 || position > positions[at - 1]!)),
      );
    });

    it('goes through twenty rounds of its life cycle, with publishers that come and go', async () => {
      const change = async (id: number): Promise<void> => {
        const { success } = await peer.call('/segment/change_state', 'lifecycle_msgs/srv/ChangeState', {
          transition: { id },
        });
        assert.equal(success, true);
      };
      let afterFive = 0;
      for (let round = 0; round < 20; round++) {
        await peer.request('publish', { ...IMAGE, count: 10_000, period: 0.02 });
        await sleep(150);
        await change(4);
        await change(2);
        await peer.request('stop', { topic: TOPIC });
        await change(1);
        await change(3);
        if (round === 4) afterFive = residentMegabytes(segment.pid);
      }
      await works();
      const grown = residentMegabytes(segment.pid) - afterFive;
      assert.ok(grown < 60, `${grown} MB more after 15 more rounds`);
    });

    it('is alive after all this, and ends cleanly on SIGTERM', async () => {
      assert.equal(segment.exitCode, null, segment.output);
      assert.equal(await segment.stop('SIGTERM'), 0);
      assert.doesNotMatch(segment.output, /terminate called|Segmentation|heap out of memory/);
    });
  });
}

/** rclpy has a byte as bytes of length 1, and shows them as a string. */
function levelOf(status: Status | undefined): number | undefined {
  const level = status?.level;
  return typeof level === 'string' ? level.charCodeAt(0) : level?.[0];
}

function residentMegabytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
}
