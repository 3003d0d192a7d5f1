import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { imageView } from '../../../src/message/read/image-message.js';
import { InstanceMapWriter } from '../../../src/message/write/instance-map.js';
import { EMPTY, HEADER, SEGMENTATION } from './samples.js';

describe('InstanceMapWriter', () => {
  const pixels = (cdr: Uint8Array): Uint16Array => new Uint16Array(imageView(cdr).data.slice().buffer);

  it('numbers instances from 1, with the best score on top', () => {
    const cdr = new InstanceMapWriter().write(HEADER, SEGMENTATION);
    const { data, ...view } = imageView(cdr);
    assert.equal(data.length, 2 * 8 * 6);
    assert.deepEqual(view, {
      ...HEADER,
      width: 8,
      height: 6,
      encoding: 'mono16',
      isBigEndian: false,
      hasBufferSize: false,
      step: 16,
    });
    assert.deepEqual(
      [...pixels(cdr)],
      [
        [0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 1, 1, 0, 0, 0, 0],
        [0, 1, 1, 1, 2, 0, 0, 0],
        [0, 0, 2, 2, 2, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0],
      ].flat(),
    );
  });

  it('starts anew with each picture', () => {
    const writer = new InstanceMapWriter();
    writer.write(HEADER, SEGMENTATION);
    assert.ok(pixels(writer.write(HEADER, EMPTY)).every((value) => value === 0));
  });

  it('numbers more than 255 instances', () => {
    const dot = { x: 3, y: 2, width: 1, height: 1, data: Uint8Array.of(1) };
    const none = { x: 0, y: 0, width: 0, height: 0, data: new Uint8Array(0) };
    const instances = Array.from({ length: 300 }, (_, i) => ({
      classId: 0,
      score: 1 - i / 1000,
      box: { x1: 0, y1: 0, x2: 1, y2: 1 },
      mask: i === 299 ? dot : none,
    }));
    assert.equal(
      pixels(new InstanceMapWriter().write(HEADER, { ...SEGMENTATION, instances }))[2 * 8 + 3],
      300,
    );
  });
});
