import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { describe, it } from 'mocha';
import * as library from 'tros-yolo-seg';
import { repository } from '../data.js';
import { temporaryFolder } from '../temporary-folder.js';

describe('the package as a library', () => {
  const folder = temporaryFolder('library');

  it('works as its README shows', async () => {
    const readme = readFileSync(join(repository, 'README.md'), 'utf8');
    const [, example] = /```ts\n(.*?)```/s.exec(readme)!;
    // Installed, it is found by its name; here by its place.
    const index = pathToFileURL(join(repository, 'dist/src/index.js')).href;
    const file = join(folder, 'example.mjs');
    writeFileSync(file, example!.replaceAll("'tros-yolo-seg'", `'${index}'`));
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [file]);
    assert.equal(stderr, '');
    assert.match(stdout, /^(scene:\S* \d+\n){10}$/);
    assert.match(stdout, / [1-9]/);
  });

  it('exports all imports of its README', () => {
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

  it('opens a model as the command line does, draws instances, and writes and reads a bag', async () => {
    const { BagSource, BagWriter, encodeJpeg, isResult, openInputs, openSegmenter, Overlay } = library;
    const model = await openSegmenter(undefined, { classes: ['circle', 1], score: 0.4, masks: 'proto' });
    assert.deepEqual(model.labels, ['circle', 'square', 'triangle', 'star', 'ring', 'cross']);
    assert.deepEqual(model.warnings, []);
    const bag = await BagWriter.create(join(folder, 'results.mcap'));
    const recorder = new library.SegmentationRecorder(bag, { labels: model.labels, threshold: 0.4 });
    const overlay = new Overlay({ labels: model.labels });
    const { sources } = await openInputs(['scene:?frames=3&size=320x240']);
    const classes = new Set<number>();
    for await (const result of model.segmenter.segment(sources[0]!.frames())) {
      assert.ok(isResult(result));
      const { frame, segmentation, timings } = result;
      for (const { classId } of segmentation.instances) classes.add(classId);
      const picture = overlay.paint(frame.frame, segmentation);
      assert.deepEqual([picture.width, picture.height], [320, 240]);
      const jpeg = await encodeJpeg(picture);
      assert.equal(jpeg.readUInt16BE(0), 0xffd8);
      await recorder.record(frame, segmentation, { timings, frame: frame.frame, overlay: jpeg });
    }
    await bag.close();
    await model.close();
    assert.ok(classes.size > 0 && [...classes].every((id) => id < 2), [...classes].join());
    const source = await BagSource.open(join(folder, 'results.mcap'), { topic: '/camera/image_raw' });
    assert.equal(source.count, 3);
  });

  it('refuses unknown classes, and leaves nothing open', async () => {
    await assert.rejects(library.openSegmenter(undefined, { classes: ['person'] }), /person/);
    await assert.rejects(library.openSegmenter(undefined, { classScores: { dog: 0.5 } }), /dog/);
  });

  it('has types that describe valid arguments', () => {
    const { Segmenter } = library;
    // Compiled, never run: a line that compiles where an error is expected fails the build.
    const compiled = (engine: library.Engine, frame: library.Nv12Frame): void => {
      new Segmenter(engine, { masks: 'source', nms: 'never', maxDetections: 5 });
      // @ts-expect-error -- no such resolution of masks
      new Segmenter(engine, { masks: 'full' });
      // @ts-expect-error -- a number
      new Segmenter(engine, { score: '0.5' });
      // @ts-expect-error -- frames are views that nobody changes
      frame.width = 3;
      const inference: Promise<library.Inference> = engine.submit(frame);
      void inference;
      const settings: library.SegmenterSettings = { engine: 'bpu', classes: ['person', 3] };
      // @ts-expect-error -- no such engine
      settings satisfies { engine: 'gpu' };
    };
    assert.equal(typeof compiled, 'function');
  });
});
