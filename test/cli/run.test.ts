import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import sharp from 'sharp';
import { run } from '../../src/cli/run.js';
import { decodeRle } from '../../src/vision/mask/rle.js';
import { ExpectationError } from '../../src/base/expect.js';
import { hbm, mcap } from '../message/bag/bags.js';
import { temporaryFolder } from '../temporary-folder.js';
import { cli, type CliResult } from './cli.js';

interface Line {
  source: string;
  index: number;
  stamp: { sec: number; nanosec: number };
  width: number;
  height: number;
  instances: {
    class_id: number;
    class_name: string;
    score: number;
    box: number[];
    track_id?: number;
    mask: { size: [number, number]; counts: string };
  }[];
  timings_ms: Record<string, number>;
}

interface ZoneLine {
  zones: { name: string; kind: string; classes: { present: number }[] }[];
  zone_events?: { zone: string; type: string }[];
}

function lines(text: string): Line[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

describe('tros-yolo-seg run', () => {
  const folder = temporaryFolder('run');

  it('counts in zones and across lines with --track, and reports who enters and leaves', async () => {
    const options = ['--frames', '8', '--size', '640x360', '--json', '-', '--quiet', '--steady-scores'];
    const zones = ['--zone', 'all=0,0 1,0 1,1 0,1', '--line', 'cut=0,0.5 1,0.5', '--zone-anchor', 'center'];
    const { code, stdout, stderr } = await cli(['run', 'scene:', ...options, '--track', ...zones], folder);
    assert.equal(code, 0, stderr);
    const frames = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as ZoneLine);
    const { zones: counted } = frames.at(-1)!;
    assert.deepEqual(
      counted.map(({ name, kind }) => [name, kind]),
      [
        ['all', 'zone'],
        ['cut', 'line'],
      ],
    );
    const events = frames.flatMap(({ zone_events: some = [] }) => some);
    const entered = events.filter(({ zone, type }) => zone === 'all' && type === 'entered');
    assert.ok(entered.length > 0);
    const present = counted[0]!.classes.reduce((sum, { present: some }) => sum + some, 0);
    assert.ok(present > 0 && present <= entered.length - events.filter(({ type }) => type === 'left').length);

    const refused = await cli(['run', 'scene:', '--zone', 'all=0,0 1,0 1,1'], folder);
    assert.equal(refused.code, 2);
    assert.match(
      refused.stderr,
      /Expected --track but received none\. --zone and --line count tracked objects/,
    );
    for (const [name, ...value] of [
      ['--steady-scores'],
      ['--track-hits', '2'],
      ['--zone-anchor', 'center'],
    ]) {
      const { code: idle, stderr: why } = await cli(['run', 'scene:', name!, ...value], folder);
      assert.deepEqual(
        [idle, why],
        [2, `tros-yolo-seg: Expected --track but received none. ${name} is about tracked objects.\n`],
      );
    }
    const far = ['--frames', '2', '--size', '640x360', '--track', '--zone', 'far=2000,10 2100,10 2100,90'];
    const outside = await cli(['run', 'scene:', ...far], folder);
    assert.equal(outside.code, 0, outside.stderr);
    assert.match(
      outside.stderr,
      /in the picture of \d+x\d+ but received far outside of it\. .*counts nothing/,
    );
    const camera = await cli(['run', 'scene:', '--track', '--line', 'front/gate=0,0 1,1'], folder);
    assert.equal(camera.code, 2);
    assert.match(camera.stderr, /without a camera but received front\/gate\. Leave front\/ out/);
    const crossed = await cli(['run', 'scene:', '--track', '--zone', 'all=0,0 1,1 1,0 0,1'], folder);
    assert.equal(crossed.code, 2);
    assert.match(crossed.stderr, /a zone whose edges do not cross or touch in --zone/);
  });

  it('gives objects ids with --track, per input, and reports the same instances', async () => {
    const run = async (...more: string[]): Promise<Line[]> => {
      const { code, stdout, stderr } = await cli(
        ['run', 'scene:', 'scene:', '--frames', '6', '--size', '640x360', '--json', '-', '--quiet', ...more],
        folder,
      );
      assert.equal(code, 0, stderr);
      return lines(stdout);
    };
    const ids = ({ instances }: Line): number[] => instances.flatMap(({ track_id }) => track_id ?? []);
    const tracked = await run('--track');
    assert.deepEqual(ids(tracked[0]!), []);
    assert.ok(ids(tracked[1]!).length > 0);
    for (const id of ids(tracked[1]!)) assert.ok(ids(tracked[5]!).includes(id), `${id} is lost`);
    const first = new Set(tracked.slice(0, 6).flatMap(ids));
    const second = new Set(tracked.slice(6).flatMap(ids));
    assert.equal(second.size, first.size);
    assert.ok([...second].every((id) => !first.has(id)));
    const plain = await run();
    assert.deepEqual(plain.flatMap(ids), []);
    const what = (all: Line[]): unknown[] =>
      all.map(({ instances }) =>
        instances.map(({ class_id, score, box, mask }) => [class_id, score, box, mask]),
      );
    assert.deepEqual(what(tracked), what(plain));
  });

  it('writes JSON lines, a bag and overlays of a scene', async () => {
    const { code, stderr } = await cli(
      [
        'run',
        'scene:',
        '--frames',
        '5',
        '--size',
        '640x360',
        '--json',
        'a/s.jsonl',
        '--mcap',
        'b/s.mcap',
        '--mcap-images',
        '--mcap-overlay',
        '--overlay',
        'c',
      ],
      folder,
    );
    assert.equal(code, 0, stderr);
    assert.match(stderr, /scene: +5 +\d+/);
    const found = lines(readFileSync(join(folder, 'a/s.jsonl'), 'utf8'));
    assert.deepEqual(
      found.map(({ index }) => index),
      [0, 1, 2, 3, 4],
    );
    assert.ok(found.some(({ instances }) => instances.length > 0));
    for (const { width, height, instances, timings_ms } of found) {
      assert.deepEqual([width, height], [640, 360]);
      assert.deepEqual(Object.keys(timings_ms), ['preprocess', 'inference', 'decode']);
      for (const { class_name, score, box, mask } of instances) {
        assert.match(class_name, /circle|square|triangle|star|ring|cross/);
        assert.ok(score >= 0.25 && score <= 1);
        assert.deepEqual(mask.size, [360, 640]);
        const { data } = decodeRle(mask);
        // Every cell of a mask lies in its box, give or take the cell that the box cuts.
        const [x, y, w, h] = box as [number, number, number, number];
        data.forEach((cell, i) => {
          if (cell === 0) return;
          const [cx, cy] = [(i % 640) + 0.5, Math.floor(i / 640) + 0.5];
          assert.ok(cx > x - 0.01 && cy > y - 0.01 && cx < x + w + 0.01 && cy < y + h + 0.01);
        });
      }
    }
    assert.equal(readdirSync(join(folder, 'c')).length, 5);
    // The bag's own frames give the same instances again: NV12 in bags and from the camera are one path.
    const again = await cli(['run', 'b/s.mcap', '--topic', '/camera/image_raw', '--json', '-', '-q'], folder);
    assert.equal(again.code, 0, again.stderr);
    const replayed = lines(again.stdout);
    assert.deepEqual(
      replayed.map(({ stamp, instances }) => ({ stamp, instances })),
      found.map(({ stamp, instances }) => ({ stamp, instances })),
    );
  });

  it('gives masks in source pixels whatever their grid, and none on request', async () => {
    const common = ['run', 'scene:', '--frames', '2', '--size', '640x360', '-q', '--json', '-', '--masks'];
    const [source, proto, none] = await Promise.all(
      ['source', 'proto', 'none'].map(async (masks) => lines((await cli([...common, masks])).stdout)),
    );
    for (const [i, { instances }] of source!.entries()) {
      assert.ok(instances.length > 0);
      for (const [k, { mask, ...rest }] of instances.entries()) {
        const coarse = proto![i]!.instances[k]!;
        assert.deepEqual(coarse.mask.size, [360, 640]);
        const [fine, cells] = [decodeRle(mask).data, decodeRle(coarse.mask).data];
        let [both, either] = [0, 0];
        fine.forEach((inside, p) => {
          both += inside & cells[p]!;
          either += inside | cells[p]!;
        });
        assert.ok(both / either > 0.6, `${both / either}`);
        assert.deepEqual(none![i]!.instances[k], rest);
      }
    }
  });

  it('segments a region with --roi; results, masks and overlays are in pixels of the whole picture', async () => {
    const common = ['run', 'scene:', '--frames', '2', '--size', '640x360', '--seed', '3', '--json', '-'];
    const region = ['--roi', '160,40,320,256'];
    const { code, stdout, stderr } = await cli([...common, ...region, '--overlay', 'region'], folder);
    assert.equal(code, 0, stderr);
    const found = lines(stdout);
    assert.equal(found.length, 2);
    for (const { width, height, instances } of found) {
      assert.deepEqual([width, height], [640, 360]);
      assert.ok(instances.length > 0);
      for (const { box, mask } of instances) {
        const [x, y, w, h] = box as [number, number, number, number];
        assert.ok(x >= 160 && y >= 40 && x + w <= 480 && y + h <= 296, box.join());
        assert.deepEqual(mask.size, [360, 640]);
        decodeRle(mask).data.forEach((cell, i) => {
          const [cx, cy] = [(i % 640) + 0.5, Math.floor(i / 640) + 0.5];
          assert.ok(cell === 0 || (cx > x - 0.01 && cy > y - 0.01 && cx < x + w + 0.01 && cy < y + h + 0.01));
        });
      }
    }
    const [picture] = readdirSync(join(folder, 'region'));
    const { width, height } = await sharp(join(folder, 'region', picture!)).metadata();
    assert.deepEqual([width, height], [640, 360]);

    const [exceeding, outside, wrong] = (await Promise.all(
      ['600,0,100,360', '640,0,100,360', '1,2,3'].map((roi) => cli([...common, '--roi', roi], folder)),
    )) as [CliResult, CliResult, CliResult];
    assert.equal(exceeding.code, 0);
    assert.equal(exceeding.stderr.match(/Only 600,0,40,360 is used/g)?.length, 1, exceeding.stderr);
    // No frame could be segmented.
    assert.equal(outside.code, 2);
    assert.match(
      outside.stderr,
      /a region of interest with pixels of the 640x360 picture but received 640,0,100,360/,
    );
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /Expected x,y,width,height in pixels for --roi but received 1,2,3/);
  });

  it('reads the camera images from its own bag, and says what to do if there are none', async () => {
    const scene = ['run', 'scene:', '--frames', '2', '--size', '128x96', '-q'];
    const results = ['--mcap', 'own.mcap', '--mcap-images', '--mcap-overlay'];
    assert.equal((await cli([...scene, ...results], folder)).code, 0);
    const { code, stdout, stderr } = await cli(['run', 'own.mcap', '--json', '-', '-q'], folder);
    assert.equal(code, 0, stderr);
    assert.equal(lines(stdout)[0]!.source, 'own.mcap#/camera/image_raw');
  });

  it('reports each bad input, and processes the others', async () => {
    const path = (name: string): string => join(folder, name);
    const pixels = Buffer.alloc(640 * 480 * 3, 90);
    await sharp(pixels, { raw: { width: 640, height: 480, channels: 3 } })
      .jpeg()
      .toFile(path('good.jpg'));
    writeFileSync(path('cut.jpg'), readFileSync(path('good.jpg')).subarray(0, 900));
    writeFileSync(path('empty.png'), '');
    writeFileSync(path('short_640x480.nv12'), Buffer.alloc(1000));
    writeFileSync(path('odd_641x480.nv12'), Buffer.alloc(691_200));
    writeFileSync(path('other.xyz'), 'what is this');
    const inputs = [
      'missing.jpg',
      'empty.png',
      'cut.jpg',
      'short_640x480.nv12',
      'odd_641x480.nv12',
      'other.xyz',
      'good.jpg',
    ];
    const { code, stdout, stderr } = await cli(['run', ...inputs, '--json', '-'], folder);
    assert.equal(code, 1);
    assert.deepEqual(
      lines(stdout).map(({ source, width, height }) => [source, width, height]),
      [['good.jpg', 640, 480]],
    );
    const messages: [string, RegExp][] = [
      ['missing.jpg', /Expected a file or folder/],
      ['empty.png', /empty/],
      ['cut.jpg', /truncated or damaged/],
      ['short_640x480.nv12', /460800 bytes/],
      ['odd_641x480.nv12', /even width for NV12 but received 641/],
      ['other.xyz', /Raw NV12 needs the ending .nv12/],
    ];
    for (const [input, message] of messages) {
      const line = stderr.split('\n').find((text) => text.startsWith(input) && text.includes('Expected'));
      assert.match(line ?? `nothing about ${input}`, message);
    }
  });

  it('uses what is left of a truncated bag', async () => {
    const made = await cli(
      ['run', 'scene:', '--frames', '20', '--size', '640x360', '--mcap', 'cut.mcap', '--mcap-images', '-q'],
      folder,
    );
    assert.equal(made.code, 0, made.stderr);
    const bag = join(folder, 'cut.mcap');
    truncateSync(bag, Math.floor(statSync(bag).size / 2));
    const { code, stdout, stderr } = await cli(
      ['run', 'cut.mcap', '--topic', '/camera/image_raw', '--json', '-', '-q'],
      folder,
    );
    assert.equal(code, 1);
    assert.match(stderr, /Its readable part was used/);
    const count = lines(stdout).length;
    assert.ok(count >= 5 && count < 20, `${count} frames`);
  });

  it('gives results for all pixels of pictures with odd sizes, and nothing beyond them', async () => {
    const pixels = Buffer.alloc(427 * 301 * 3, 90);
    await sharp(pixels, { raw: { width: 427, height: 301, channels: 3 } })
      .png()
      .toFile(join(folder, 'odd.png'));
    const home = join(folder, 'home');
    mkdirSync(home);
    const variables = { HOME: home, TMPDIR: home, XDG_CACHE_HOME: undefined };
    const { stdout } = await cli(['run', 'odd.png', '--json', '-', '-q', '--score', '0'], folder, variables);
    const [line] = lines(stdout);
    assert.deepEqual([line!.width, line!.height], [427, 301]);
    assert.deepEqual(line!.instances[0]?.mask.size, [301, 427]);
    // ONNX Runtime's telemetry would keep a database and a log there.
    assert.deepEqual(readdirSync(home), []);
  });

  it('reads NV12 files and bags with the given row lengths', async () => {
    const padded = Buffer.alloc(640 * 368 * 1.5 * 2);
    writeFileSync(join(folder, 'padded_600x360.nv12'), padded);
    const args = [
      'run',
      'padded_600x360.nv12',
      '--image-step',
      '640',
      '--image-rows',
      '368',
      '--json',
      '-',
      '-q',
    ];
    const { stdout } = await cli(args, folder);
    assert.deepEqual(
      lines(stdout).map(({ width, height }) => [width, height]),
      [
        [600, 360],
        [600, 360],
      ],
    );
    const { code, stderr } = await cli(['run', 'padded_600x360.nv12', '--image-step', '599', '-q'], folder);
    assert.equal(code, 2);
    assert.match(stderr, /from 600 to 1048576 for the bytes of a row .* but received 599/);
    for (const [option, value] of [
      ['--image-step', '-1'],
      ['--image-rows', 'x'],
      ['--mono16-max', '0'],
    ] as const) {
      const wrong = await cli(['run', 'scene:', option, value], folder);
      assert.equal(wrong.code, 2);
      assert.ok(wrong.stderr.includes(option), wrong.stderr);
    }
  });

  it('warns once about images whose size nothing explains', async () => {
    const messages = [0, 1, 2].map((index) => hbm(index, 'HbmMsg480P'));
    writeFileSync(join(folder, 'hbm.mcap'), await mcap(messages));
    const { code, stderr } = await cli(['run', 'hbm.mcap', '--json', 'hbm.jsonl'], folder);
    assert.equal(code, 0, stderr);
    assert.equal(stderr.match(/Expected 12 bytes for a 4x2 nv12 image/g)?.length, 1, stderr);
    const quiet = await cli(['run', 'hbm.mcap', '--image-rows', '2', '--json', 'quiet.jsonl'], folder);
    assert.doesNotMatch(quiet.stderr, /Expected/);
  });

  it('says what is wrong with an output path', async () => {
    writeFileSync(join(folder, 'file'), '');
    const cases: [string[], RegExp][] = [
      [['--json', '/proc/nowhere/found.jsonl'], /a place to write to at \/proc\/nowhere/],
      [['--overlay', 'file/overlay'], /a place to write to/],
      [['--json', '/dev/full'], /ENOSPC/],
      [['--mcap', 'file'], /file/],
    ];
    for (const [args, message] of cases) {
      const { code, stderr } = await cli(
        ['run', 'scene:', '--frames', '3', '--size', '128x96', '-q', ...args],
        folder,
      );
      assert.notEqual(code, 0, args.join(' '));
      assert.match(stderr, message);
    }
  });

  it('reports only the requested classes and scores', async () => {
    const common = ['run', 'scene:', '--frames', '3', '--json', '-', '-q'];
    const all = lines((await cli(common)).stdout).flatMap(({ instances }) => instances);
    const some = lines(
      (
        await cli([
          ...common,
          '--classes',
          'Circle,1',
          '--class-score',
          'circle=0.8',
          '--max-detections',
          '2',
        ])
      ).stdout,
    );
    for (const { instances } of some) {
      assert.ok(instances.length <= 2);
      for (const { class_name, score } of instances) {
        assert.ok(
          class_name === 'square' || (class_name === 'circle' && score >= 0.8),
          `${class_name} ${score}`,
        );
      }
    }
    assert.ok(all.length > some.flatMap(({ instances }) => instances).length);
  });

  it('refuses invalid models and settings before it creates any file', async () => {
    writeFileSync(join(folder, 'text.onnx'), 'no model at all');
    const cases: [string[], RegExp][] = [
      [[], /at least one INPUT/],
      [['scene:', '--model', 'missing.onnx'], /missing.onnx/],
      [['scene:', '--model', join(folder, 'text.onnx')], /ONNX/],
      [['scene:', '--model', '.'], /a model file but received \., which is no file/],
      [['scene:', '--labels', '.'], /class names at \. but received EISDIR/],
      [['scene:', '--score', '1.5'], /from 0 to 1 for --score but received 1.5/],
      [['scene:', '--iou', 'much'], /a number for --iou but received much/],
      [['scene:', '--max-detections', '0'], /--max-detections but received 0/],
      [['scene:', '--classes', 'dog'], /It knows circle, square/],
      [['scene:', '--class-score', 'star'], /CLASS=SCORE/],
      [['scene:', '--masks', 'big'], /one of source, proto, none/],
      [['scene:', '--size', 'large'], /WIDTHxHEIGHT/],
      [['scene:', '--heads', 'box'], /does not fit/],
      [['scene:', '--color', 'red'], /options that are listed by --help but received --colo/],
      [['scene:', '--range', 'half'], /one of full, limited/],
      [['scene:', '--engine', 'gpu'], /one of auto, onnx, bpu for --engine but received gpu/],
      [['scene:', '--engine', 'bpu', '--library', '/nowhere/libdnn.so'], /libdnn/],
    ];
    const never = join(folder, 'never.jsonl');
    for (const [args, message] of cases) {
      await assert.rejects(run.run([...args, '--json', never]), (error) => {
        assert.ok(error instanceof ExpectationError, `${args.join(' ')}: ${String(error)}`);
        assert.match(error.message, message);
        return true;
      });
      assert.ok(!existsSync(never), args.join(' '));
    }
    // What the user sees of it.
    for (const [args, message] of [cases[2]!, cases[3]!]) {
      const { code, stderr } = await cli(['run', ...args, '--json', 'never.jsonl'], folder);
      assert.equal(code, 2, args.join(' '));
      assert.match(stderr, message);
      assert.ok(!stderr.includes('    at '), `a stack trace: ${stderr}`);
    }
    assert.ok(!existsSync(never));
  });
});
