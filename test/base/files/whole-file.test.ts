import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  mkdirSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { isDevice } from '../../../src/base/files/device.js';
import {
  discardParts,
  sweepParts,
  touchParts,
  WholeFile,
  writeWhole,
  writeWholeSync,
} from '../../../src/base/files/whole-file.js';
import { itUnless } from '../../skips.js';
import { temporaryFolder } from '../../temporary-folder.js';

const noShm = !existsSync('/dev/shm') && 'there is no /dev/shm';
const noFull = process.platform === 'linux' ? false : '/dev/full is of Linux';

describe('files that are written completely or not at all', () => {
  const root = temporaryFolder('whole');
  let count = 0;
  const newFolder = (): string => {
    const folder = join(root, String(count++));
    mkdirSync(folder);
    return folder;
  };

  it('appear under their name when they are complete; until then the old file stays', () => {
    const path = join(newFolder(), 'x');
    writeFileSync(path, 'old');
    const file = new WholeFile(path);
    writeFileSync(file.part, 'new');
    assert.equal(readFileSync(path, 'utf8'), 'old');
    file.finish();
    file.discard();
    assert.equal(readFileSync(path, 'utf8'), 'new');
    assert.deepEqual(readdirSync(join(path, '..')), ['x']);
  });

  it('leave nothing behind when they are abandoned', async () => {
    const folder = newFolder();
    const file = new WholeFile(join(folder, 'x'));
    writeFileSync(file.part, 'half');
    file.discard();
    assert.deepEqual(readdirSync(folder), []);
    const other = new WholeFile(join(folder, 'y'));
    writeFileSync(other.part, 'half');
    discardParts();
    assert.deepEqual(readdirSync(folder), []);
    await assert.rejects(writeWhole(join(folder, 'absent/z'), 'z'), /absent\/z but received ENOENT/);
    assert.throws(
      () => writeWholeSync(folder, 'z'),
      new RegExp(`file to write at ${folder} but received EISDIR`),
    );
    assert.deepEqual(readdirSync(folder), []);
  });

  it('replace an existing file only if that is allowed', async () => {
    const folder = newFolder();
    const path = join(folder, 'x');
    await writeWhole(path, 'first', false);
    await assert.rejects(writeWhole(path, 'second', false), /new file at .*x but received EEXIST.*--force/);
    assert.equal(readFileSync(path, 'utf8'), 'first');
    assert.deepEqual(readdirSync(folder), ['x']);
    await writeWhole(path, 'second');
    assert.equal(readFileSync(path, 'utf8'), 'second');
  });

  it('are written to the target of a symbolic link, and leave hard links to the old file alone', async () => {
    const folder = newFolder();
    const [real, link, twin] = ['real', 'link', 'twin'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(real, 'old');
    symlinkSync(real, link);
    linkSync(real, twin);
    await writeWhole(link, 'new');
    assert.equal(readFileSync(real, 'utf8'), 'new');
    assert.equal(readFileSync(twin, 'utf8'), 'old');
    assert.deepEqual(readdirSync(folder).sort(), ['link', 'real', 'twin']);
  });

  itUnless(noFull, 'never replace a device', async () => {
    await assert.rejects(writeWhole('/dev/full', 'x'), /room for \/dev\/full but received ENOSPC/);
    await writeWhole('/dev/null', 'x');
    assert.ok(statSync('/dev/full').isCharacterDevice() && statSync('/dev/null').isCharacterDevice());
  });

  it('have temporary names of their own, even beside processes with the same id', async () => {
    const folder = newFolder();
    // The module once more: its counters, if it has any, begin again, as those of the first process of another container.
    const module = new URL('../../../src/base/files/whole-file.js?again', import.meta.url).href;
    const again = (await import(module)) as { WholeFile: typeof WholeFile };
    const [one, other] = [new WholeFile(join(folder, 'x')), new again.WholeFile(join(folder, 'x'))];
    assert.notEqual(one.part, other.part);
    writeFileSync(one.part, 'one', { flag: one.flag });
    assert.throws(() => writeFileSync(one.part, 'other', { flag: one.flag }), /EEXIST/);
    one.discard();
  });

  itUnless(noFull, 'are appended if standard output is a log that is appended to', () => {
    const log = join(newFolder(), 'log');
    writeFileSync(log, 'before\n');
    const module = new URL('../../../src/base/files/whole-file.js', import.meta.url).href;
    const script = `import { writeWhole, writeWholeSync } from '${module}';
      await writeWhole('/dev/stdout', 'one\\n');
      writeWholeSync('/dev/fd/1', 'two\\n');`;
    const command = ['-c', 'exec "$@" >>"$0"', log, process.execPath, '--input-type=module', '-e', script];
    const { status, stderr } = spawnSync('sh', command, { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    assert.equal(readFileSync(log, 'utf8'), 'before\none\ntwo\n');
  });

  itUnless(noShm, 'treat files in /dev/shm as regular files', () => {
    const folder = mkdtempSync('/dev/shm/tros-yolo-seg-');
    try {
      const path = join(folder, 'x');
      writeFileSync(path, 'precious');
      assert.equal(isDevice(path), false);
      assert.equal(isDevice('/dev/null'), true);
      assert.throws(() => writeWholeSync(path, 'new', false), /EEXIST/);
      assert.equal(readFileSync(path, 'utf8'), 'precious');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('remove what killed processes left behind, and nothing else', () => {
    const folder = newFolder();
    const left = [
      ...['.tros-yolo-seg-1-0.part', '.tros-yolo-seg-1e4a-b2.part'],
      ...['other.part', 'model.onnx'],
    ];
    for (const name of left) writeFileSync(join(folder, name), '');
    for (const name of left.slice(1)) utimesSync(join(folder, name), 1000, 1000);
    sweepParts(folder);
    assert.deepEqual(readdirSync(folder).sort(), [left[0], left[3], left[2]].sort());
  });

  it('remove what killed processes left beside them, but not what others still write', () => {
    const folder = newFolder();
    const left = join(folder, '.tros-yolo-seg-1e4a-b2.part');
    writeFileSync(left, '');
    utimesSync(left, 1000, 1000);
    const file = new WholeFile(join(folder, 'video.mp4'));
    assert.ok(!existsSync(left), 'left by a killed process');
    writeFileSync(file.part, 'half');
    utimesSync(file.part, 1000, 1000);
    // The folder once more, as another process sees it, whose files these are not.
    const look = `import { sweepParts } from '${new URL('../../../src/base/files/whole-file.js', import.meta.url).href}'; sweepParts('${folder}');`;
    const other = (): unknown => spawnSync(process.execPath, ['--input-type=module', '-e', look]).status;
    sweepParts(folder);
    assert.equal(other(), 0);
    assert.ok(existsSync(file.part), 'its process runs, though the clock may have been set');
    const foreign = join(folder, '.tros-yolo-seg-1e4a-b3.part');
    renameSync(file.part, foreign);
    writeFileSync(file.part, 'half');
    assert.equal(other(), 0);
    assert.ok(!existsSync(foreign), 'its process is not known');
    utimesSync(file.part, 1000, 1000);
    touchParts();
    assert.ok(statSync(file.part).mtimeMs > Date.now() - 60_000, 'for processes of other containers');
    file.discard();
    assert.deepEqual(readdirSync(folder), []);
  });

  it('remove parts of processes that have ended, and go on after one that cannot be removed', () => {
    const folder = newFolder();
    const { pid } = spawnSync('true');
    const uuid = '01234567-89ab-cdef-0123-456789abcdef';
    const stays = [`.tros-yolo-seg-p${process.ppid}-${uuid}.part`, '.tros-yolo-seg-0-0.part'];
    const goes = [`.tros-yolo-seg-p${pid}-${uuid}.part`, `.tros-yolo-seg-p${process.pid}-${uuid}.part`];
    mkdirSync(join(folder, stays[1]!));
    for (const name of [stays[0]!, ...goes]) writeFileSync(join(folder, name), '');
    for (const name of readdirSync(folder)) utimesSync(join(folder, name), 1000, 1000);
    sweepParts(folder);
    assert.deepEqual(readdirSync(folder).sort(), [...stays].sort());
  });
});
