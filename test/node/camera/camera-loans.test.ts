import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { nv12Frame, type Nv12Frame } from '../../../src/vision/picture/nv12-frame.js';
import type { FrameSource } from '../../../src/vision/picture/frame-source.js';
import { loanForm, type LoanMessage } from '../../../src/node/camera/camera-messages.js';
import { CameraPlayer, type PlayerOptions } from '../../../src/node/camera/camera-player.js';
import { Playlist } from '../../../src/node/camera/camera-playlist.js';
import { ManualClock } from '../../manual-clock.js';

const width = 4;
const height = 2;
/** Bytes of such a frame without gaps. */
const PACKED = 12;

/** Frames with gaps between their rows, all in the same memory, as sources have them. */
function source(count: number): FrameSource {
  const data = new Uint8Array(64);
  const frame: Nv12Frame = {
    width,
    height,
    data,
    lumaStride: 6,
    chromaStride: 8,
    lumaOffset: 3,
    chromaOffset: 20,
  };
  return {
    name: 'test',
    count,
    async *frames() {
      for (let index = 0; index < count; index++) {
        await Promise.resolve();
        data.fill(255);
        for (const row of [3, 9, 20]) data.fill(index + 1, row, row + width);
        yield { frame, index, source: 'test', stamp: { sec: 7, nanosec: index }, frameId: '' };
      }
    },
  };
}

function pixels({ frame }: LoanMessage): number[] {
  const { data, lumaOffset, lumaStride, chromaOffset } = frame;
  const row = (at: number): number[] => [...data.subarray(at, at + width)];
  return [...row(lumaOffset), ...row(lumaOffset + lumaStride), ...row(chromaOffset)];
}

async function play(
  cacheBytes: number,
  count: number,
  turns: number,
): Promise<{ seen: number[][]; memories: Set<unknown>; lines: string[]; player: CameraPlayer<LoanMessage> }> {
  const form = loanForm('hbm480p', 'auto');
  const report = (name: string, error: Error): void => assert.fail(`${name}: ${error.message}`);
  const playlist = new Playlist([source(count)], form, { loop: true, frameId: '', cacheBytes, report });
  const seen: number[][] = [];
  const memories = new Set<unknown>();
  const clock = new ManualClock();
  const options: PlayerOptions<LoanMessage> = {
    rate: () => 1000,
    now: undefined,
    debug: () => {},
    warn: () => {},
    begun: () => {},
    publish: (message) => {
      seen.push([message.index, message.stamp.nanosec, ...pixels(message)]);
      memories.add(message.frame.data);
      if (seen.length === turns) player.stop();
      return seen.length % 4 !== 0;
    },
  };
  const player = new CameraPlayer<LoanMessage>(playlist, form, options, clock);
  await clock.finish(player.play());
  return { seen, memories, lines: [player.summary()], player };
}

const expected = (count: number, turns: number): number[][] =>
  Array.from({ length: turns }, (_, turn) => {
    const index = turn % count;
    return [turn, index, ...Array.from({ length: PACKED }, () => index + 1)];
  });

describe('messages for lent memory', () => {
  it('are the frames of the source if nothing is cached', async () => {
    const { seen, memories } = await play(0, 3, 7);
    assert.deepEqual(seen, expected(3, 7));
    assert.equal(memories.size, 1);
  });

  it('are copied once into the cache', async () => {
    const { seen, memories } = await play(3 * PACKED, 3, 10);
    assert.deepEqual(seen, expected(3, 10));
    assert.equal(memories.size, 3);
    assert.deepEqual(
      [...memories].map((memory) => (memory as Uint8Array).length),
      [PACKED, PACKED, PACKED],
    );
  });

  it('count as lost if no memory is lent, and still get an index', async () => {
    const { seen, player, lines } = await play(0, 3, 8);
    assert.deepEqual([player.published, player.lost], [6, 2]);
    assert.equal(seen.at(-1)![0], 7);
    assert.match(lines[0]!, /^6 frames in .* 2 frames lost; calls of publish: p50 \d/);
  });

  it('have the types, sizes and QoS of TROS', () => {
    const form = loanForm('hbm1080p', 'auto');
    assert.equal(form.type, 'hbm_img_msgs/msg/HbmMsg1080P');
    assert.deepEqual([form.topic, form.qos.reliability, form.qos.depth], ['/hbmem_img', 'best_effort', 5]);
    assert.equal(loanForm('hbm540p', 'reliable').qos.reliability, 'reliable');
    const frame = nv12Frame(new Uint8Array(1280 * 720 * 1.5), { width: 1280, height: 720 });
    assert.throws(() => loanForm('hbm480p', 'auto').write(frame), /at most 921600 bytes for HbmMsg480P/);
    assert.equal(loanForm('hbm540p', 'auto').write(frame).frame, frame);
  });
});
