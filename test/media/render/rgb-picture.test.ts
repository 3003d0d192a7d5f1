import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import fc from 'fast-check';
import { type Rgb, PALETTE, paletteColor, textColor } from '../../../src/vision/picture/palette.js';
import {
  copyPicture,
  fillRectangle,
  rgbPicture,
  strokeRectangle,
} from '../../../src/media/render/rgb-picture.js';
import { ExpectationError } from '../../../src/base/expect.js';

const INK: Rgb = [1, 2, 3];

/** One character a pixel: # where there is ink. */
function art({ width, height, data }: ReturnType<typeof rgbPicture>): string[] {
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => (data[(y * width + x) * 3] === INK[0] ? '#' : '.')).join(''),
  );
}

describe('fillRectangle and strokeRectangle', () => {
  it('fill what lies within the picture', () => {
    const picture = rgbPicture(5, 3);
    fillRectangle(picture, 3, -4, 99, 2, INK);
    assert.deepEqual(art(picture), ['...##', '...##', '.....']);
    assert.deepEqual([...picture.data.subarray(9, 12)], [...INK]);
  });

  it('draw a border that lies inside the rectangle', () => {
    const picture = rgbPicture(7, 5);
    strokeRectangle(picture, 1, 0, 6, 5, 1, INK);
    assert.deepEqual(art(picture), ['.#####.', '.#...#.', '.#...#.', '.#...#.', '.#####.']);
  });

  it('draw no part of a border that lies outside the picture', () => {
    const picture = rgbPicture(4, 4);
    strokeRectangle(picture, -3, 1, 3, 9, 1, INK);
    assert.deepEqual(art(picture), ['....', '###.', '..#.', '..#.']);
  });

  it('never draw beyond a rectangle that is smaller than its border', () => {
    const picture = rgbPicture(6, 4);
    strokeRectangle(picture, 2, 1, 4, 2, 3, INK);
    assert.deepEqual(art(picture), ['......', '..##..', '......', '......']);
  });

  it('draw nothing for empty, reversed and non-finite rectangles', () => {
    const picture = rgbPicture(4, 4);
    for (const [left, top, right, bottom] of [
      [2, 2, 2, 2],
      [3, 3, 1, 1],
      [NaN, 0, 4, 4],
      [0, 0, 4, NaN],
      [-9, -9, -1, -1],
      [5, 0, 9, 4],
    ] as const) {
      fillRectangle(picture, left, top, right, bottom, INK);
      strokeRectangle(picture, left, top, right, bottom, 2, INK);
    }
    assert.ok(picture.data.every((byte) => byte === 0));
  });
});

describe('copyPicture', () => {
  it('is cut to the target', () => {
    const from = rgbPicture(3, 3);
    fillRectangle(from, 0, 0, 3, 3, INK);
    const onto = rgbPicture(4, 4);
    for (const [x, y] of [
      [-2, -2],
      [3, 2],
      [9, 9],
      [-9, 0],
    ] as const) {
      copyPicture(from, onto, x, y);
    }
    assert.deepEqual(art(onto), ['#...', '....', '...#', '...#']);
  });
});

describe('the palette', () => {
  it('has a color for every integer and never the same for neighbors', () => {
    fc.assert(
      fc.property(fc.integer(), (index) => {
        assert.ok(PALETTE.includes(paletteColor(index)));
        assert.notEqual(paletteColor(index), paletteColor(index + 1));
      }),
    );
  });

  it('is readable: text has a contrast of 3.5 to 1 or more on each color', () => {
    const luminance = (color: Rgb): number => {
      const [r, g, b] = color.map((c) =>
        c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4,
      );
      return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
    };
    for (const color of PALETTE) {
      const [low, high] = [luminance(color), luminance(textColor(color))].sort((a, b) => a - b);
      assert.ok((high! + 0.05) / (low! + 0.05) >= 3.5, color.join());
    }
  });
});

describe('rgbPicture', () => {
  it('refuses invalid sizes', () => {
    for (const size of [0, -1, 1.5, NaN, 1e9]) assert.throws(() => rgbPicture(size, 4), ExpectationError);
  });
});
