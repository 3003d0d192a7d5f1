import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { GLYPHS } from '../../../src/media/render/glyphs.js';
import { WHITE } from '../../../src/vision/picture/palette.js';
import { rgbPicture, type RgbPicture } from '../../../src/media/render/rgb-picture.js';
import { Typeface } from '../../../src/media/render/text.js';

/** Ink of each pixel: the red channel of white text on black. */
function inkOf(typeface: Typeface, text: string): { picture: RgbPicture; ink: Uint8Array } {
  const picture = rgbPicture(typeface.measure(text) + 8, typeface.rise + typeface.drop + 4);
  typeface.draw(picture, text, 4, typeface.rise + 2, WHITE);
  return { picture, ink: picture.data.filter((_, i) => i % 3 === 0) };
}

function inkedColumns({ picture, ink }: ReturnType<typeof inkOf>): [first: number, last: number] {
  const inked = [...ink.keys()].filter((i) => ink[i]! > 0).map((i) => i % picture.width);
  return [Math.min(...inked), Math.max(...inked)];
}

describe('Typeface', () => {
  it('has every printable ASCII character, each with a shape of its own', () => {
    const typeface = new Typeface(12);
    const shapes = new Set<string>();
    for (let code = 0x20; code < 0x7f; code++) {
      const character = String.fromCharCode(code);
      assert.ok(GLYPHS[character], `no glyph for ${character}`);
      shapes.add(
        `${typeface.measure(character)}:${Buffer.from(inkOf(typeface, character).ink).toString('hex')}`,
      );
    }
    assert.equal(shapes.size, 95);
  });

  it('draws exactly as wide as it measures', () => {
    for (const capital of [7, 9, 14, 20, 33]) {
      const typeface = new Typeface(capital);
      for (const text of ['H', 'person 0.86', 'M0.00M', 'n']) {
        const [first, last] = inkedColumns(inkOf(typeface, text));
        assert.deepEqual([first, last], [4, 3 + typeface.measure(text)], `${text} at ${capital}`);
      }
    }
  });

  it('gives capitals the height that was asked for, with whole rows at top and bottom', () => {
    for (const capital of [9, 10, 17, 24]) {
      const { picture, ink } = inkOf(new Typeface(capital), 'E');
      const rows = Array.from({ length: picture.height }, (_, y) =>
        Math.max(...ink.subarray(y * picture.width, (y + 1) * picture.width)),
      );
      const inked = [...rows.keys()].filter((y) => rows[y]! > 0);
      assert.equal(inked.length, capital);
      assert.equal(rows[inked[0]!], 255, 'top bar is crisp');
      assert.equal(rows[inked.at(-1)!], 255, 'bottom bar is crisp');
    }
  });

  it('draws a box for each character it does not have, control characters too', () => {
    const typeface = new Typeface(10);
    const box = inkOf(typeface, '\u6f22').ink;
    assert.ok(box.some((ink) => ink > 0));
    assert.deepEqual(inkOf(typeface, '\n').ink, box);
    assert.deepEqual(inkOf(typeface, '\u{1f600}').ink, box, 'one box for a surrogate pair');
  });

  it('cuts text to a width', () => {
    const typeface = new Typeface(10);
    assert.equal(typeface.fit('person', 1000), 'person');
    assert.equal(typeface.fit('person', typeface.measure('pers')), 'pers');
    assert.equal(typeface.fit('person', 0), '');
    assert.equal(typeface.measure(''), 0);
  });

  it('is cut at every edge of the picture', () => {
    const typeface = new Typeface(20);
    const picture = rgbPicture(10, 10);
    for (const [x, y] of [
      [-5, 8],
      [8, 15],
      [-1000, 5],
      [1000, 5],
      [0, -1000],
      [0, 1000],
    ] as const) {
      typeface.draw(picture, 'WM', x, y, WHITE);
    }
    assert.ok(picture.data.includes(255));
  });
});
