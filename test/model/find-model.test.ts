import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, it } from 'mocha';
import { findModel } from '../../src/model/find-model.js';
import { packageRoot } from '../../src/base/package-root.js';
import { withVariables } from '../environment.js';
import { temporaryFolder } from '../temporary-folder.js';

describe('findModel', () => {
  const root = temporaryFolder('find-model');
  const cache = join(root, 'tros-yolo-seg/models');
  withVariables({ XDG_CACHE_HOME: root, TROS_YOLO_SEG_MODELS: '' });

  it('returns paths unchanged, whether the file exists or not', () => {
    for (const path of [
      '',
      'best.onnx',
      'yolov8n-seg.onnx',
      './yolov8n-seg',
      '/opt/x.BIN',
      'dir/yolov8n-seg',
      'a b',
    ]) {
      assert.equal(findModel(path), path);
    }
  });

  it('prefers a file in the working directory to a name', () => {
    // Names of the catalog have neither dot nor slash, as some files have.
    assert.equal(findModel('LICENSE'), 'LICENSE');
    // A folder of a model's name does not hide the model.
    assert.throws(() => findModel('src'), /a model file, or the name of a model but received src\./);
  });

  it('finds downloaded models in the cache', () => {
    assert.throws(
      () => findModel('yolo11n-seg-x5'),
      new RegExp(
        `^ExpectationError: Expected yolo11n-seg-x5 at ${cache}/yolo11n-seg-x5\\.bin but received nothing\\. .*model get yolo11n-seg-x5$`,
      ),
    );
    mkdirSync(cache, { recursive: true });
    writeFileSync(join(cache, 'yolo11n-seg-x5.bin'), '');
    assert.equal(findModel('yolo11n-seg-x5'), join(cache, 'yolo11n-seg-x5.bin'));
    mkdirSync(join(cache, 'yolo11n-seg.onnx'));
    assert.throws(() => findModel('yolo11n-seg'), /received nothing/, 'a folder is no model');
  });

  it('suggests similar names for an unknown one', () => {
    assert.throws(
      () => findModel('yolov8-seg'),
      /a model file, or the name of a model but received yolov8-seg\. Did you mean yolov8/,
    );
  });
});

describe('the node', () => {
  /** Imports of all kinds, and what workers run. */
  const LOADS = /(?:from|import|import\(|new Worker\(new URL\() ?'([^']+)'/g;
  /** The modules that one loads, itself included, as paths in src/. */
  function closure(entry: string): Set<string> {
    const [found, waiting] = [new Set<string>(), [join(packageRoot, 'src', entry)]];
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      const name = relative(join(packageRoot, 'src'), path);
      if (found.has(name)) continue;
      found.add(name);
      for (const [, target] of readFileSync(path, 'utf8').matchAll(LOADS)) {
        if (target!.startsWith('.')) waiting.push(resolve(dirname(path), target!.replace(/\.js$/, '.ts')));
        else found.add(target!);
      }
    }
    return found;
  }

  it('never downloads: nothing that it loads can', () => {
    const downloaders = readdirSync(join(packageRoot, 'src/model/download')).map(
      (name) => `model/download/${name}`,
    );
    const forbidden = [...downloaders, 'undici', 'node:https'];
    const node = closure('node/segment/segment.ts');
    assert.ok(node.has('model/find-model.ts'));
    assert.ok(node.has('engine/onnx/onnx-worker.ts'));
    assert.deepEqual(
      forbidden.filter((name) => node.has(name)),
      [],
    );
    assert.ok(closure('cli/main.ts').has('undici'));
    // The live page is a server only.
    for (const file of node) {
      if (!file.endsWith('.ts')) continue;
      const text = readFileSync(join(packageRoot, 'src', file), 'utf8');
      for (const [, names] of text.matchAll(/import (?:type )?\{?([^}]*)\}? from 'node:http'/g))
        assert.doesNotMatch(names!, /\b(get|request|Agent|default|\*)\b/, file);
    }
  });
});
