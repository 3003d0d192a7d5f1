import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { ExpectationError } from '../../../src/base/expect.js';
import { contactSheet, type SheetOptions } from '../../../src/media/render/contact-sheet.js';
import { type Rgb } from '../../../src/vision/picture/palette.js';
import { fillRectangle, rgbPicture, type RgbPicture } from '../../../src/media/render/rgb-picture.js';

const COLORS: Rgb[] = [
  [250, 0, 0],
  [0, 250, 0],
  [0, 0, 250],
  [250, 250, 0],
];

function plain(width: number, height: number, color: Rgb): RgbPicture {
  const picture = rgbPicture(width, height);
  fillRectangle(picture, 0, 0, width, height, color);
  return picture;
}

describe('contactSheet', () => {
  const options: SheetOptions = {
    title: 'Title',
    subtitle: 'of the sheet',
    columns: 2,
    tileWidth: 160,
  };

  it('shows every picture once, in rows from left to right', async () => {
    const tiles = COLORS.slice(0, 3).map((color, i) => ({
      picture: plain(320, 180, color),
      caption: `${i}`,
    }));
    const sheet = await contactSheet(tiles, options);
    const centerOf = (color: Rgb): [number, number] => {
      let [count, x, y] = [0, 0, 0];
      for (let i = 0; i < sheet.width * sheet.height; i++) {
        if (!color.every((channel, c) => Math.abs(sheet.data[i * 3 + c]! - channel) < 8)) continue;
        count++;
        x += i % sheet.width;
        y += Math.floor(i / sheet.width);
      }
      assert.equal(count, 160 * 90);
      return [x / count, y / count];
    };
    const [first, second, third] = tiles.map((_, i) => centerOf(COLORS[i]!));
    assert.ok(second![0] > first![0] + 160 && second![1] === first![1]);
    assert.ok(third![0] === first![0] && third![1] > first![1] + 90);
  });

  it('accepts any captions, odd pictures, and fewer tiles than columns', async () => {
    const caption = 'a caption that is much longer than its tile is wide \u{1f600} and goes on and on';
    const sheet = await contactSheet([{ picture: plain(3, 301, COLORS[3]!), caption }], {
      ...options,
      columns: 5,
    });
    assert.equal(sheet.data.length, sheet.width * sheet.height * 3);
    assert.ok(sheet.width < 2 * 160);
  });

  it('throws without pictures', async () => {
    await assert.rejects(contactSheet([], options), ExpectationError);
  });
});
