import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { terminalWidth } from '../../src/base/text-table.js';
import { classCounts } from '../../src/cli/class-counts.js';
import { Arguments } from '../../src/cli/options.js';
import { Progress, timeText } from '../../src/cli/progress.js';
import { readDone, withoutDone } from '../../src/cli/resume.js';
import { selected, selectedCount, selectionOf, shardOf } from '../../src/cli/selection.js';
import type { BadFrame, SourceFrame } from '../../src/vision/picture/frame-source.js';
import { temporaryFolder } from '../temporary-folder.js';

const args = (values: Record<string, string>): Arguments => new Arguments([], values);

describe('--every, --start, --end and --shard', () => {
  // eslint-disable-next-line @typescript-eslint/require-await -- like a source
  async function* frames(): AsyncGenerator<SourceFrame | BadFrame> {
    for (let index = 0; index < 10; index++) {
      const stamp = { sec: 1704067200 + Math.floor(index / 4), nanosec: (index % 4) * 250_000_000 };
      yield { index, stamp, source: 's', frameId: '' } as SourceFrame;
    }
    yield { index: 10, source: 's', error: new Error('cut off') };
  }
  const indexes = async (values: Record<string, string>): Promise<number[]> => {
    const found: number[] = [];
    for await (const { index } of selected(frames(), selectionOf(args(values)))) found.push(index);
    return found;
  };

  it('select frames by number and by time since the first, and pass on failed frames', async () => {
    assert.deepEqual(await indexes({}), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    assert.deepEqual(await indexes({ every: '3' }), [0, 3, 6, 9, 10]);
    assert.deepEqual(await indexes({ start: '1', end: '0:02' }), [4, 5, 6, 7]);
    assert.deepEqual(await indexes({ start: '0.5', every: '2' }), [2, 4, 6, 8, 10]);
  });

  it('give the number of selected frames if it is known', () => {
    const count = (frames: number | undefined, values: Record<string, string>, rate?: number) =>
      selectedCount(frames, selectionOf(args(values)), rate);
    assert.deepEqual([count(10, {}), count(10, { every: '3' }), count(undefined, {})], [10, 4, undefined]);
    assert.deepEqual(
      [count(99, { start: '2', end: '3', every: '4' }, 10), count(25, { end: '3' }, 10)],
      [3, 25],
    );
    assert.deepEqual(
      [count(10, { end: '2' }), count(1, { end: '2' }), count(1, { start: '2' })],
      [undefined, 1, 0],
    );
  });

  it('refuse anything that is not a number, time or share', () => {
    for (const [values, message] of [
      [{ every: '0' }, /--every but received 0/],
      [{ start: 'soon' }, /seconds or H:MM:SS for --start but received soon/],
      [{ end: '-1' }, /for --end but received -1/],
      [{ start: '5', end: '5' }, /--end after --start \(5 s\) but received 5 s/],
    ] as const) {
      assert.throws(() => selectionOf(args(values)), message);
    }
    for (const shard of ['0/4', '5/4', '1', '1/0', 'a/b', '1/4/2']) {
      assert.throws(() => shardOf(args({ shard })), /I\/N with I from 1 to N for --shard/, shard);
    }
    assert.deepEqual(shardOf(args({ shard: '2/4' })), { index: 1, count: 4 });
    assert.equal(selectionOf(args({ start: '1:02:03.5' })).start, 3723.5);
  });
});

describe('--resume', () => {
  const folder = temporaryFolder('resume');
  const line = (source: string, index: number, track = 0): string =>
    `${JSON.stringify({ source, index, instances: track > 0 ? [{ track_id: track }] : [] })}\n`;
  const done = (text: string, counts: Record<string, number> = {}) => {
    const file = join(folder, 'found.jsonl');
    writeFileSync(file, text);
    return readDone(file, (name) => ({ known: name !== 'gone', frames: counts[name] }));
  };

  it('considers an input done if others follow it; the last one, if it is complete', async () => {
    const [a, b] = [line('ä "1"', 0, 7) + line('ä "1"', 1, 3), line('b', 0) + line('b', 3, 9)];
    const bytes = Buffer.byteLength(a);
    assert.deepEqual(await done(a + b), { sources: ['ä "1"'], length: bytes, lastTrack: 7 });
    assert.deepEqual(await done(a + b, { b: 2 }), {
      sources: ['ä "1"', 'b'],
      length: bytes + Buffer.byteLength(b),
      lastTrack: 9,
    });
    assert.deepEqual(await done(a + b.slice(0, -5), { b: 1 }), {
      sources: ['ä "1"', 'b'],
      length: bytes + Buffer.byteLength(line('b', 0)),
      lastTrack: 7,
    });
    assert.deepEqual(await done(''), { sources: [], length: 0, lastTrack: 0 });
    const absent = await readDone(join(folder, 'absent'), () => assert.fail('it has no input'));
    assert.deepEqual(absent, { sources: [], length: 0, lastTrack: 0 });
    const foreign = await done(a + line('gone', 0) + 'cut off');
    assert.deepEqual(foreign.sources, ['ä "1"', 'gone'], 'what cannot be done again is kept');
    assert.equal(foreign.length, bytes + line('gone', 0).length);
    await assert.rejects(done('{"source":"\\x","index":0,\n'), /JSON lines of an earlier run in/);
    await assert.rejects(
      readDone('/dev/zero', () => assert.fail('it has no input')),
      /a file for --json with --resume but received \/dev\/zero/,
    );
    await assert.rejects(done('precious\n'), /JSON lines of an earlier run in .* but received precious/);
  });

  it('distinguishes two runs over one input from one run', async () => {
    const twice = line('a', 0) + line('a', 1) + line('a', 0) + line('a', 1);
    assert.deepEqual((await done(twice, { a: 2 })).sources, ['a', 'a']);
    const sources = [{ name: 'a' }, { name: 'b' }, { name: 'a' }, { name: 'a' }];
    assert.deepEqual(withoutDone(sources, ['a', 'a']), [{ name: 'b' }, { name: 'a' }]);
  });
});

describe('the progress bar over all inputs', () => {
  let now = 0;
  let out = '';
  const stream = { isTTY: true, columns: 100, write: (text: string) => ((out += text), true) };
  const last = (): string => out.split('\r').at(-1)!;

  it('shows steps, speed, remaining time and the current file on one line', () => {
    const bar = new Progress('segmenting', 40, stream, 'frames', 0, () => now);
    bar.present = 'clip.mp4 (1 of 2)';
    now = 2000;
    bar.reach(10);
    assert.equal(
      last(),
      'segmenting  [########----------------------] 10/40  5.0 frames/s  0:06 left  clip.mp4 (1 of 2)\u001b[K',
    );
    bar.present = 'x'.repeat(200);
    now = 4000;
    bar.reach(20);
    assert.equal(last().replace('\u001b[K', '').length, 99);
    out = '';
    bar.skip(20);
    assert.equal(out, '');
    assert.equal(bar.done, 40);
  });

  it('fits into the line with names of wide characters, too', () => {
    const bar = new Progress('segmenting', undefined, stream, 'frames', 0, () => now);
    bar.present = '行人'.repeat(50);
    now += 2000;
    bar.reach(10);
    const line = last().replace('\u001b[K', '');
    assert.ok([98, 99].includes(terminalWidth(line)), line);
    assert.match(line, /行/);
  });

  it('shows no end if the length of the inputs is unknown', () => {
    const bar = new Progress('segmenting', undefined, stream, 'frames', 0, () => now);
    now += 2000;
    bar.reach(10);
    assert.equal(last(), 'segmenting  10 frames  5.0 frames/s\u001b[K');
    assert.deepEqual([9, 750, 3723].map(timeText), ['0:09', '12:30', '1:02:03']);
  });
});

describe('class counts', () => {
  it('are in words', () => {
    const counts = (all: Record<string, number>): string => classCounts(new Map(Object.entries(all)));
    assert.equal(counts({ bus: 1, person: 4 }), '4 persons, 1 bus');
    assert.equal(
      counts({ bus: 2, sheep: 2, knife: 3, berry: 2, key: 2 }),
      '3 knives, 2 buses, 2 sheep, 2 berries, 2 keys',
    );
    assert.equal(counts({ '7': 2, 人: 3 }), '3 人, 2 7');
    const many = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`c${i}x`, 9 - i]));
    assert.match(counts(many), /4 c5xes, 5 of 2 other classes$/);
    assert.equal(counts({}), '');
  });
});
