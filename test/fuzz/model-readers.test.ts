import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { temporaryFolder } from '../temporary-folder.js';
import { fuzzModelReaders } from './model-readers.js';
import { mutate, randomNumbers } from './mutate.js';

describe('damaged models', () => {
  it('are read or refused, with no other outcome', () => {
    const { files, read } = fuzzModelReaders(temporaryFolder('fuzz'), 1, (file) => file < 600);
    assert.equal(files, 600);
    // Both ends are reached: changes that do no harm, and those that do.
    assert.ok(read > 10 && read < 590, `${read} read`);
  });

  it('are reproducible by their seed', () => {
    const source = Buffer.from('a file of a few dozen bytes, all of them in danger');
    assert.deepEqual(mutate(source, randomNumbers(5)), mutate(source, randomNumbers(5)));
    assert.notDeepEqual(mutate(source, randomNumbers(5)), mutate(source, randomNumbers(6)));
  });
});
