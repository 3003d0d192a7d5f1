import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { ColorBook, difference } from '../../../src/vision/picture/color-book.js';
import { PALETTE } from '../../../src/vision/picture/palette.js';

const classes = (...ids: number[]): { classId: number }[] => ids.map((classId) => ({ classId }));

describe('ColorBook', () => {
  it('gives a class the color of its number if that is free', () => {
    const book = new ColorBook();
    assert.deepEqual(book.colors('class', classes(0, 3, 19)), [PALETTE[0], PALETTE[3], PALETTE[19]]);
    assert.deepEqual(new ColorBook().colors('class', classes(43)), [PALETTE[3]]);
  });

  it('gives classes of a picture different colors even if their numbers have the same one', () => {
    const book = new ColorBook();
    const colors = book.colors('class', classes(0, 20, 40, 60, 0));
    assert.equal(new Set(colors).size, 4);
    assert.equal(colors[4], colors[0]);
    assert.equal(colors[0], PALETTE[0]);
    // Blue and the color that was chosen beside it are not two blues.
    assert.ok(difference(colors[0]!, colors[1]!) > 0.1);
    // Of all free colors none differs more from the nearest of those in use.
    for (const own of PALETTE.keys()) {
      const [first, second] = new ColorBook().colors('class', classes(own, own + 20));
      const free = PALETTE.filter((color) => color !== first);
      const most = Math.max(...free.map((color) => difference(color, first!)));
      assert.equal(difference(second!, first!), most, `${own}`);
    }
  });

  it('gives twenty classes twenty colors, whichever they are', () => {
    for (let start = 0; start < 80; start += 7) {
      const ids = Array.from({ length: 20 }, (_, i) => (start + 13 * i) % 997);
      assert.equal(new Set(new ColorBook().colors('class', classes(...ids))).size, 20);
    }
  });

  it('does not change the colors of current or recent classes', () => {
    const book = new ColorBook();
    const [first] = book.colors('class', classes(20));
    for (let frame = 0; frame < 50; frame++) {
      const here = [20, 0, (frame * 7) % 60, 40].filter((_, i) => i !== 0 || frame % 3 === 0);
      const colors = book.colors('class', classes(...here));
      if (frame % 3 === 0) assert.equal(colors[0], first, `frame ${frame}`);
      assert.equal(new Set(colors).size, new Set(here).size, `frame ${frame}: ${here.join(' ')}`);
    }
  });

  it('gives tracked objects their own colors, however many there were', () => {
    const book = new ColorBook();
    for (let id = 1; id < 300; id++) {
      const here = [id, id + 1, id + 20].map((trackId) => ({ classId: 0, trackId }));
      assert.equal(new Set(book.colors('auto', here)).size, 3, `${id}`);
    }
    const many = Array.from({ length: 50 }, (_, i) => ({ classId: 0, trackId: 1000 + i }));
    assert.equal(book.colors('auto', many).length, 50);
    assert.ok(book.colors('auto', many).every((color) => PALETTE.includes(color)));
  });

  it('allocates no list for each frame', () => {
    const book = new ColorBook();
    const colors = book.colors('class', classes(0, 3, 20));
    assert.equal(book.colors('class', classes(20, 3)), colors);
    assert.equal(colors.length, 2);
    assert.equal(colors[1], PALETTE[3]);
    assert.notEqual(book.colors('instance', classes(20)), colors, 'another choice has a list of its own');
  });
});
