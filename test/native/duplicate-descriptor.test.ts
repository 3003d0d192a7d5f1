import assert from 'node:assert/strict';
import { closeSync, openSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { duplicateDescriptor } from '../../src/native/duplicate-descriptor.js';
import { temporaryFolder } from '../temporary-folder.js';

describe('duplicateDescriptor', () => {
  const folder = temporaryFolder('descriptors');

  it('makes one that stays open when the first is closed', () => {
    const file = join(folder, 'file');
    writeFileSync(file, 'abc');
    const first = openSync(file, 'r');
    const second = duplicateDescriptor(first);
    closeSync(first);
    const bytes = Buffer.alloc(3);
    assert.equal(readSync(second, bytes), 3);
    assert.equal(bytes.toString(), 'abc');
    closeSync(second);
  });

  it('refuses what is not open, or no number of a descriptor', () => {
    assert.throws(
      () => duplicateDescriptor(2 ** 30),
      /Expected a descriptor that can be duplicated.*Bad file/s,
    );
    for (const wrong of [-1, 1.5, NaN, 2 ** 31, '3', undefined])
      assert.throws(() => duplicateDescriptor(wrong as number), TypeError, String(wrong));
  });
});
