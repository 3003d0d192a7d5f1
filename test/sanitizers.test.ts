import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { repository } from './data.js';

const skip = process.env['CI'] ? false : 'a minute of work: set CI=1, or run scripts/asan.sh';

describe('the addon under sanitizers', { skip }, () => {
  it('passes its tests with AddressSanitizer and UndefinedBehaviorSanitizer, and leaks nothing', () => {
    // The tests in there must not take themselves for part of this run and report in its format.
    const env = { ...process.env };
    delete env['NODE_TEST_CONTEXT'];
    const script = join(repository, 'scripts/asan.sh');
    const { status, stdout, stderr } = spawnSync('bash', [script], { encoding: 'utf8', env });
    assert.equal(status, 0, `${stdout}${stderr}`);
  });
});
