import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'mocha';
import { packageRoot } from '../../src/base/package-root.js';
import { temporaryFolder } from '../temporary-folder.js';

describe('start script', () => {
  // Colcon workspaces may have spaces in their names.
  const prefix = temporaryFolder('start here');
  let script: string;

  before(() => {
    const app = join(prefix, 'lib/node_modules/tros-yolo-seg');
    mkdirSync(join(app, 'dist/src/node/segment'), { recursive: true });
    writeFileSync(join(app, 'package.json'), '{"type":"module"}');
    writeFileSync(
      join(app, 'dist/src/node/segment/segment.js'),
      `const { MALLOC_MMAP_THRESHOLD_, MALLOC_TRIM_THRESHOLD_ } = process.env;
      console.log(JSON.stringify({ argv: process.argv.slice(2), pid: process.pid, MALLOC_MMAP_THRESHOLD_, MALLOC_TRIM_THRESHOLD_ }));`,
    );
    mkdirSync(join(prefix, 'lib/tros_yolo_seg'));
    script = join(prefix, 'lib/tros_yolo_seg/segment');
    writeScript(script, process.execPath);
  });

  function writeScript(path: string, node: string): void {
    const text = readFileSync(join(packageRoot, 'cmake/start.sh.in'), 'utf8')
      .replaceAll('@NAME@', 'segment')
      .replaceAll('@ENTRY@', 'node/segment/segment')
      .replaceAll('@NODE_WANTED@', '20.20, 22.12 or newer')
      .replaceAll('@NODE_EXECUTABLE@', node);
    assert.doesNotMatch(text, /@[A-Z_]+@/);
    writeFileSync(path, text);
    chmodSync(path, 0o755);
  }

  /** A `node` that only tells a version. */
  function pretend(version: string): string {
    const file = join(prefix, `node-${version}`);
    writeFileSync(file, `#!/bin/sh\necho ${version}\n`);
    chmodSync(file, 0o755);
    return file;
  }

  function start(path: string, args: string[] = [], environment: Record<string, string> = {}) {
    return spawnSync(path, args, {
      encoding: 'utf8',
      cwd: '/',
      env: { PATH: '/usr/bin:/bin', ...environment },
    });
  }

  it('passes on its arguments and its process id, and sets the thresholds of malloc', () => {
    const args = ['--ros-args', '-r', '__ns:=/a b', ''];
    const run = start(script, args);
    assert.equal(run.stderr, '');
    assert.deepEqual(JSON.parse(run.stdout), {
      argv: args,
      pid: run.pid,
      MALLOC_MMAP_THRESHOLD_: '33554432',
      MALLOC_TRIM_THRESHOLD_: '268435456',
    });
  });

  it('keeps thresholds that are set', () => {
    const started = JSON.parse(start(script, [], { MALLOC_MMAP_THRESHOLD_: '1000000' }).stdout) as Record<
      string,
      string
    >;
    assert.equal(started['MALLOC_MMAP_THRESHOLD_'], '1000000');
  });

  it('works through links, also those of --symlink-install', () => {
    const elsewhere = join(prefix, 'build');
    mkdirSync(elsewhere);
    writeScript(join(elsewhere, 'segment'), process.execPath);
    const installed = join(prefix, 'lib/tros_yolo_seg/linked');
    symlinkSync(join(elsewhere, 'segment'), installed);
    symlinkSync('../lib/tros_yolo_seg/linked', join(elsewhere, 'mine'));
    for (const path of [installed, join(elsewhere, 'mine')]) assert.equal(start(path).status, 0, path);
  });

  it('reports a missing program', () => {
    const run = start(join(prefix, 'build/segment'));
    assert.equal(run.status, 1);
    assert.match(run.stderr, /^Expected the program of tros_yolo_seg in .* but it is not there/);
  });

  it('uses the given Node.js, else that on the PATH, else that of the build, and refuses old ones', () => {
    for (const version of ['v20.20.0', 'v22.12.0', 'v24.1.0']) {
      assert.equal(start(script, [], { TROS_YOLO_SEG_NODE: pretend(version) }).stdout, `${version}\n`);
    }
    for (const version of ['v12.22.9', 'v18.19.1', 'v20.11.0', 'v21.7.3', 'v22.11.0']) {
      const run = start(script, [], { TROS_YOLO_SEG_NODE: pretend(version) });
      assert.equal(run.status, 1);
      assert.match(run.stderr, /^Expected Node.js 20.20, 22.12 or newer but found .*node-v/);
      assert.ok(run.stderr.includes(version.slice(1)));
    }
    assert.match(
      start(script, [], { TROS_YOLO_SEG_NODE: '/no/such' }).stderr,
      /found \/no\/such, which does not run/,
    );

    const old = join(prefix, 'old');
    mkdirSync(old);
    symlinkSync(pretend('v12.0.0'), join(old, 'node'));
    const fallback = join(prefix, 'lib/tros_yolo_seg/fallback');
    writeScript(fallback, pretend('v23.0.0'));
    assert.equal(start(fallback, [], { PATH: `${old}:/usr/bin:/bin` }).stdout, 'v23.0.0\n');

    // What a Debian package has brought along goes before all but the one that is named.
    const bundled = join(prefix, 'lib/node_modules/tros-yolo-seg/bin');
    mkdirSync(bundled);
    renameSync(pretend('v22.23.3'), join(bundled, 'node'));
    assert.equal(start(script).stdout, 'v22.23.3\n');
    assert.equal(start(script, [], { TROS_YOLO_SEG_NODE: pretend('v24.1.0') }).stdout, 'v24.1.0\n');
  });
});
