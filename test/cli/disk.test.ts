import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'mocha';
import { BagSource } from '../../src/message/bag/bag-source.js';
import { McapFile } from '../../src/message/bag/mcap-file.js';
import { isBadFrame } from '../../src/vision/picture/frame-source.js';
import { tenHeads } from '../engine/tiny-onnx.js';
import { stockModel } from '../model/onnx/stock-model.js';
import { describeUnless, itUnless } from '../skips.js';
import { temporaryFolder } from '../temporary-folder.js';
import { cli, type CliResult, MAIN, scriptOf } from './cli.js';

const NOBODY = 65534;
const noPosix = process.platform === 'win32' && 'Windows has no limit of the size of a file';
const noFull = !existsSync('/dev/full') && 'there is no /dev/full';
/** The user of a test of permissions: root has them all. */
const uid = process.getuid?.() === 0 ? NOBODY : undefined;
const noOtherUser =
  uid !== undefined &&
  spawnSync(process.execPath, [MAIN, '--version'], { uid, gid: uid }).status !== 0 &&
  'root has all permissions, and nobody else may read this checkout';

const root = temporaryFolder('disk');
chmodSync(root, 0o755);
writeFileSync(join(root, 'heads.onnx'), tenHeads(64, 64, ['cat']));
writeFileSync(join(root, 'stock.onnx'), stockModel());
let count = 0;
function newFolder(): string {
  const folder = join(root, String(count++));
  mkdirSync(folder);
  return folder;
}

const SCENE = ['scene:', '--frames', '20', '--size', '640x352'];

/** One error, in the shape of the house, that names the path. */
function assertTold({ stderr }: CliResult, path: RegExp): void {
  const errors = stderr.split('\n').filter((line) => line.includes('Expected'));
  assert.equal(errors.length, 1, stderr);
  assert.match(errors[0]!, new RegExp(`^tros-yolo-seg: Expected [^:]*${path.source}.* but received .*\\.$`));
  assert.doesNotMatch(stderr, / {4}at /);
}

describeUnless(noPosix, 'a full disk', () => {
  it('ends run with complete JSON lines', async () => {
    const folder = newFolder();
    const result = await cli(['run', ...SCENE, '--json', 'x.jsonl'], folder, {}, { blocks: 40 });
    assert.equal(result.code, 1, result.stderr);
    assertTold(result, /room for x\.jsonl/);
    const text = readFileSync(join(folder, 'x.jsonl'), 'utf8');
    assert.ok(text.endsWith('\n') && text.length <= 40 * 512);
    const frames = text.trimEnd().split('\n');
    frames.forEach((line) => JSON.parse(line) as unknown);
    assert.ok(frames.length >= 1 && frames.length < 20);
    // The summary counts the frame that found no room.
    assert.match(result.stderr, new RegExp(`^scene: +${frames.length + 1} `, 'm'));
  });

  it('ends run with results of COCO and a table that are complete up to that point', async () => {
    const folder = newFolder();
    for (const [option, file, lines] of [
      ['--coco', 'x.json', (text: string) => (JSON.parse(text) as unknown[]).length],
      ['--csv', 'x.csv', (text: string) => (text.endsWith('\n') ? text.split('\n').length : 0)],
    ] as const) {
      const blocks = option === '--coco' ? 40 : 4;
      const result = await cli(['run', ...SCENE, option, file], folder, {}, { blocks });
      assert.equal(result.code, 1, result.stderr);
      assertTold(result, new RegExp(`room for ${file}`));
      const text = readFileSync(join(folder, file), 'utf8');
      assert.ok(text.length <= 512 * blocks && !text.includes('\0'), file);
      assert.ok(lines(text) > 1, file);
    }
  });

  it('ends run with a bag that is readable up to that point, and closes the other outputs', async () => {
    const folder = newFolder();
    const outputs = ['--mcap', 'x.mcap', '--mcap-images', '--json', 'x.jsonl'];
    const result = await cli(['run', ...SCENE, ...outputs], folder, {}, { blocks: 8000 });
    assert.equal(result.code, 1, result.stderr);
    assertTold(result, /room for the bag x\.mcap/);
    let frames = 0;
    for await (const item of (await BagSource.open(join(folder, 'x.mcap'))).frames()) {
      if (!isBadFrame(item)) frames++;
    }
    const lines = readFileSync(join(folder, 'x.jsonl'), 'utf8').trimEnd().split('\n').length;
    assert.ok(frames >= 4 && lines > frames && lines < 20, `${frames} frames, ${lines} lines`);
  });

  it('leaves no bag that could not be started, and claims nothing about one without messages', async () => {
    const folder = newFolder();
    mkdirSync(join(folder, 'empty'));
    for (const bag of ['x.mcap', 'bag', 'empty']) {
      const result = await cli(['run', ...SCENE, '--mcap', bag], folder, {}, { blocks: 0 });
      assert.equal(result.code, 2, result.stderr);
      assert.match(result.stderr, /^tros-yolo-seg: Expected room for the bag \S+ but received EFBIG.*\n$/);
      assert.doesNotMatch(result.stderr, /can be read| {4}at /);
      assert.deepEqual(
        readdirSync(folder).filter((name) => name !== 'empty'),
        [],
      );
    }
    const result = await cli(['run', ...SCENE, '--mcap', 'x.mcap'], folder, {}, { blocks: 1 });
    assert.equal(result.code, 1, result.stderr);
    assertTold(result, /room for the bag x\.mcap/);
    assert.doesNotMatch(result.stderr, /can be read/);
  });

  it('leaves no partial picture', async () => {
    const folder = newFolder();
    const result = await cli(['run', ...SCENE, '--overlay', 'x'], folder, {}, { blocks: 10 });
    assert.equal(result.code, 1, result.stderr);
    assertTold(result, /room for x\/scene_000000\.jpg/);
    assert.deepEqual(readdirSync(join(folder, 'x')), []);
    const demo = await cli(['demo', '--frames', '2'], folder, {}, { blocks: 60 });
    assert.notEqual(demo.code, 0);
    assertTold(demo, /room for .*out\//);
    assert.ok(!existsSync(join(folder, 'out/contact-sheet.jpg')));
    assert.ok(readdirSync(join(folder, 'out')).every((name) => !name.endsWith('.part')));
  });

  it('leaves no partial model, and keeps the existing one', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'x'), 'before');
    const recorded = await cli(
      ['record', '../heads.onnx', 'scene:', '--size', '64x64', '-o', 'x', '--force'],
      folder,
      {},
      { blocks: 200 },
    );
    const cut = await cli(['model', 'cut', '../stock.onnx', '-o', 'x', '--force'], folder, {}, { blocks: 2 });
    for (const result of [recorded, cut]) {
      assert.equal(result.code, 2, result.stderr);
      assertTold(result, /room for x/);
    }
    assert.deepEqual(readdirSync(folder), ['x']);
    assert.equal(readFileSync(join(folder, 'x'), 'utf8'), 'before');
  });

  itUnless(noFull, 'is reported if standard output is redirected to it', async () => {
    const folder = newFolder();
    const shell = (...args: string[]): { status: number | null; stderr: string } => {
      const command = ['-c', 'exec "$@" >/dev/full', 'sh', process.execPath, ...scriptOf(args)];
      return spawnSync('sh', command, { cwd: folder, encoding: 'utf8' });
    };
    const run = shell('run', ...SCENE, '--json', '-', '--mcap', 'x.mcap');
    assert.equal(run.status, 1, run.stderr);
    assertTold({ code: 1, stdout: '', stderr: run.stderr }, /room for standard output/);
    assert.equal((await McapFile.open(join(folder, 'x.mcap'))).damage, undefined);
    const demo = shell('demo', '--frames', '2');
    assert.equal(demo.status, 1, demo.stderr);
    assertTold({ code: 1, stdout: '', stderr: demo.stderr }, /room for standard output/);
    assert.equal((await McapFile.open(join(folder, 'out/results.mcap'))).damage, undefined);
    const help = shell('--help');
    assert.equal(help.status, 2);
    assertTold({ code: 2, stdout: '', stderr: help.stderr }, /room for standard output/);
  });

  itUnless(noFull, 'is reported for a device, which stays a device', async () => {
    const folder = newFolder();
    const commands = [
      ['run', ...SCENE, '--json', '/dev/full'],
      ['record', '../heads.onnx', 'scene:', '--size', '64x64', '-o', '/dev/full'],
      ['model', 'cut', '../stock.onnx', '-o', '/dev/full'],
    ];
    for (const args of commands) {
      const result = await cli(args, folder);
      assert.notEqual(result.code, 0, args.join(' '));
      assertTold(result, /room for \/dev\/full/);
      assert.ok(statSync('/dev/full').isCharacterDevice());
    }
  });
});

describeUnless(noOtherUser, 'a folder without write permission', () => {
  let folder: string;
  before(() => {
    folder = newFolder();
    writeFileSync(join(folder, 'file'), 'kept');
    chmodSync(join(folder, 'file'), 0o444);
    chmodSync(folder, 0o555);
  });

  const commands = [
    ['run', ...SCENE, '--json', 'x'],
    ['run', ...SCENE, '--json', 'file', '--force'],
    ['run', ...SCENE, '--mcap', 'x.mcap'],
    ['run', ...SCENE, '--overlay', 'x'],
    ['run', ...SCENE, '--overlay', '.'],
    ['demo'],
    ['record', '../heads.onnx', 'scene:', '--size', '64x64', '-o', 'x'],
    ['model', 'cut', '../stock.onnx', '-o', 'x'],
    ['bench', 'letterbox', '--quick', '--json', 'x'],
  ];
  for (const args of commands) {
    it(`is reported before any work is done: ${args[0]} … ${args.slice(-2).join(' ')}`, async () => {
      const options = uid === undefined ? {} : { uid };
      const result = await cli(args, folder, { XDG_CACHE_HOME: folder }, options);
      assert.equal(result.code, 2, result.stderr);
      assertTold(result, /permission to write/);
      assert.doesNotMatch(result.stderr, /frames\/s/);
      assert.deepEqual(readdirSync(folder), ['file']);
    });
  }
});

describe('a folder that cannot be made', () => {
  itUnless(!existsSync('/proc/self') && 'there is no /proc', 'is reported at once', async () => {
    const nowhere = { XDG_CACHE_HOME: '/proc/nowhere' };
    const folder = newFolder();
    const cached = await cli(['run', ...SCENE, '--model', '../stock.onnx'], folder, nowhere);
    assert.equal(cached.code, 2);
    assertTold(cached, /a cache folder for the cut model/);
    mkdirSync(join(folder, 'photos'));
    writeFileSync(join(folder, 'photos/a.jpg'), 'never read');
    await cli(['model', 'cut', '../stock.onnx', '-o', 'rdk.onnx', '--opset', '11', '--no-proof'], folder);
    const commands = [
      ['model', 'ptq', 'rdk.onnx', '--march', 'bayes-e', '--images', 'photos', '-o', '/proc/nowhere/x'],
      ['model', 'cut', '../stock.onnx', '-o', '/proc/nowhere/x'],
      ['record', '../heads.onnx', ...SCENE, '-o', '/proc/nowhere/x'],
      ['run', ...SCENE, '--mcap', '/proc/nowhere/x'],
      ['demo', '--out', '/proc/nowhere/x'],
    ];
    for (const args of commands) {
      const result = await cli(args, folder);
      assert.equal(result.code, 2, `${args.join(' ')}: ${result.stderr}`);
      assertTold(result, /a place to write to at \/proc\/nowhere/);
    }
  });
});

describeUnless(noOtherUser, 'folders without read permission', () => {
  it('are reported without a stack trace', async () => {
    const folder = newFolder();
    for (const name of ['in', 'out']) mkdirSync(join(folder, name), { mode: 0o333 });
    // Beside umask.
    for (const name of ['in', 'out']) chmodSync(join(folder, name), 0o333);
    const options = uid === undefined ? {} : { uid };
    const input = await cli(['run', 'in', '--json', '-'], folder, {}, options);
    assert.equal(input.code, 2, input.stderr);
    assert.match(input.stderr, /^in: Expected a folder that may be listed but received EACCES.*$/m);
    const outputs = [
      ['--mcap', 'out'],
      ['--mcap', 'out', '--force'],
      ['--overlay', 'out'],
    ];
    for (const output of outputs) {
      const result = await cli(['run', ...SCENE, ...output], folder, {}, options);
      assert.equal(result.code, 2, result.stderr);
      assertTold(result, /(a new bag for --mcap|permission to write out)/);
    }
    assert.doesNotMatch(input.stderr, / {4}at /);
    for (const name of ['in', 'out']) chmodSync(join(folder, name), 0o755);
  });
});
