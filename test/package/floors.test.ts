import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { packageRoot } from '../../src/base/package-root.js';

interface Floors {
  readonly FLOORS: readonly string[];
  readonly VISION: readonly string[];
}

describe('.dependency-cruiser.mjs', () => {
  const entries = (path: string, folders: boolean): string[] =>
    readdirSync(join(packageRoot, path), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() === folders)
      .map(({ name }) => name);

  // Its rules see imports only: a file without any, and a folder that is not listed, would escape them.
  it('lists every folder of src/ and src/vision/, and no file lies beside these', async () => {
    const { FLOORS, VISION } = (await import(join(packageRoot, '.dependency-cruiser.mjs'))) as Floors;
    assert.deepEqual(
      entries('src', true).filter((name) => !FLOORS.includes(name)),
      [],
    );
    assert.deepEqual(
      entries('src/vision', true).filter((name) => !VISION.includes(name)),
      [],
    );
    assert.deepEqual(entries('src', false), ['index.ts']);
    assert.deepEqual(entries('src/vision', false), []);
  });
});
