import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { after, describe, it } from 'mocha';
import { packageRoot } from '../../src/base/package-root.js';
import { allocateNv12, letterboxNv12 } from '../../src/native/convert.js';
import { nativeKernels } from '../../src/native/kernels.js';
import { Letterbox } from '../../src/vision/picture/letterbox.js';
import { newPictureEncoder } from '../../src/web/feed/picture-encoders.js';
import { printNote } from '../skips.js';
import { livePages, sender, TestSource, truthFrame } from '../web/fixture.js';

const FRAMES = 150;
/**
 * Frames before anything is measured, and milliseconds between them: those of two minutes. V8 has compiled by then what runs for each,
 * as it has for most of the time that a robot runs.
 */
const WARM_FRAMES = 3600;
const WARM_PERIOD = 4;
const PERIOD = 1000 / 30;
const ROUNDS = 5;

/** A page in a process of its own, so that its work does not count as ours. */
const CLIENT = `
import { WebSocket } from 'ws';
const socket = new WebSocket('ws://127.0.0.1:' + process.argv[1] + '/ws');
socket.on('open', () => socket.send('{"type":"watch","cameras":{"0":"small"}}'));
socket.on('message', (data, binary) => {
  if (!binary) return;
  socket.send(JSON.stringify({ type: 'ack', camera: 0, sequence: data.readUInt32LE(8) }));
});
socket.on('pong', () => console.log('ready'));
socket.on('open', () => socket.ping());
`;

class FastSource extends TestSource {
  override model(): ReturnType<TestSource['model']> {
    return { ...super.model(), kernels: nativeKernels() };
  }
}

/** Milliseconds of CPU that this process, and its JavaScript thread, have used. */
function cpuNow(): { readonly all: number; readonly thread: number } {
  const { user, system } = process.cpuUsage();
  // The time on a CPU in nanoseconds comes first; waits on a busy machine do not count.
  const [thread] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ');
  return { all: (user + system) / 1000, thread: Number(thread) / 1e6 };
}

/** Starts a page, and resolves when it watches. */
async function startClient(port: number): Promise<void> {
  const client = spawn(process.execPath, ['--input-type=module', '-e', CLIENT, String(port)], {
    cwd: packageRoot,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  after(() => client.kill());
  await once(client.stdout, 'data');
}

async function cpuOf(work: () => Promise<void>): Promise<{ readonly all: number; readonly thread: number }> {
  const begin = cpuNow();
  await work();
  const { all, thread } = cpuNow();
  return { all: all - begin.all, thread: thread - begin.thread };
}

/** Numbers in ascending order, so that the median is in the middle. */
function listed(values: readonly number[], digits = 2): string {
  return [...values]
    .sort((a, b) => a - b)
    .map((value) => value.toFixed(digits))
    .join(', ');
}

describe('the cost of the live page', () => {
  const open = livePages();
  const found = truthFrame(10, { width: 1280, height: 720 });

  it('is printed: with no client', async function () {
    const page = await open({ source: new FastSource() });
    const result = {
      header: { stamp: { sec: 1, nanosec: 0 }, frameId: '' },
      ...{ pixels: found.frame, segmentation: found.segmentation },
      timings: { preprocess: 1, inference: 1, decode: 1 },
    };
    for (let i = 0; i < 100_000; i++) page.result(0, result);
    const start = performance.now();
    for (let i = 0; i < 1_000_000; i++) page.result(0, result);
    printNote(this, `${(performance.now() - start).toFixed(1)} ns a frame`);
  });

  it('is printed: one client, 1280 x 720 at 30 FPS, without the JPEG encoder', async function () {
    let now = 0;
    // By this clock, frames come at 30 FPS when they come faster, too.
    const page = await open({ source: new FastSource(), clock: () => now });
    await startClient(page.port);
    const send = sender(page);
    const play = async (shown: () => unknown, count = FRAMES, period = PERIOD): Promise<void> => {
      for (let frame = 0; frame < count; frame++) {
        await setTimeout(period);
        now += PERIOD;
        await shown();
      }
      // The work for the last one counts, too.
      await setTimeout(period);
    };
    const counted = async (): Promise<number> => {
      const metrics = await (await fetch(`${page.address}metrics`)).text();
      return Number(/^tros_yolo_seg_web_frames_sent_total\{.*\} (\d+)/m.exec(metrics)![1]);
    };
    const small = allocateNv12(960, 540);
    letterboxNv12(found.frame, new Letterbox(1280, 720, 960, 540, 'stretch'), small);
    const encoder = newPictureEncoder();
    const encode = (): Promise<unknown> => encoder.encode(small, 80, 'full');
    await play(() => send(0, found), WARM_FRAMES, WARM_PERIOD);
    await play(encode, WARM_FRAMES, 0);
    const before = await counted();
    const threads: number[] = [];
    const alls: number[] = [];
    const jpegs: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const idle = await cpuOf(() => play(() => undefined));
      const whole = await cpuOf(() => play(() => send(0, found)));
      const encoding = await cpuOf(() => play(encode));
      threads.push((whole.thread - idle.thread) / FRAMES);
      alls.push((whole.all - idle.all) / FRAMES);
      jpegs.push((encoding.all - idle.all) / FRAMES);
    }
    // A frame is left out while the page has not told of two: on a busy machine, that happens.
    const sent = (await counted()) - before;
    assert.ok(sent > 0.98 * ROUNDS * FRAMES, `${sent} of ${ROUNDS * FRAMES} frames sent`);
    const rest = alls.map((all, round) => ((all - jpegs[round]!) * 30) / 10);
    printNote(
      this,
      `milliseconds of a frame, in ${ROUNDS} rounds: ${listed(threads)} on the JavaScript thread, ` +
        `${listed(alls)} on all, of which ${encoder.constructor.name} ${listed(jpegs)}; the rest at 30 FPS is ${listed(rest, 1)} % of a core`,
    );
  });
});
