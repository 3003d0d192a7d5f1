import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe } from 'mocha';
import { itUnless } from './skips.js';
import { temporaryFolder } from './temporary-folder.js';

const LOADED = fileURLToPath(new URL('./rejections.js', import.meta.url));
const MOCHA = createRequire(import.meta.url).resolve('mocha/bin/mocha.js');
const TEST = `
  describe('a suite', () => {
    it('loses a promise, and ends', () => {
      Promise.reject(new Error('nobody heard of it'));
    });
    it('loses a promise, and goes on', async () => {
      Promise.reject(new Error('nobody heard of it'));
      await new Promise((resolve) => setTimeout(resolve, 1));
    });
  });
`;

/** The first test is given up, and ends before the second loses its promise, which ends then. */
const GIVEN_UP = `
  const { EventEmitter, once } = require('node:events');
  const steps = new EventEmitter();
  describe('a suite', () => {
    it('hangs', async function () {
      this.timeout(20);
      await once(steps, 'next');
      setImmediate(() => setImmediate(() => steps.emit('ended')));
    });
    it('loses a promise', async () => {
      const ended = once(steps, 'ended');
      steps.emit('next');
      await ended;
      Promise.reject(new Error('nobody heard of it'));
      await new Promise((resolve) => setTimeout(resolve, 1));
    });
  });
`;

describe('a promise that a test leaves rejected', () => {
  const folder = temporaryFolder('rejections');
  // Of two processes, one runs several of these files.
  const files = ['one', 'two', 'three'].map((name) => join(folder, `${name}.cjs`));
  const run = (test: string, ...options: string[]): { status: number | null; stdout: string } => {
    for (const file of files) writeFileSync(file, test);
    const { status, stdout } = spawnSync(
      process.execPath,
      [MOCHA, '--no-config', '--no-color', ...options, ...files],
      {
        encoding: 'utf8',
      },
    );
    return { status, stdout };
  };

  // mocha alone, without the script, does not load what this is about.
  const without = process.env['TROS_YOLO_SEG_TALLY'] === undefined && 'scripts/test.mjs does not run it';

  itUnless(without, 'fails it, in each process of mocha, and in each file', () => {
    const listeners = process.listeners('unhandledRejection').map(({ name }) => name);
    assert.ok(listeners.includes('failOnRejection'), `these listeners: ${listeners.join(', ') || 'none'}`);
    for (const parallel of [[], ['--parallel', '--jobs', '2']]) {
      const { status, stdout } = run(TEST, '--require', LOADED, ...parallel);
      assert.notEqual(status, 0, stdout);
      for (const file of files)
        assert.match(stdout, new RegExp(`nobody heard of it\\s+at .*${basename(file)}`), file);
      assert.match(stdout, /^ {2}0 passing .*\n {2}6 failing$/m);
    }
    // What the test relies on: mocha alone does not notice.
    assert.equal(run(TEST).status, 0);
  });

  itUnless(without, 'fails it once, although a test that was given up ends while it runs', () => {
    const { stdout } = run(GIVEN_UP, '--require', LOADED);
    assert.match(stdout, /^ {2}0 passing .*\n {2}6 failing$/m);
    assert.doesNotMatch(stdout, /multiple times/);
  });
});
