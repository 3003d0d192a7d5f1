import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { inputPicture, pictureNote } from '../../../src/model/onnx/input-picture.js';
import { inspectOnnx } from '../../../src/model/onnx/inspect-onnx.js';
import { IMAGENET } from '../../../src/vision/picture/normalization.js';
import { queryModel, tenHeads } from '../../engine/tiny-onnx.js';
import { temporaryFolder } from '../../temporary-folder.js';

describe('how a network wants its pictures', () => {
  const shapes = (...list: readonly (readonly number[])[]) => list.map((shape) => ({ shape }));

  it('follows from its outputs', () => {
    const queries = inputPicture(shapes([1, 9, 4], [1, 9, 2], [1, 9, 5, 5]));
    assert.deepEqual(queries, { fit: 'stretch', step: 2, normalization: IMAGENET });
    const cells = { fit: 'letterbox', step: 32 };
    assert.deepEqual(inputPicture(shapes([1, 116, 8400], [1, 32, 160, 160])), cells);
    assert.deepEqual(inputPicture(shapes([1, 300, 38], [1, 32, 160, 160])), cells);
    // A network with queries is one with its masks.
    assert.deepEqual(inputPicture(shapes([1, 9, 4], [1, 9, 2])), cells);
  });

  it('is printed if it is not the usual way', () => {
    assert.equal(pictureNote({ fit: 'letterbox' }), undefined);
    assert.equal(pictureNote({}), undefined);
    assert.match(
      pictureNote({ fit: 'stretch' })!,
      /^Pictures are stretched to the input, without padding, as/,
    );
    assert.match(
      pictureNote({ normalization: IMAGENET })!,
      /^Pictures are normalized by ImageNet's mean \(0\.485, 0\.456, 0\.406\) and deviation \(0\.229, /,
    );
  });

  it('is part of a description', () => {
    const path = join(temporaryFolder('input-picture'), 'model.onnx');
    const masks = [new Float32Array(4)];
    const sizes = { width: 8, height: 8, columns: 2 };
    writeFileSync(path, queryModel({ ...sizes, boxes: [[0.5, 0.5, 1, 1]], logits: [[1, 2, 3]], masks }));
    assert.deepEqual(inspectOnnx(path).picture, { fit: 'stretch', step: 2, normalization: IMAGENET });
    writeFileSync(path, tenHeads(64, 64, ['a', 'b', 'c']));
    assert.deepEqual(inspectOnnx(path).picture, { fit: 'letterbox', step: 32 });
  });
});
