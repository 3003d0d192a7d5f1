import assert from 'node:assert/strict';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { ExpectationError } from '../../../src/base/expect.js';
import { makeFolder } from '../../../src/base/files/folder.js';
import { itUnless } from '../../skips.js';
import { temporaryFolder } from '../../temporary-folder.js';

describe('makeFolder', () => {
  const folder = temporaryFolder('folder');
  const path = (name: string): string => join(folder, name);

  it('makes missing folders, and accepts existing ones', () => {
    makeFolder(path('a/b/c'));
    makeFolder(path('a/b/c'));
    assert.ok(existsSync(path('a/b/c')));
    mkdirSync(path('real'));
    symlinkSync(path('real'), path('link'));
    makeFolder(path('link/below'));
    assert.ok(existsSync(path('real/below')));
  });

  it('reports a file in its place or above it', () => {
    writeFileSync(path('file'), '');
    symlinkSync(path('nowhere'), path('dangling'));
    for (const name of ['file', 'file/below', 'file/far/below', 'dangling', 'dangling/below']) {
      assert.throws(() => makeFolder(path(name)), ExpectationError, name);
      assert.throws(() => makeFolder(path(name)), new RegExp(`write to at ${path(name)} but received`), name);
    }
  });

  itUnless(
    !existsSync('/proc/self') && 'there is no /proc',
    'comes back from a file system that refuses',
    () => {
      assert.throws(() => makeFolder('/proc/nowhere/below'), /write to at \/proc\/nowhere\/below/);
    },
  );
});
