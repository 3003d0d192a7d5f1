import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { imageView } from '../../src/frame/image-message.js';
import { nv12Frame } from '../../src/frame/nv12-frame.js';
import type { FrameSource } from '../../src/frame/source.js';
import { messageForm } from '../../src/node/camera-messages.js';
import { CameraPlayer, type PlayerOptions } from '../../src/node/camera-player.js';
import { Playlist } from '../../src/node/camera-playlist.js';

/** Frames 40 ms apart whose first byte counts; `reading` blocks for so long for each. */
function source(count: number, reading = 0): FrameSource {
  return {
    name: 'test',
    async *frames() {
      for (let index = 0; index < count; index++) {
        await Promise.resolve();
        for (const end = performance.now() + reading; performance.now() < end;);
        const frame = nv12Frame(new Uint8Array(6).fill(index), { width: 2, height: 2 });
        const stamp = { sec: 100, nanosec: index * 40_000_000 };
        yield { frame, index, source: 'test', stamp, frameId: '' };
      }
    },
  };
}

interface Run {
  readonly player: CameraPlayer;
  readonly at: number[];
  readonly views: { pixel: number; sec: number; nanosec: number }[];
  readonly begun: string[];
}

function setUp(
  frames: FrameSource,
  rate: number,
  options: Partial<PlayerOptions> & { loop?: boolean } = {},
): Run {
  const form = messageForm('image', 'auto');
  const { loop = false, ...rest } = options;
  const playlist = new Playlist([frames], form, {
    loop,
    frameId: '',
    cacheBytes: 1e6,
    report: (name, error) => assert.fail(`${name}: ${error.message}`),
  });
  const run: Omit<Run, 'player'> = { at: [], views: [], begun: [] };
  const player = new CameraPlayer(playlist, form, {
    rate: () => rate,
    now: undefined,
    debug: () => {},
    warn: () => {},
    begun: ({ size }) => run.begun.push(`${size.width}x${size.height} before ${run.views.length}`),
    publish: (message) => {
      run.at.push(performance.now());
      const { stamp, data } = imageView(message);
      run.views.push({ pixel: data[0]!, ...stamp });
      return true;
    },
    ...rest,
  });
  return { player, ...run };
}

/** No frame before its turn, and none long after it; other programs may have the processor for a while. */
function checkPace(begin: number, at: readonly number[], period: number, missed: number): void {
  for (const [index, time] of at.entries()) {
    assert.ok(time - begin >= index * period, `frame ${index} after ${time - begin} ms`);
  }
  const end = at.at(-1)! - begin;
  const turns = at.length - 1 + missed;
  assert.ok(end < turns * period + 100, `${turns} turns took ${end} ms`);
}

describe('CameraPlayer', () => {
  it('publishes all frames at the rate, with their own stamps', async () => {
    const { player, at, views, begun } = setUp(source(40), 100);
    const begin = performance.now();
    await player.play();
    assert.deepEqual(
      views,
      Array.from({ length: 40 }, (_, i) => ({ pixel: i, sec: 100, nanosec: i * 40_000_000 })),
    );
    assert.equal(player.published, 40);
    assert.deepEqual(begun, ['2x2 before 0']);
    checkPace(begin, at, 10, player.missed);
  });

  it('keeps the pace of the stamps at rate 0', async () => {
    const { player, at } = setUp(source(11), 0);
    const begin = performance.now();
    await player.play();
    checkPace(begin, at, 40, player.missed);
  });

  it('stamps frames with the time of publishing', async () => {
    let time = 1_700_000_000_999_999_990n;
    const { player, views } = setUp(source(3), 1000, { now: () => (time += 5n) });
    await player.play();
    assert.deepEqual(views, [
      { pixel: 0, sec: 1_700_000_000, nanosec: 999_999_995 },
      { pixel: 1, sec: 1_700_000_001, nanosec: 0 },
      { pixel: 2, sec: 1_700_000_001, nanosec: 5 },
    ]);
  });

  it('publishes every frame of a source that is too slow, and counts the turns that passed', async () => {
    const { player, views } = setUp(source(10, 25), 100);
    await player.play();
    assert.equal(views.length, 10);
    // Each frame takes 25 ms and so misses one or two turns of 10 ms.
    assert.ok(player.missed >= 12, `${player.missed} missed`);
  });

  it('stops a loop within a frame, and while it waits for subscribers', async () => {
    const { player, views } = setUp(source(3), 0.1, { loop: true });
    setTimeout(() => player.stop(), 100);
    await player.play();
    assert.equal(views.length, 1);

    const waiting = setUp(source(3), 100).player;
    setTimeout(() => waiting.stop(), 50);
    await waiting.waitFor(1, () => 0);
    await waiting.play();
    assert.equal(waiting.published, 0);
  });

  it('waits for subscribers', async () => {
    const { player } = setUp(source(1), 100);
    let subscribers = 0;
    const timer = setInterval(() => subscribers++, 30);
    await player.waitFor(2, () => subscribers);
    clearInterval(timer);
    assert.equal(subscribers, 2);
  });
});
