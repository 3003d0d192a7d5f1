import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { imageView } from '../../../src/message/read/image-message.js';
import { nv12Frame } from '../../../src/vision/picture/nv12-frame.js';
import type { FrameSource } from '../../../src/vision/picture/frame-source.js';
import { messageForm } from '../../../src/node/camera/camera-messages.js';
import { CameraPlayer, type PlayerOptions } from '../../../src/node/camera/camera-player.js';
import { Playlist } from '../../../src/node/camera/camera-playlist.js';
import { ManualClock } from '../../manual-clock.js';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

interface Run {
  readonly clock: ManualClock;
  readonly player: CameraPlayer;
  /** Milliseconds from the start to each call of `publish`. */
  readonly at: number[];
  readonly views: { pixel: number; sec: number; nanosec: number }[];
  readonly begun: string[];
  readonly lines: string[];
  readonly warnings: string[];
}

interface SetUp extends Partial<Omit<PlayerOptions, 'rate'>> {
  readonly count: number;
  /** Frames per second, 0: by the stamps, which are 40 ms apart. */
  readonly rate: number | (() => number);
  /** Milliseconds that reading frame `index` takes. */
  readonly reading?: (index: number) => number;
  /** Milliseconds that a call of `publish` takes. */
  readonly publishing?: number;
  readonly loop?: boolean;
}

/** A player of frames whose first byte counts, by a clock that stands still. */
function setUp({ count, rate, reading = () => 0, publishing = 0, loop = false, ...rest }: SetUp): Run {
  const clock = new ManualClock();
  const begin = clock.now();
  const frames: FrameSource = {
    name: 'test',
    async *frames() {
      for (let index = 0; index < count; index++) {
        await Promise.resolve();
        clock.pass(reading(index));
        const frame = nv12Frame(new Uint8Array(6).fill(index), { width: 2, height: 2 });
        const stamp = { sec: 100 + Math.floor(index / 25), nanosec: (index % 25) * 40_000_000 };
        yield { frame, index, source: 'test', stamp, frameId: '' };
      }
    },
  };
  const form = messageForm('image', 'auto');
  const report = (name: string, error: Error): void => assert.fail(`${name}: ${error.message}`);
  const playlist = new Playlist([frames], form, { loop, frameId: '', cacheBytes: 1e6, report });
  const run: Omit<Run, 'player' | 'clock'> = { at: [], views: [], begun: [], lines: [], warnings: [] };
  const options: PlayerOptions = {
    rate: typeof rate === 'number' ? () => rate : rate,
    now: undefined,
    debug: (line) => run.lines.push(line),
    warn: (line) => run.warnings.push(line),
    begun: ({ size }) => run.begun.push(`${size.width}x${size.height} before ${run.views.length}`),
    publish: (message) => {
      run.at.push(clock.now() - begin);
      const { stamp, data } = imageView(message);
      run.views.push({ pixel: data[0]!, ...stamp });
      clock.pass(publishing);
      return true;
    },
    ...rest,
  };
  return { clock, player: new CameraPlayer(playlist, form, options, clock), ...run };
}

describe('CameraPlayer', () => {
  it('publishes all frames at the rate, with their own stamps', async () => {
    const { clock, player, at, views, begun } = setUp({ count: 40, rate: 100 });
    await clock.finish(player.play());
    assert.deepEqual(
      views,
      upTo(40).map((i) => ({ pixel: i, sec: i < 25 ? 100 : 101, nanosec: (i % 25) * 40_000_000 })),
    );
    assert.deepEqual(
      at,
      upTo(40).map((i) => i * 10),
    );
    assert.deepEqual([player.published, player.missed], [40, 0]);
    assert.deepEqual(begun, ['2x2 before 0']);
  });

  it('keeps the pace of the stamps at rate 0', async () => {
    const { clock, player, at } = setUp({ count: 11, rate: 0 });
    await clock.finish(player.play());
    assert.deepEqual(
      at,
      upTo(11).map((i) => i * 40),
    );
  });

  it('follows a change of rate while the next frame is far away', async () => {
    let rate = 0.001;
    const { clock, player, at } = setUp({ count: 3, rate: () => rate });
    const played = player.play();
    await clock.advance(5000);
    assert.equal(at.length, 1);
    rate = 40;
    await clock.advance(200);
    await played;
    const [first, second, third] = at as [number, number, number];
    assert.ok(second - first >= 5000 && second - first <= 5100);
    assert.equal(third - second, 25);
    assert.equal(player.missed, 0);
  });

  it('follows a change of rate', async () => {
    let rate = 100;
    const { clock, player, at } = setUp({ count: 6, rate: () => rate });
    const playing = player.play();
    await clock.advance(20);
    rate = 20;
    await clock.finish(playing);
    // The frame after the last change was asked for before it.
    assert.deepEqual(at, [0, 10, 20, 30, 80, 130]);
  });

  it('stamps frames with the time of publishing', async () => {
    let time = 1_700_000_000_999_999_990n;
    const { clock, player, views } = setUp({ count: 3, rate: 1000, now: () => (time += 5n) });
    await clock.finish(player.play());
    assert.deepEqual(views, [
      { pixel: 0, sec: 1_700_000_000, nanosec: 999_999_995 },
      { pixel: 1, sec: 1_700_000_001, nanosec: 0 },
      { pixel: 2, sec: 1_700_000_001, nanosec: 5 },
    ]);
  });

  it('sends a frame that is late by less than a period at once, and the next one in time', async () => {
    const reading = (index: number): number => (index === 2 ? 19 : 0);
    const { clock, player, at } = setUp({ count: 5, rate: 100, reading });
    await clock.finish(player.play());
    assert.deepEqual(at, [0, 10, 29, 30, 40]);
    assert.equal(player.missed, 0);
  });

  it('publishes every frame of a source that is too slow, and counts missed periods', async () => {
    const { clock, player, at } = setUp({ count: 10, rate: 100, reading: () => 25 });
    await clock.finish(player.play());
    assert.deepEqual(
      at,
      upTo(10).map((i) => 25 + 25 * i),
    );
    // The last turn begins 220 ms after the first one: 22 turns, 9 of them with a frame.
    assert.equal(player.missed, 22 - 9);
  });

  it('stops a loop within a frame, and while it waits for subscribers', async () => {
    const { clock, player, views } = setUp({ count: 3, rate: 0.1, loop: true });
    const playing = player.play();
    await clock.advance(9_999);
    assert.equal(clock.sleeping, 1);
    player.stop();
    await playing;
    assert.equal(views.length, 1);

    const waiting = setUp({ count: 3, rate: 100 });
    const wait = waiting.player.waitFor(1, () => 0);
    await waiting.clock.advance(60_000);
    assert.equal(waiting.clock.sleeping, 1);
    waiting.player.stop();
    await wait;
    await waiting.player.play();
    assert.equal(waiting.player.published, 0);
  });

  it('waits for subscribers', async () => {
    const { clock, player } = setUp({ count: 1, rate: 100 });
    let subscribers = 0;
    let waited = false;
    const wait = player.waitFor(2, () => subscribers).then(() => (waited = true));
    await clock.advance(500);
    subscribers = 1;
    await clock.advance(500);
    assert.equal(waited, false);
    subscribers = 2;
    await clock.advance(20);
    assert.equal(waited, true);
    await wait;
  });

  it('reports its progress every ten seconds and at the end', async () => {
    const { clock, player, lines, warnings } = setUp({ count: 211, rate: 10, publishing: 2 });
    await clock.finish(player.play());
    const line =
      /^\d+ frames in 10\.0 s \(10\.\d a second\), 0 turns missed; calls of publish: p50 2\.00, p95 2\.00, at most 2\.00 ms$/;
    assert.equal(lines.length, 2);
    for (const text of lines) assert.match(text, line);
    assert.deepEqual(warnings, []);
    assert.equal(
      player.summary(),
      '211 frames in 21.0 s, 0 turns missed, 0 frames lost; ' +
        'calls of publish: p50 2.00, p95 2.00, p99 2.00, at most 2.00 ms',
    );
  });

  it('warns when many periods are missed, and when frames are lost', async () => {
    let turn = 0;
    const { clock, player, warnings } = setUp({
      count: 300,
      rate: 20,
      reading: () => 100,
      publish: () => turn++ % 10 > 0,
    });
    await clock.finish(player.play());
    assert.match(
      warnings[0]!,
      /^Expected the middleware to have room for every frame but 11 of 101 were lost: a subscriber holds on/,
    );
    assert.match(
      warnings[1]!,
      /^Expected 20\.\d frames a second but only 9\.0 could be sent in time\. The machine is busy/,
    );
    assert.deepEqual([player.published, player.lost], [270, 30]);
  });
});
