import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'mocha';
import sharp from 'sharp';
import { probeVideo } from '../../src/media/video-probe.js';
import { describeUnless } from '../skips.js';
import { temporaryFolder } from '../temporary-folder.js';
import { cli } from './cli.js';

const withoutFfmpeg =
  spawnSync('ffmpeg', ['-version']).status === 0 ? false : 'ffmpeg is not installed (apt-get install ffmpeg)';

const folder = temporaryFolder('resume and parts');
const path = (name: string): string => join(folder, name);
const sources = (file: string): string[] =>
  readFileSync(path(file), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => (JSON.parse(line) as { source: string }).source);

describe('tros-yolo-seg run, interrupted and in parts', () => {
  before(async () => {
    mkdirSync(path('photos/inner'), { recursive: true });
    const create = { width: 64, height: 48, channels: 3, background: 'gray' } as const;
    for (const name of ['a.png', 'b.png', 'inner/c.png'])
      await sharp({ create }).toFile(path(`photos/${name}`));
  });

  it('keeps with --resume the results it cannot repeat', async () => {
    await cli(['run', 'photos/a.png', 'photos/b.png', '--json', 'kept.jsonl', '-q'], folder);
    const before = readFileSync(path('kept.jsonl'), 'utf8');
    const other = await cli(['run', 'photos/inner/c.png', '--json', 'kept.jsonl', '--resume'], folder);
    assert.equal(other.code, 0, other.stderr);
    assert.match(
      other.stderr,
      /^photos\/b\.png, the last input in kept\.jsonl, is not among the inputs: what there/m,
    );
    assert.ok(readFileSync(path('kept.jsonl'), 'utf8').startsWith(before));
    assert.deepEqual(sources('kept.jsonl'), ['photos/a.png', 'photos/b.png', 'photos/inner/c.png']);
    // Whether the last input was complete cannot be told without it.
    copyFileSync(path('photos/a.png'), path('lost.png'));
    await cli(['run', 'photos/a.png', 'lost.png', '--json', 'lost.jsonl', '-q'], folder);
    rmSync(path('lost.png'));
    const lines = readFileSync(path('lost.jsonl'), 'utf8');
    const lost = await cli(
      ['run', 'photos/a.png', 'lost.png', 'photos/b.png', '--json', 'lost.jsonl', '--resume', '-q'],
      folder,
    );
    assert.equal(lost.code, 2);
    assert.match(lost.stderr, /Expected to read lost\.png, the last input in lost\.jsonl.*leave it out/);
    assert.equal(readFileSync(path('lost.jsonl'), 'utf8'), lines);
  });

  it('reads a file once if a pattern matches both the file and its folder', async () => {
    mkdirSync(path('bags/one'), { recursive: true });
    for (const name of ['metadata.yaml', 'one_0.mcap']) writeFileSync(path(`bags/one/${name}`), 'nothing');
    const photos = await cli(['run', 'photos/**', '--json', 'all.jsonl', '-q'], folder);
    assert.equal(photos.code, 0, photos.stderr);
    assert.deepEqual(sources('all.jsonl'), ['photos/a.png', 'photos/b.png', 'photos/inner/c.png']);
    const bags = await cli(['run', 'bags/**', '-q'], folder);
    assert.equal(bags.stderr.match(/^bags\/[^:]*/gm)?.join(), 'bags/one', bags.stderr);
  });

  it('reports a shard without inputs', async () => {
    const { code, stderr } = await cli(['run', 'photos/a.png', '--shard', '2/3'], folder);
    assert.equal(code, 0);
    assert.match(stderr, /^No input belongs to part 2\/3/m);
  });

  it('writes no control characters from file names to a terminal', async () => {
    const name = 'e\u001b[31m.jpg';
    writeFileSync(path(name), 'no picture');
    for (const args of [[name], [`x${name}`], ['scene:', `--${name}`]]) {
      const { stderr } = await cli(['run', ...args], folder);
      assert.match(stderr, /e\\u001b\[31m/);
      assert.ok(!stderr.includes('\u001b'), JSON.stringify(stderr));
    }
  });

  describeUnless(withoutFfmpeg, 'with videos', () => {
    const scene = ['scene:', '--frames', '3', '--size', '64x64', '-q'];

    it('repeats the last input if its video is incomplete', async () => {
      const args = [...scene, '--json', 'video.jsonl', '--video', 'video/out.mp4', '--resume'];
      await cli(['run', ...args], folder);
      // Killed after the last line, before the video was complete.
      rmSync(path('video/out.mp4'));
      const { code, stderr } = await cli(['run', ...args], folder);
      assert.deepEqual([code, stderr], [0, '']);
      assert.equal((await probeVideo(path('video/out.mp4'))).count, 3);
      assert.equal(sources('video.jsonl').length, 3);
    });

    it('never replaces the video of a folder with one of the remaining pictures only', async () => {
      const args = ['photos/a.png', 'photos/b.png', '--json', 'two.jsonl', '--video', 'two.mp4', '-q'];
      await cli(['run', ...args], folder);
      const bytes = readFileSync(path('two.mp4'));
      const [first] = readFileSync(path('two.jsonl'), 'utf8').split('\n');
      writeFileSync(path('two.jsonl'), `${first}\n`);
      const { code, stderr } = await cli(['run', ...args, '--resume'], folder);
      assert.equal(code, 2);
      assert.match(
        stderr,
        /--resume without a video of pictures of which some are done but received two\.mp4\. Such/,
      );
      assert.deepEqual(readFileSync(path('two.mp4')), bytes);
      assert.equal(readFileSync(path('two.jsonl'), 'utf8'), `${first}\n`);
    });

    it('names the videos of shards after their inputs, even for one input', async () => {
      const args = ['photos/a.png', ...scene, '--video', 'parts/out.mp4', '--shard'];
      for (const shard of ['1/2', '2/2']) assert.equal((await cli(['run', ...args, shard], folder)).code, 0);
      assert.deepEqual(readdirSync(path('parts')), ['out-a.mp4', 'out-scene.mp4']);
    });

    it('says what to do about a full disk, and leaves nothing behind', async () => {
      const big = ['scene:', '--frames', '20', '--size', '320x240', '-q', '--video', 'full.mp4'];
      const { code, stderr } = await cli(['run', ...big], folder, {}, { blocks: 8 });
      assert.equal(code, 1);
      assert.match(stderr, /ffmpeg to write full\.mp4 but received .*\. Free some space/);
      assert.ok(!existsSync(path('full.mp4')));
    });
  });
});
