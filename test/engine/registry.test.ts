import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { packageRoot } from '../../src/base/package-root.js';
import { ENGINES, openEngine } from '../../src/engine/registry.js';
import { SEGMENT_PARAMETERS } from '../../src/parameters/segment.js';

describe('the table of engines', () => {
  it('has the values of parameter engine that users rely on', () => {
    assert.deepEqual(ENGINES, ['auto', 'onnx', 'bpu']);
    assert.equal(SEGMENT_PARAMETERS.engine.choices, ENGINES);
  });

  it('has a folder and the conformance suite for each engine', () => {
    for (const engine of ENGINES.slice(1)) {
      assert.ok(readdirSync(join(packageRoot, 'src/engine', engine)).length > 0, engine);
      const folder = join(packageRoot, 'test/engine', engine);
      const tests = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
      assert.ok(
        tests.some((text) => text.includes("from '../conformance.js'")),
        engine,
      );
    }
  });

  it('chooses an engine by the file extension, in any case, unless one is given', async () => {
    const refusal = async (file: string, engine: (typeof ENGINES)[number] = 'auto'): Promise<string> => {
      try {
        await openEngine(file, { engine, library: '/nowhere/libdnn.so' });
      } catch (error) {
        return (error as Error).message;
      }
      return assert.fail(`${file} was opened`);
    };
    for (const file of ['/nowhere/a.bin', '/nowhere/A.BIN']) {
      assert.match(await refusal(file), /libdnn/, file);
    }
    for (const file of ['/nowhere/a.onnx', '/nowhere/a', '/nowhere/a.bin.txt']) {
      assert.doesNotMatch(await refusal(file), /libdnn/, file);
    }
    assert.match(await refusal('/nowhere/a.onnx', 'bpu'), /libdnn/);
    assert.doesNotMatch(await refusal('/nowhere/a.bin', 'onnx'), /libdnn/);
  });
});
