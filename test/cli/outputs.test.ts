import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'mocha';
import sharp from 'sharp';
import { bench } from '../../bench/command.js';
import { demo } from '../../src/cli/demo.js';
import type { Command } from '../../src/cli/program.js';
import { model } from '../../src/cli/model.js';
import { record } from '../../tools/record/command.js';
import { run } from '../../src/cli/run.js';
import { ExpectationError } from '../../src/base/expect.js';
import { demoModel } from '../../src/model/demo-model.js';
import { tenHeads } from '../engine/tiny-onnx.js';
import { stockModel } from '../model/onnx/stock-model.js';
import { temporaryFolder } from '../temporary-folder.js';
import { cli, type CliResult, scriptOf } from './cli.js';

const folder = temporaryFolder('outputs');
const path = (name: string): string => join(folder, name);
const TINY = ['scene:', '--frames', '2', '--size', '64x64', '-q'];

/** Everything in a folder: names, and the bytes of files. */
function contents(of: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const name of readdirSync(of, { recursive: true, encoding: 'utf8' }).sort()) {
    const entry = lstatSync(join(of, name));
    found.set(name, entry.isFile() ? readFileSync(join(of, name)).toString('base64') : 'no file');
  }
  return found;
}

/** What tells that a folder is as it was. */
function states(of: string): string[] {
  return readdirSync(of, { recursive: true, encoding: 'utf8' }).map((name) => {
    const { ino, size, mtimeMs } = lstatSync(join(of, name));
    return [name, ino, size, mtimeMs].join(' ');
  });
}

const absolute = (arg: string): string => arg.replace(/^@/, `${folder}/`);

const COMMANDS: Readonly<Record<string, Command>> = { run, record, model, bench, demo };

/**
 * Asserts that a command refuses its arguments, in which `@name` stands for a path in the folder, and has changed nothing
 * there. In this process: there are many such cases.
 */
async function refused([name, ...args]: readonly string[], message: RegExp): Promise<void> {
  const before = states(folder);
  const argv = args.map(absolute);
  await assert.rejects(COMMANDS[name!]!.run(argv), (error: unknown) => {
    assert.ok(error instanceof ExpectationError, String(error));
    assert.match(error.message, message, args.join(' '));
    return true;
  });
  assert.deepEqual(states(folder), before, args.join(' '));
}

async function succeeds(args: readonly string[]): Promise<CliResult> {
  const result = await cli(args.map(absolute), folder);
  assert.equal(result.code, 0, `${args.join(' ')}: ${result.stderr}`);
  return result;
}

describe('outputs', () => {
  before(async () => {
    const background = { r: 90, g: 90, b: 90 };
    mkdirSync(path('photos'));
    await sharp({ create: { width: 64, height: 64, channels: 3, background } })
      .jpeg()
      .toFile(path('keep.jpg'));
    copyFileSync(path('keep.jpg'), path('photos/a.jpg'));
    copyFileSync(path('keep.jpg'), path('photos/a_000000.jpg'));
    symlinkSync('keep.jpg', path('symbolic.jpg'));
    linkSync(path('keep.jpg'), path('hard.jpg'));
    copyFileSync(demoModel(), path('model.onnx'));
    writeFileSync(path('labels.txt'), ['a', 'b', 'c', 'd', 'e', 'f'].join('\n'));
    writeFileSync(path('heads.onnx'), tenHeads(64, 64, ['cat']));
    writeFileSync(path('stock.onnx'), stockModel());
    writeFileSync(path('report.json'), '{}');
    writeFileSync(path('precious'), 'precious');
    mkdirSync(path('full'));
    writeFileSync(path('full/precious'), 'precious');
  });

  it('never overwrite an input, under any of its names', async () => {
    const names = ['@keep.jpg', '@./photos/../keep.jpg', '@symbolic.jpg', '@hard.jpg'];
    for (const name of names) {
      for (const option of ['--json', '--mcap', '--overlay']) {
        await refused(
          ['run', '@keep.jpg', '-q', option, name, '--force'],
          /that is not an input but received/,
        );
      }
    }
    const inputs = ['run', '@photos', '--model', '@model.onnx', '--labels', '@labels.txt', '-q'];
    for (const name of ['@model.onnx', '@labels.txt', '@photos/a.jpg'])
      await refused([...inputs, '--force', '--json', name], /which is an input/);
    // The overlay of a.jpg would be called as the other picture is.
    await refused(['run', '@photos', '--overlay', '@photos', '-q', '--force'], /a\.jpg, which is the input/);
    await refused(['record', '@heads.onnx', '@keep.jpg', '-o', '@hard.jpg', '--force'], /which is an input/);
    await refused(
      ['record', '@heads.onnx', '@keep.jpg', '-o', '@heads.onnx', '--force'],
      /which is an input/,
    );
    await refused(['model', 'cut', '@stock.onnx', '-o', '@./stock.onnx', '--force'], /which is an input/);
    await refused(
      ['bench', '--compare', '@report.json', '--json', '@report.json', '--force'],
      /which is an input/,
    );
  });

  it('keep files that exist unless --force is given', async () => {
    const hint = /precious.*--force/;
    await refused(['run', ...TINY, '--json', '@precious'], hint);
    await refused(['run', ...TINY, '--mcap', '@full'], /full, which exists.*--force/);
    await refused(['record', '@heads.onnx', ...TINY.slice(0, -1), '-o', '@precious'], hint);
    await refused(['model', 'cut', '@stock.onnx', '-o', '@precious'], hint);
    await refused(['bench', 'letterbox', '--json', '@precious'], hint);
    // What is no bag is not thrown away even then.
    await refused(['run', ...TINY, '--mcap', '@full', '--force'], /new bag at .*full/);
  });

  it('in /dev/shm are regular files', async function () {
    if (!existsSync('/dev/shm')) this.skip();
    const shared = mkdtempSync('/dev/shm/tros-yolo-seg-');
    try {
      const file = join(shared, 'precious.json');
      writeFileSync(file, 'precious');
      await refused(['run', ...TINY, '--json', file], /new file for --json but received .*exists.*--force/);
      assert.equal(readFileSync(file, 'utf8'), 'precious');
    } finally {
      rmSync(shared, { recursive: true });
    }
  });

  it('are appended if standard output is a log that is appended to', () => {
    const log = path('log.jsonl');
    writeFileSync(log, 'before\n');
    const args = ['run', ...TINY, '--json', '/dev/stdout'];
    const command = ['-c', 'exec "$@" >>"$0"', log, process.execPath, ...scriptOf(args)];
    const { status, stderr } = spawnSync('sh', command, { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    assert.match(readFileSync(log, 'utf8'), /^before\n\{.*\}\n\{.*\}\n$/);
    const recording = ['record', path('heads.onnx'), ...TINY.slice(0, -1), '-o', '/dev/stdout'];
    const refusal = spawnSync('sh', [...command.slice(0, 4), ...scriptOf(recording)], { encoding: 'utf8' });
    assert.equal(refusal.status, 2);
    assert.match(refusal.stderr, /a new file at \/dev\/stdout but received one with other content/);
    assert.match(readFileSync(log, 'utf8'), /^before\n\{.*\}\n\{.*\}\n$/);
  });

  it('replace those of an earlier run with --force', async () => {
    const outputs = ['--json', '@x/x.jsonl', '--mcap', '@x/x.mcap', '--overlay', '@x/pictures'];
    const bag = ['--mcap', '@x/bag'];
    await succeeds(['run', ...TINY, ...outputs]);
    await succeeds(['run', ...TINY, ...bag]);
    for (const i of [0, 2, 4]) await refused(['run', ...TINY, ...outputs.slice(i, i + 2)], /exists.*--force/);
    await refused(['run', ...TINY, ...bag], /exists.*--force/);
    const [old] = [contents(path('x'))];
    await succeeds(['run', ...TINY, '--seed', '9', ...outputs, '--force']);
    await succeeds(['run', ...TINY, '--seed', '9', ...bag, '--force']);
    const fresh = contents(path('x'));
    assert.deepEqual([...fresh.keys()], [...old.keys()]);
    for (const [name, bytes] of fresh) {
      // metadata.yaml tells counts and times only.
      if (bytes !== 'no file' && !name.endsWith('.yaml')) assert.notEqual(bytes, old.get(name), name);
    }
    await succeeds(['record', 'heads.onnx', ...TINY.slice(0, -1), '-o', 'x/x.jsonl', '--force']);
    await succeeds(['model', 'cut', 'stock.onnx', '-o', 'x/x.mcap', '--force', '--no-proof']);
  });

  it('add to existing folders, and the demo replaces its own files', async () => {
    mkdirSync(path('there'));
    writeFileSync(path('there/precious'), 'precious');
    symlinkSync('precious', path('there/results.jsonl'));
    mkdirSync(path('bag'));
    await succeeds(['run', ...TINY, '--overlay', 'there', '--mcap', 'bag']);
    for (let i = 0; i < 2; i++) await succeeds(['demo', '--frames', '2', '--out', 'there']);
    const names = ['contact-sheet.jpg', 'precious', 'results.jsonl', 'results.mcap'];
    assert.deepEqual(readdirSync(path('there')).sort(), [...names, 'scene_000000.jpg', 'scene_000001.jpg']);
    assert.equal(readFileSync(path('there/precious'), 'utf8'), 'precious');
    assert.deepEqual(readdirSync(path('bag')).sort(), ['bag_0.mcap', 'metadata.yaml']);
  });

  it('from pictures with the same name in different folders do not overwrite each other', async () => {
    const inputs = ['photos/a.jpg', 'photos/a.jpg', 'photos/../photos/a.jpg'];
    await succeeds(['run', ...inputs, '--overlay', 'equal', '-q']);
    assert.deepEqual(readdirSync(path('equal')).sort(), ['a-2.jpg', 'a-3.jpg', 'a.jpg']);
  });

  it('do not become folders if a video, a picture or standard output was meant', async () => {
    for (const name of ['-', '@clip.mp4', '@clip.WEBM', '@new/clip.mkv', '@picture.jpg', '@found.json', '']) {
      await refused(['run', ...TINY, '--overlay', name], /for --overlay but received/);
      await refused(['run', ...TINY, '--mcap', name], /for --mcap but received/);
      await refused(['demo', '--out', name], /for --out but received/);
    }
    await refused(['run', ...TINY, '--mcap', '@bag.db3'], /NAME\.mcap/);
    await refused(['record', '@heads.onnx', 'scene:', '-o', '-'], /for --output but received -/);
    await refused(
      ['model', 'ptq', '@heads.onnx', '--march', 'bayes-e', '--images', '@photos', '-o', '-'],
      /received -/,
    );
    await succeeds(['run', ...TINY, '--overlay', 'clip.mp4/']);
    assert.ok(statSync(path('clip.mp4')).isDirectory());
  });

  it('are refused if two are the same, or one is within another', async () => {
    symlinkSync('.', path('self'));
    const cases: [string[], RegExp][] = [
      [['--json', '@same', '--mcap', '@./same'], /different names for --json and --mcap/],
      [['--overlay', '@same', '--mcap', '@self/same'], /different names for --mcap and --overlay/],
      [['--json', '@same', '--overlay', '@new/../same'], /different names for --json and --overlay/],
      [['--json', '@same.mcap', '--mcap', '@./same.mcap'], /different names/],
      [['--json', '@same/x.jsonl', '--mcap', '@same'], /--json outside of --mcap/],
      [['--json', '@same', '--overlay', '@same/x'], /--overlay outside of --json/],
    ];
    for (const [args, message] of cases) await refused(['run', ...TINY, ...args], message);
    await succeeds(['run', ...TINY, '--overlay', 'all', '--json', 'all/x.jsonl', '--mcap', 'all/x.mcap']);
  });

  it('get missing folders made', async () => {
    await succeeds(['record', 'heads.onnx', ...TINY.slice(0, -1), '-o', 'deep/down/x.bin']);
    await succeeds(['model', 'cut', 'stock.onnx', '-o', 'deep/too/x.onnx', '--no-proof']);
    assert.ok(existsSync(path('deep/down/x.bin')) && existsSync(path('deep/too/x.onnx')));
  });
});
