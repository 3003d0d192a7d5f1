import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { imageView } from '../../../src/message/read/image-message.js';
import { InstancePictureWriter } from '../../../src/message/write/instance-picture.js';
import { Overlay } from '../../../src/media/render/overlay.js';
import { type ColoredBy, paletteColor } from '../../../src/vision/picture/palette.js';
import { EMPTY, HEADER, SEGMENTATION } from './samples.js';

describe('InstancePictureWriter', () => {
  const pixel = (cdr: Uint8Array, x: number, y: number): number[] => {
    const { data, step } = imageView(cdr);
    return [...data.subarray(y * step + 3 * x, y * step + 3 * x + 3)];
  };

  it('draws instances on black, colored by class or by instance', () => {
    let coloredBy: ColoredBy = 'class';
    const writer = new InstancePictureWriter(() => coloredBy);
    const byClass = writer.write(HEADER, SEGMENTATION);
    const { width, height, encoding, step } = imageView(byClass);
    assert.deepEqual([width, height, encoding, step], [8, 6, 'rgb8', 24]);
    assert.deepEqual(pixel(byClass, 2, 1), [...paletteColor(1)]);
    assert.deepEqual(pixel(byClass, 4, 2), [...paletteColor(2)]);
    assert.deepEqual(pixel(byClass, 0, 0), [0, 0, 0]);
    coloredBy = 'instance';
    const byInstance = writer.write(HEADER, SEGMENTATION);
    assert.deepEqual(pixel(byInstance, 2, 1), [...paletteColor(0)]);
    assert.deepEqual(pixel(byInstance, 4, 2), [...paletteColor(1)]);
    assert.ok(imageView(writer.write(HEADER, EMPTY)).data.every((value) => value === 0));
  });

  it('uses the colors of the overlay', () => {
    for (const colors of ['class', 'instance'] as const) {
      const drawn = { width: 8, height: 6, data: new Uint8Array(3 * 8 * 6) };
      const options = { labels: [], colors, masks: 1, boxes: false, names: false };
      new Overlay(options).draw(drawn, SEGMENTATION);
      const cdr = new InstancePictureWriter(() => colors).write(HEADER, SEGMENTATION);
      assert.deepEqual([...imageView(cdr).data], [...drawn.data]);
    }
  });

  it('fills runs that begin and end at any column', () => {
    for (let x = 0; x < 5; x++) {
      for (let width = 1; width < 6; width++) {
        const row = { x, y: 0, width, height: 1, data: new Uint8Array(width).fill(1) };
        const instances = [{ ...SEGMENTATION.instances[0]!, mask: row }];
        const segmentation = { width: 11, height: 2, maskWidth: 11, maskHeight: 2, instances };
        const cdr = new InstancePictureWriter(() => 'class').write(HEADER, segmentation);
        const drawn = Array.from({ length: 22 }, (_, at) => pixel(cdr, at % 11, Math.floor(at / 11)));
        assert.deepEqual(
          drawn,
          drawn.map((_, at) => (at >= x && at < x + width ? [...paletteColor(1)] : [0, 0, 0])),
          `${width} from ${x} on`,
        );
      }
    }
  });
});
