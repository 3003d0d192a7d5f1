import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { terminalWidth, textTable } from '../../src/base/text-table.js';

describe('tables for terminals', () => {
  it('measure the width of a text in columns', () => {
    const cases: [string, number][] = [
      ...([
        ['', 0],
        ['person', 6],
        ['行人', 4],
        ['Möwe', 4],
        ['ｱ', 1],
        ['Ａ', 2],
      ] as [string, number][]),
      ...([
        ['e\u0301', 1],
        ['한국', 4],
        ['街道 1.png', 10],
        ['👩‍🚀', 2],
        ['→', 1],
        ['\u200b', 0],
      ] as [string, number][]),
    ];
    for (const [text, width] of cases) assert.equal(terminalWidth(text), width, JSON.stringify(text));
  });

  it('align columns behind wide characters', () => {
    const lines = textTable([
      ['class', 'objects'],
      ['行人', '2'],
      ['bus', '10'],
    ]);
    assert.deepEqual(lines, ['class  objects', '行人         2', 'bus         10']);
    assert.equal(new Set(lines.map(terminalWidth)).size, 1);
  });
});
