import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'mocha';
import sharp from 'sharp';
import { Scene } from '../../src/media/scene/scene.js';
import { probeVideo } from '../../src/media/video-probe.js';
import { nv12ToRgb } from '../../src/native/convert.js';
import { describeUnless } from '../skips.js';
import { temporaryFolder } from '../temporary-folder.js';
import { cli, type CliResult, scriptOf, Watched } from './cli.js';

const withoutFfmpeg =
  spawnSync('ffmpeg', ['-version']).status === 0 ? false : 'ffmpeg is not installed (apt-get install ffmpeg)';

/** JSON lines without the times, which differ from run to run, sorted by input and frame. */
function results(text: string): string[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.stringify({ ...(JSON.parse(line) as object), timings_ms: undefined }))
    .sort();
}

const folder = temporaryFolder('many inputs');
const path = (name: string): string => join(folder, name);
const read = (name: string): string => readFileSync(path(name), 'utf8');

/** Runs the command in the folder, which must succeed. */
async function run(...args: string[]): Promise<CliResult> {
  const result = await cli(['run', ...args], folder);
  assert.equal(result.code, 0, result.stderr);
  return result;
}

describe('tros-yolo-seg run on many inputs', () => {
  before(async () => {
    mkdirSync(path('photos/inner/deep'), { recursive: true });
    const scene = new Scene({ seed: 4, width: 160, height: 96 });
    for (const [i, name] of [
      'a 1.png',
      'a 2.png',
      'a 10.png',
      'ünï 人.png',
      'inner/b.png',
      'inner/deep/c.png',
    ].entries()) {
      const { frame } = scene.render(10 * i);
      const raw = { width: 160, height: 96, channels: 3 } as const;
      await sharp(Buffer.from(nv12ToRgb(frame)), { raw })
        .png()
        .toFile(path(`photos/${name}`));
    }
    const two = [0, 1].map((index) => Buffer.from(scene.render(index).frame.data));
    writeFileSync(path('photos/raw_160x96.nv12'), Buffer.concat(two));
  });

  it('gives the same with four concurrent shards, concatenated, as in one run', async () => {
    const inputs = ['photos', '--recursive', '-q', '--json'];
    await run(...inputs, 'whole.jsonl');
    const shards = ['1/4', '2/4', '3/4', '4/4'];
    await Promise.all(shards.map((shard, i) => run(...inputs, `part-${i}.jsonl`, '--shard', shard)));
    const parts = shards.map((_, i) => read(`part-${i}.jsonl`));
    assert.ok(parts.every((part) => part.length > 0));
    const whole = results(read('whole.jsonl'));
    assert.equal(whole.length, 8);
    assert.deepEqual(results(parts.join('')), whole);
  });

  it('continues an interrupted run with --resume', async () => {
    const args = ['photos', '--recursive', '--track', '--overlay', 'shown', '--json', 'resumed.jsonl'];
    await run(...args);
    const whole = read('resumed.jsonl');
    const lines = whole.split('\n');
    // A run that was killed in the second of two frames of its fourth input, in the middle of the line.
    const kept = `${lines.slice(0, 3).join('\n')}\n`;
    writeFileSync(path('resumed.jsonl'), `${kept}${lines[3]}\n${lines[4]!.slice(0, 40)}`);
    const refused = await cli(['run', ...args], folder);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /exists/);
    const { stderr } = await run(...args, '--resume');
    assert.match(stderr, /^3 of 7 inputs were done before\.$/m);
    assert.deepEqual(results(read('resumed.jsonl')), results(whole));
    assert.ok(read('resumed.jsonl').startsWith(kept));
    const again = await run(...args, '--resume');
    assert.match(again.stderr, /^7 of 7 inputs were done before\.$/m);
    assert.deepEqual(results(read('resumed.jsonl')), results(whole));
    for (const [more, message] of [
      [['--json', '-'], /--json FILE with --resume but received -/],
      [['--json', 'x.jsonl', '--mcap', 'x.mcap'], /--resume without --mcap/],
      [[], /--json FILE with --resume but received none/],
    ] as const) {
      const wrong = await cli(['run', 'photos', '--resume', ...more], folder);
      assert.equal(wrong.code, 2);
      assert.match(wrong.stderr, message);
    }
  });

  it('starts from the beginning with --resume if there are no outputs', async () => {
    await run('photos/a 1.png', '--json', 'new/first.jsonl', '--resume', '-q');
    assert.equal(results(read('new/first.jsonl')).length, 1);
  });

  it('reads quoted patterns and nested folders, and reports the ones it skips', async () => {
    const names = async (...args: string[]): Promise<string[]> => {
      const { stdout } = await run(...args, '--json', '-', '-q');
      return stdout
        .split('\n')
        .filter(Boolean)
        .map((line) => (JSON.parse(line) as { source: string }).source);
    };
    assert.deepEqual(await names('photos/a*.png'), ['photos/a 1.png', 'photos/a 2.png', 'photos/a 10.png']);
    assert.deepEqual(await names('photos/**/[bc].png'), ['photos/inner/b.png', 'photos/inner/deep/c.png']);
    assert.deepEqual((await names('photos', '-r')).slice(-2), [
      'photos/inner/b.png',
      'photos/inner/deep/c.png',
    ]);
    const { stderr } = await run('photos', '--json', 'flat.jsonl');
    assert.match(stderr, /^photos: a folder in it is skipped; --recursive reads it\.$/m);
    assert.match(stderr, /^5 inputs +6 +\d+/m);
    assert.match(stderr, /^found: \d+ \w+/m);
    const none = await cli(['run', 'nothing/*.png'], folder);
    assert.equal(none.code, 2);
    assert.match(
      none.stderr,
      /^nothing\/\*\.png: Expected files that match nothing\/\*\.png but received none/m,
    );
    mkdirSync(path('only/inner'), { recursive: true });
    assert.match((await cli(['run', 'only'], folder)).stderr, /but received none\. Add --recursive to read/);
  });

  it('names overlays after their inputs, as JPEG or PNG', async () => {
    await run('photos', '--overlay', 'jpg', '-q');
    const names = ['a 1', 'a 10', 'a 2', 'raw_160x96_000000', 'raw_160x96_000001', 'ünï 人'];
    assert.deepEqual(readdirSync(path('jpg')).sort(), names.map((name) => `${name}.jpg`).sort());
    await run('photos/ünï 人.png', '--overlay', 'png', '--overlay-format', 'png', '-q');
    assert.deepEqual(readdirSync(path('png')), ['ünï 人.png']);
    assert.equal((await sharp(path('png/ünï 人.png')).metadata()).format, 'png');
    const again = await cli(['run', 'photos/ünï 人.png', '--overlay', 'jpg', '-q'], folder);
    assert.equal(again.code, 2);
    assert.match(again.stderr, /ünï 人\.jpg, which exists/);
  });

  it('draws overlays as the options say', async () => {
    const overlay = async (...more: string[]): Promise<Buffer> => {
      const args = ['photos/a 1.png', '--overlay', 'drawn', '--overlay-format', 'png', '--force', '-q'];
      await run(...args, ...more);
      return sharp(path('drawn/a 1.png')).raw().toBuffer();
    };
    const plain = await overlay(
      '--overlay-masks',
      '0',
      '--overlay-boxes',
      'false',
      '--overlay-labels',
      'false',
    );
    const original = await sharp(path('photos/a 1.png')).raw().toBuffer();
    assert.ok(
      plain.every((value, i) => Math.abs(value - original[i]!) < 60),
      'nothing is drawn',
    );
    const usual = await overlay();
    const others = [
      ['--overlay-masks', '1'],
      ['--overlay-boxes', 'false'],
      ['--overlay-labels', 'false'],
    ];
    for (const other of [...others, ['--overlay-colors', 'instance']])
      assert.notDeepEqual(await overlay(...other), usual, other.join(' '));
    const wrong = await cli(['run', 'scene:', '--overlay-boxes', 'maybe'], folder);
    assert.match(wrong.stderr, /one of true, false for --overlay-boxes but received maybe/);
  });

  it('uses every N-th frame between two times', async () => {
    const args = ['scene:', '--frames', '40', '--rate', '10', '--size', '64x64', '-q', '--json', '-'];
    const { stdout } = await run(...args, '--every', '5', '--start', '1', '--end', '0:03');
    const indexes = stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => (JSON.parse(line) as { index: number }).index);
    assert.deepEqual(indexes, [10, 15, 20, 25]);
  });

  it('says when no frame lies between two times, and when an input has none; with nothing done it exits with 2', async () => {
    const scene = ['scene:', '--frames', '3', '--rate', '10', '--size', '64x64'];
    const late = await cli(['run', ...scene, '--start', '5', '--json', 'late.jsonl'], folder);
    assert.equal(late.code, 2, late.stderr);
    assert.match(late.stderr, /^scene:: none of its frames is after 5 s \(--start, --end\)$/m);
    const both = await cli(['run', ...scene, 'photos/a 1.png', '--start', '0.15', '--json', '-'], folder);
    assert.equal(both.code, 0, both.stderr);
    assert.equal(results(both.stdout).length, 1);
    assert.match(both.stderr, /^photos\/a 1\.png: none of its frames is after 0\.15 s/m);
    // One part of several may have nothing to do.
    const part = await cli(['run', ...scene, '--start', '5', '--shard', '1/2'], folder);
    assert.equal(part.code, 0, part.stderr);
    writeFileSync(path('nothing'), '');
    const command = ['-c', 'exec "$@" <nothing', 'sh', process.execPath, ...scriptOf(['run', '-'])];
    const empty = spawnSync('sh', [...command, '--size', '64x64'], { cwd: folder, encoding: 'utf8' });
    assert.equal(empty.status, 2, empty.stderr);
    assert.match(empty.stderr, /^-: Expected frames in - but received none\. Whatever writes it/m);
  });

  it('reads a picture, or NV12, from standard input', async () => {
    const piped = async (input: Buffer, ...args: string[]): Promise<string> => {
      const child = spawn(process.execPath, scriptOf(['run', '-', '--json', '-', '-q', ...args]), {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      let out = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
      child.stdin.end(input);
      await once(child, 'close');
      return out;
    };
    const [picture, raw] = await Promise.all([
      piped(readFileSync(path('photos/a 1.png'))),
      piped(readFileSync(path('photos/raw_160x96.nv12')), '--size', '160x96'),
    ]);
    const { stdout } = await run('photos/a 1.png', 'photos/raw_160x96.nv12', '--json', '-', '-q');
    const instances = (text: string): unknown[] =>
      results(text).map((line) => (JSON.parse(line) as { instances: unknown }).instances);
    assert.deepEqual(instances(picture + raw), instances(stdout));
  });

  it('does not complete the progress bar for an unreadable picture, and exits with 2 if all are unreadable', async () => {
    writeFileSync(path('cut.jpg'), 'no picture');
    const { code, stderr } = await cli(['run', 'cut.jpg'], folder);
    assert.equal(code, 2, stderr);
    assert.doesNotMatch(stderr, /\[#+\]/);
    assert.equal((await cli(['run', 'cut.jpg', 'photos/a 1.png', '-q'], folder)).code, 1);
  });

  describeUnless(withoutFfmpeg, 'with ffmpeg', () => {
    it('writes the overlays of each input as one video, including a folder of pictures', async () => {
      const scene = ['--frames', '6', '--size', '160x96', '-q'];
      await run('scene:', ...scene, '--video', 'alone.mp4');
      const { width, height, rate, count } = await probeVideo(path('alone.mp4'));
      assert.deepEqual([width, height, rate, count], [160, 96, 30, 6]);
      copyFileSync(path('alone.mp4'), path('photos/inner/clip.mp4'));
      await run('photos', 'photos/inner/clip.mp4', '--rate', '5', ...scene, '--video', 'films/out.mp4');
      const made = ['out-clip.mp4', 'out-photos.mp4', 'out-raw_160x96.mp4'];
      assert.deepEqual(readdirSync(path('films')), made);
      const found = await Promise.all(made.map((name) => probeVideo(path(`films/${name}`))));
      assert.deepEqual(
        found.map((info) => [info.count, info.rate]),
        [
          [6, 30],
          [4, 5],
          [2, 5],
        ],
      );
      for (const [args, message] of [
        [['--video', 'out.avi'], /a video with the suffix \.mp4, \.mkv, \.webm but received out\.avi/],
        [['--video', 'alone.mp4'], /a new file for --video but received alone\.mp4, which exists/],
      ] as const) {
        const wrong = await cli(['run', 'scene:', ...scene, ...args], folder);
        assert.equal(wrong.code, 2);
        assert.match(wrong.stderr, message);
      }
      const broken = await cli(
        ['run', 'scene:', ...scene, '--video', 'b.mp4', '--video-encoder', 'nothing'],
        folder,
      );
      assert.equal(broken.code, 1);
      assert.match(broken.stderr, /ffmpeg to write b\.mp4 but received .*nothing/);
    });

    it('keeps the times of frames: every third frame of a video is shown as long as three', async () => {
      await run(
        'scene:',
        '--frames',
        '10',
        '--rate',
        '10',
        '--size',
        '64x64',
        '--every',
        '3',
        '--video',
        'third.mp4',
        '-q',
      );
      const { count, rate } = await probeVideo(path('third.mp4'));
      assert.deepEqual([count, rate], [10, 10]);
    });

    it('completes the video of a run that is stopped', async () => {
      const scene = ['scene:', '--frames', '100000', '--size', '64x64', '--json', '-'];
      const child = Watched.start(scriptOf(['run', ...scene, '--video', 'stopped/out.mp4']), folder);
      await child.says('stdout', /"index":4,/);
      child.kill('SIGINT');
      assert.deepEqual(await child.end(), { code: 130, signal: null });
      const lines = child.stdout.trim().split('\n').length;
      assert.equal((await probeVideo(path('stopped/out.mp4'))).count, lines);
      assert.deepEqual(readdirSync(path('stopped')), ['out.mp4']);
    });

    it('passes a camera device to ffmpeg (a stand-in for it)', async () => {
      // No camera here: programs of these names write down what they are asked for, and read a generated picture instead.
      mkdirSync(path('bin'));
      for (const name of ['ffmpeg', 'ffprobe']) {
        const real = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
        const script = `#!/bin/bash
echo "${name} $*" >> '${path('asked')}'
args=()
while (( $# )); do
  case $1 in
    -f) [[ $2 == v4l2 ]] && args+=(-f lavfi) || args+=("$1" "$2"); shift 2 ;;
    -video_size|-framerate|-input_format) shift 2 ;;
    -i) args+=(-i 'testsrc=size=64x48:rate=10:duration=0.3'); shift 2 ;;
    *) args+=("$1"); shift ;;
  esac
done
exec ${real} "\${args[@]}"
`;
        writeFileSync(path(`bin/${name}`), script);
        chmodSync(path(`bin/${name}`), 0o755);
      }
      const variables = { PATH: `${path('bin')}:${process.env['PATH']}` };
      const args = [
        'run',
        '/dev/video0',
        '--size',
        '1280x720',
        '--rate',
        '30',
        '--input-option',
        'input_format=mjpeg',
      ];
      const child = spawn(process.execPath, scriptOf([...args, '--json', 'camera.jsonl']), {
        cwd: folder,
        env: { ...process.env, ...variables },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let told = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        const before = told;
        told += text;
        // It would connect again for ever.
        const lost = /Connecting again/;
        if (lost.test(told) && !lost.test(before)) child.kill('SIGINT');
      });
      await once(child, 'close');
      assert.equal(child.exitCode, 130, told);
      const wanted = '-f v4l2 -video_size 1280x720 -framerate 30 -input_format mjpeg -i /dev/video0';
      const asked = read('asked').trim().split('\n');
      assert.ok(asked.length >= 2 && asked.every((line) => line.includes(wanted)), asked.join('\n'));
      assert.match(told, /\/dev\/video0 is lost \(it ended\)\. Connecting again in 1 s\./);
      // Three frames come at once. A camera's frames in between are dropped when they are not used in time, the newest never is.
      const used = results(read('camera.jsonl')).map((line) => (JSON.parse(line) as { index: number }).index);
      assert.match(used.join(' '), /^(0 )?(1 )?2$/);
    });
  });
});
