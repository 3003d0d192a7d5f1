import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { repository } from '../data.js';
import { temporaryFolder } from '../temporary-folder.js';

const RUN = join(repository, 'dist/test/fuzz/run.js');

describe('the addon', () => {
  const folder = temporaryFolder('fuzz');
  const run = (...options: string[]) =>
    spawnSync(process.execPath, [RUN, ...options, '--findings', folder], { encoding: 'utf8' });

  it('throws TypeErrors for invalid arguments, and continues', () => {
    const { status, stdout, stderr } = run('addon', '--inputs', '300');
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^addon: 300 inputs of seed 1 in \d+ s, 300 read, .* no finding\n$/);
    assert.deepEqual(readdirSync(folder), []);
  });
});
