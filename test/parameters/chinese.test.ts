import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { CAMERA_PARAMETERS } from '../../src/parameters/camera.js';
import type { Parameter } from '../../src/parameters/parameter.js';
import { SEGMENT_PARAMETERS } from '../../src/parameters/segment.js';
import { chinese, CHINESE } from '../../tools/docs/chinese.js';
import { documents } from '../../tools/docs/documents.js';

/** What both languages write the same: topics, messages, numbers, formats. */
function verbatim(text: string): string[] {
  return [
    ...text.matchAll(/~\/\w+|\/\w+|[A-Z]+=[A-Z]+|\b[a-z]+_[a-z_]+\b|\b[A-Z][A-Z0-9]{2,}\b|\b\d[\d.]*\b/g),
  ]
    .map(([word]) => word)
    .sort();
}

describe('the Chinese text of parameters', () => {
  const tables = { segment: SEGMENT_PARAMETERS, camera: CAMERA_PARAMETERS };
  const rows = Object.entries(tables).flatMap(([node, table]) =>
    Object.entries<Parameter>(table).map(([name, row]) => ({ name: `${node}: ${name}`, ...row })),
  );

  it('exists for each, and is Chinese', () => {
    const lacking = rows.filter(({ zh }) => zh === undefined || !/\p{Script=Han}{2}/u.test(zh));
    assert.deepEqual(
      lacking.map(({ name }) => name),
      [],
      'add `zh` beside `help` in src/parameters',
    );
  });

  it('has the same topics, values, numbers, formats and final punctuation as the English one', () => {
    for (const { name, help, zh = '' } of rows) {
      const chinese = verbatim(zh);
      for (const word of verbatim(help)) assert.ok(chinese.includes(word), `${name}: ${word}`);
      assert.doesNotMatch(zh, /[。.]$/, name);
      // Half-width punctuation between Chinese characters is a slip.
      assert.doesNotMatch(zh, /\p{Script=Han}[,;:]\p{Script=Han}/u, name);
    }
  });
});

describe('the Chinese text of topics and services', () => {
  const rows = Object.entries(CHINESE);

  it('names the same topics, parameters, numbers and formats as the English one', () => {
    for (const [english, zh] of rows) {
      if (/\w/.test(english)) assert.match(zh, /\p{Script=Han}/u, english);
      const said = verbatim(zh);
      for (const word of verbatim(english)) assert.ok(said.includes(word), `${english}: ${word}`);
      assert.doesNotMatch(zh, /\p{Script=Han}[,;:]\p{Script=Han}/u, english);
    }
  });

  it('has nothing that no table has, and refuses what it lacks', async () => {
    const pages = await documents();
    const page = pages.find(({ file }) => file === 'docs/parameters.zh-CN.md')!.text;
    assert.deepEqual(
      rows.filter(([, zh]) => !page.includes(zh)).map(([english]) => english),
      [],
    );
    // Half-width punctuation before Chinese characters is a slip, also where the page joins two texts.
    assert.doesNotMatch(page.replace(/`[^`]*`/g, ''), /[,;:] *\p{Script=Han}/u);
    assert.throws(() => chinese('what is new'), /a Chinese line for each text .* but received what is new/s);
  });
});
