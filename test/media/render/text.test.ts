import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { fontRuns } from '../../../src/media/render/fonts.js';
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
  const CHARACTERS = [
    ...Array.from({ length: 0x5f }, (_, i) => String.fromCharCode(0x20 + i)),
    ...'ÀÉßøčęłŐžΑΩαωςЖЯяёґўї',
    // A stacked accent that must be composed, and signs of both fonts.
    ...['e\u0302\u0301', '→', '≤', '€', '★', '①', '。', '「', 'あ', 'カ', 'Ａ'],
    ...'一行人车狗猫杯椅长颈鹿橙苹瓶鹈鹕猞猁',
  ];

  it('has Latin, Greek, Cyrillic and Chinese characters, each with a shape of its own', () => {
    const typeface = new Typeface(24);
    const missing = Buffer.from(inkOf(typeface, '\u0639').ink).toString('hex');
    const shapes = new Set<string>();
    for (const character of CHARACTERS) {
      const shape = Buffer.from(inkOf(typeface, character).ink).toString('hex');
      assert.notEqual(shape, missing, character);
      shapes.add(`${typeface.measure(character)}:${shape}`);
    }
    // Latin A and Greek Alpha look the same.
    assert.equal(shapes.size, CHARACTERS.length - 1);
  });

  it('has every character of GB 2312', () => {
    const decoder = new TextDecoder('gb2312');
    const missing: string[] = [];
    for (let row = 16; row < 88; row++) {
      const bytes = Array.from({ length: 94 }, (_, cell) => [0xa0 + row, 0xa1 + cell]).flat();
      // The rest of row 55 is empty.
      const cells = row === 55 ? 2 * 89 : bytes.length;
      const text = decoder.decode(Uint8Array.from(bytes.slice(0, cells)));
      for (const { font, name, text: run } of fontRuns(text)) {
        assert.equal(name, 'chinese');
        if (font.shape(run).glyphs.some(({ id }) => id === 0)) missing.push(run);
      }
    }
    assert.deepEqual(missing, []);
  });

  it('applies kerning, and places accents on their letters', () => {
    const typeface = new Typeface(40);
    assert.ok(typeface.measure('AV') < typeface.measure('A') + typeface.measure('V'), 'kerning');
    assert.deepEqual(inkOf(typeface, 'e\u0301').ink, inkOf(typeface, 'é').ink);
    // No character of its own exists for this one: the mark is placed by the font.
    assert.equal(typeface.measure('x\u0301'), typeface.measure('x'));
    assert.notDeepEqual(inkOf(typeface, 'x\u0301').ink, inkOf(typeface, 'x').ink);
  });

  it('measures the drawn text, to a pixel on either side', () => {
    for (const capital of [7, 9, 14, 20, 33]) {
      const typeface = new Typeface(capital);
      for (const text of ['H', 'person 0.86', 'M0.00M', 'n', '行人 0.86']) {
        const [first, last] = inkedColumns(inkOf(typeface, text));
        const slack = 1 + 0.15 * capital;
        assert.ok(first >= 4 && first <= 4 + slack, `${text} at ${capital}: ${first}`);
        const end = 3 + typeface.measure(text);
        assert.ok(last <= end + 1 && last >= end - slack, `${text} at ${capital}: ${last}, ${end}`);
      }
    }
  });

  it('draws capitals at the requested height, with whole rows at top and bottom', () => {
    for (const capital of [9, 10, 17, 24]) {
      const { picture, ink } = inkOf(new Typeface(capital), 'E');
      const rows = Array.from({ length: picture.height }, (_, y) =>
        Math.max(...ink.subarray(y * picture.width, (y + 1) * picture.width)),
      );
      const inked = [...rows.keys()].filter((y) => rows[y]! > 0);
      assert.equal(inked.length, capital);
      assert.ok(rows[inked[0]!]! > 200, 'top bar is crisp');
      assert.ok(rows[inked.at(-1)!]! > 200, 'bottom bar is crisp');
    }
  });

  it('draws a box for each missing character, including control characters', () => {
    const typeface = new Typeface(10);
    const box = inkOf(typeface, '\u0639').ink;
    assert.ok(box.some((ink) => ink > 0));
    assert.deepEqual(inkOf(typeface, '\n').ink, box);
    assert.deepEqual(inkOf(typeface, '\u{1f600}').ink, box, 'one box for a surrogate pair');
  });

  it('limits its cache of words, and draws the same after evictions', () => {
    const typeface = new Typeface(8);
    const before = inkOf(typeface, 'person').ink;
    for (let i = 0; i < 1100; i++) typeface.measure(`#${i}`);
    assert.deepEqual(inkOf(typeface, 'person').ink, before);
  });

  it('shortens text to a width', () => {
    const typeface = new Typeface(10);
    assert.equal(typeface.fit('person', 1000), 'person');
    assert.equal(typeface.fit('person', typeface.measure('pers')), 'pers');
    assert.equal(typeface.fit('person', 0), '');
    assert.equal(typeface.measure(''), 0);
  });

  it('is clipped at every edge of the picture', () => {
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
