import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import * as library from 'tros-yolo-seg';
import { repository } from '../data.js';

describe('the package as a library', () => {
  it('does what its README shows', async () => {
    // As the example has it; what it prints is looked at.
    const { demoModel, isResult, OnnxEngine, openInputs, Segmenter } = library;
    const counts: number[] = [];
    const engine = await OnnxEngine.open({ file: demoModel() });
    const segmenter = new Segmenter(engine, { score: 0.4 });
    const { sources } = await openInputs(['scene:?frames=10']);
    for await (const result of segmenter.segment(sources[0]!.frames())) {
      if (isResult(result)) counts.push(result.segmentation.instances.length);
    }
    await engine.close();
    assert.equal(counts.length, 10);
    assert.ok(
      counts.every((count) => count > 0),
      counts.join(),
    );
  });

  it('exports what its README imports', () => {
    const readme = readFileSync(join(repository, 'README.md'), 'utf8');
    const imports = [...readme.matchAll(/^import \{(.*)\} from 'tros-yolo-seg';$/gm)];
    assert.ok(imports.length > 0);
    for (const [, names] of imports) {
      for (const name of names!.split(',')) assert.ok(name.trim() in library, name);
    }
  });

  it('decodes heads, encodes masks and reads frames without an engine', () => {
    const { chooseLabels, decodeRle, ExpectationError, Letterbox, MASK_RESOLUTIONS, nv12Frame } = library;
    const { PolygonTracer, recognizeHeads, RleEncoder } = library;
    assert.ok(MASK_RESOLUTIONS.includes('source'));
    assert.equal(chooseLabels(80)[0], 'person');
    assert.throws(() => nv12Frame(new Uint8Array(5), { width: 2, height: 2 }), ExpectationError);
    assert.throws(() => recognizeHeads([], { width: 64, height: 64 }), ExpectationError);
    assert.deepEqual(new Letterbox(1280, 640, 640, 640).scaleX, 0.5);
    const mask = { x: 1, y: 0, width: 2, height: 2, data: Uint8Array.of(1, 1, 1, 1) };
    const rle = new RleEncoder().encode(mask, 4, 3);
    assert.deepEqual(rle.size, [3, 4]);
    const grid = decodeRle(rle);
    assert.deepEqual([...grid.data], [0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0]);
    assert.equal(new PolygonTracer().trace(mask).length, 1);
  });
});
