import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { imageView } from '../../../src/message/read/image-message.js';
import { ClassMapWriter, ConfidenceWriter, parseClassMapSize } from '../../../src/message/write/class-map.js';
import { EMPTY, HEADER, SEGMENTATION } from './samples.js';

const rows = (cdr: Uint8Array): number[][] => {
  const { data, width, height } = imageView(cdr);
  return Array.from({ length: height }, (_, y) => [...data.subarray(y * width, (y + 1) * width)]);
};

describe('ClassMapWriter', () => {
  it('has the class id of the best instance on the grid of the masks, 255 elsewhere', () => {
    const cdr = new ClassMapWriter(() => 'masks').write(HEADER, SEGMENTATION);
    const { data, ...view } = imageView(cdr);
    assert.equal(data.length, 8 * 6);
    assert.deepEqual(view, {
      ...HEADER,
      ...{ width: 8, height: 6, encoding: 'mono8', isBigEndian: false, hasBufferSize: false, step: 8 },
    });
    const o = 255;
    assert.deepEqual(rows(cdr), [
      [o, o, o, o, o, o, o, o],
      [o, o, 1, 1, o, o, o, o],
      [o, 1, 1, 1, 2, o, o, o],
      [o, o, 2, 2, 2, o, o, o],
      [o, o, o, o, o, o, o, o],
      [o, o, o, o, o, o, o, o],
    ]);
  });

  it('has the size of the picture, or of the point cloud', () => {
    const whole = rows(new ClassMapWriter(() => 'picture').write(HEADER, SEGMENTATION));
    assert.deepEqual([whole[0]!.length, whole.length], [16, 12]);
    const coarse = rows(new ClassMapWriter(() => 'masks').write(HEADER, SEGMENTATION));
    for (const [y, row] of whole.entries()) {
      for (const [x, value] of row.entries()) assert.equal(value, coarse[y >> 1]![x >> 1], `${x},${y}`);
    }
    const tiny = rows(new ClassMapWriter(() => ({ width: 4, height: 2 })).write(HEADER, SEGMENTATION));
    // The centers of these cells lie in columns 1, 3, 5, 7 and rows 1, 4 of the masks' grid.
    assert.deepEqual(tiny, [
      [255, 1, 255, 255],
      [255, 255, 255, 255],
    ]);
  });

  it('gets its size anew for each picture, and starts empty', () => {
    let size = { width: 8, height: 6 };
    const writer = new ClassMapWriter(() => size);
    writer.write(HEADER, SEGMENTATION);
    assert.ok(
      rows(writer.write(HEADER, EMPTY))
        .flat()
        .every((value) => value === 255),
    );
    size = { width: 16, height: 6 };
    assert.equal(rows(writer.write(HEADER, SEGMENTATION))[0]!.length, 16);
  });

  it('leaves out ids above 254, and shows the instances below', () => {
    const [first, second] = SEGMENTATION.instances;
    const instances = [{ ...first!, classId: 255 }, second!, { ...second!, classId: 300 }];
    const segmentation = { ...SEGMENTATION, instances };
    const classes = rows(new ClassMapWriter(() => 'masks').write(HEADER, segmentation));
    assert.deepEqual(classes[1], [255, 255, 2, 2, 255, 255, 255, 255]);
    const confidence = rows(new ConfidenceWriter(() => 'masks').write(HEADER, segmentation));
    assert.deepEqual(confidence[1], [0, 0, 128, 128, 0, 0, 0, 0]);
  });
});

describe('ConfidenceWriter', () => {
  it('has the scores of the instances that the class map shows', () => {
    assert.deepEqual(rows(new ConfidenceWriter(() => 'masks').write(HEADER, SEGMENTATION)), [
      [0, 0, 0, 0, 0, 0, 0, 0],
      [0, 0, 191, 191, 0, 0, 0, 0],
      [0, 191, 191, 191, 128, 0, 0, 0],
      [0, 0, 128, 128, 128, 0, 0, 0],
      [0, 0, 0, 0, 0, 0, 0, 0],
      [0, 0, 0, 0, 0, 0, 0, 0],
    ]);
  });

  it('is never 0 on an instance', () => {
    const instances = [{ ...SEGMENTATION.instances[0]!, score: 0.0001 }];
    const values = rows(
      new ConfidenceWriter(() => 'masks').write(HEADER, { ...SEGMENTATION, instances }),
    ).flat();
    assert.equal(values.filter((value) => value === 1).length, 5);
  });
});

describe('parseClassMapSize', () => {
  it('accepts words and sizes', () => {
    assert.equal(parseClassMapSize('picture'), 'picture');
    assert.equal(parseClassMapSize(' masks '), 'masks');
    assert.deepEqual(parseClassMapSize('320x176'), { width: 320, height: 176 });
  });

  it('says which values it accepts', () => {
    for (const text of ['', 'proto', '0x5', '5x', '99999x2', '2x16385', '-4x4']) {
      assert.throws(() => parseClassMapSize(text), /class_map_size/, text);
    }
  });

  it('accepts about as many cells as an 8K picture has, and no more', () => {
    assert.deepEqual(parseClassMapSize('7680x4320'), { width: 7680, height: 4320 });
    assert.deepEqual(parseClassMapSize('16384x2048'), { width: 16384, height: 2048 });
    for (const text of ['16384x16384', '16384x2049']) {
      assert.throws(
        () => parseClassMapSize(text),
        /at most 33554432 cells in parameter class_map_size/,
        text,
      );
    }
  });
});
