import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { loadableModels } from '../../src/model/loadable-models.js';
import { withVariables } from '../environment.js';
import { temporaryFolder } from '../temporary-folder.js';

describe('models that may be loaded', () => {
  const root = temporaryFolder('loadable-models');
  const cache = join(root, 'tros-yolo-seg/models');
  const models = join(root, 'models');
  withVariables({ XDG_CACHE_HOME: root, TROS_YOLO_SEG_MODELS: '' });

  it('are downloaded ones by name, and files beside the present one, and nothing else', () => {
    mkdirSync(cache, { recursive: true });
    mkdirSync(join(models, 'folder.onnx'), { recursive: true });
    writeFileSync(join(cache, 'yolo11n-seg-x5.bin'), '');
    // In the cache, but of no name that there is.
    writeFileSync(join(cache, 'unknown.bin'), '');
    for (const name of ['present.onnx', 'other.bin', 'notes.txt', 'present.onnx.json'])
      writeFileSync(join(models, name), '');
    symlinkSync(join(models, 'nowhere'), join(models, 'dangling.onnx'));
    const present = join(models, 'present.onnx');
    assert.deepEqual(
      [...loadableModels(present)],
      [
        ['other.bin', join(models, 'other.bin')],
        ['present.onnx', present],
        ['yolo11n-seg-x5', 'yolo11n-seg-x5'],
      ],
    );
  });

  it('are the present one where its folder is gone', () => {
    const present = join(root, 'gone/model.onnx');
    assert.equal(loadableModels(present).get('model.onnx'), present);
  });
});
