import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import fc from 'fast-check';
import { parseClassNames } from '../../src/model/class-names.js';

/** repr() of a Python string, for printable and a few other characters. */
function repr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = Array.from(text, (char) => {
    if (char === '\\' || char === quote) return `\\${char}`;
    if (char === '\n') return '\\n';
    const code = char.codePointAt(0)!;
    if (code < 32 || (code >= 127 && code < 161)) return `\\x${code.toString(16).padStart(2, '0')}`;
    if (code >= 0xd800 && code < 0xe000) return `\\u${code.toString(16)}`;
    return char;
  });
  return quote + escaped.join('') + quote;
}

describe('parseClassNames', () => {
  for (const [text, names] of [
    [`{0: 'person', 1: "driver's seat"}`, ['person', "driver's seat"]],
    [`{0: 'both \\' and "', 1: 'back\\\\slash'}`, [`both ' and "`, 'back\\slash']],
    [
      `{0: 'caf\\xe9', 1: '\\u732b', 2: '\\U0001f408', 3: '猫', 4: 'a\\tb\\n'}`,
      ['café', '猫', '🐈', '猫', 'a\tb\n'],
    ],
    [`{1: 'b', 0: 'a'}`, ['a', 'b']],
    [`  { 0 : 'a' , 1 :'b' , } `, ['a', 'b']],
    [`['a', "b"]`, ['a', 'b']],
    [`{0: '__proto__', 1: ''}`, ['__proto__', '']],
    [`{}`, []],
    [`[]`, []],
  ] as const) {
    it(`reads ${text}`, () => assert.deepEqual(parseClassNames(text), [...names]));
  }

  it('reads whatever Python writes', () => {
    const name = fc.string({
      unit: fc.oneof(fc.constantFrom("'", '"', '\\', '\n', '\x7f', 'é', '猫', '🐈'), fc.string()),
    });
    fc.assert(
      fc.property(fc.array(name), (names) => {
        const dict = `{${names.map((name, id) => `${id}: ${repr(name)}`).join(', ')}}`;
        assert.deepEqual(parseClassNames(dict), names);
        assert.deepEqual(parseClassNames(`[${names.map(repr).join(', ')}]`), names);
      }),
    );
  });

  for (const [text, message] of [
    [
      '',
      /^Expected "\{" at character 1 of the class names but received an empty string\. Class names look like/,
    ],
    ['person, car', /Expected "\{" at character 1/],
    [`{0: 'a'`, /Expected "," at character 8/],
    [`{0: 'a`, /a closing quote at character 7/],
    [`{0: a}`, /a quoted name at character 5/],
    [`{'a': 0}`, /a class id at character 2/],
    [`{-1: 'a'}`, /a class id at character 2/],
    [`{0: 'a', 2: 'c'}`, /class ids 0 to 1, and so a class 1,/],
    [`{0: 'a' 1: 'b'}`, /Expected "," at character 9/],
    [`{0: 'a'} x`, /the end at character 10/],
    [`{0: '\\q'}`, /an escape such as/],
    [`{0: '\\x4'}`, /an escape such as/],
    [`{0: '\\uzzzz'}`, /an escape such as/],
    [`{0: '\\U00110000'}`, /an escape such as/],
    ['{99999999999999999999: 1}', /Expected ":" at character 11/],
    ['[[]]', /a quoted name/],
  ] as const) {
    it(`refuses ${text || 'nothing'}`, () => {
      assert.throws(() => parseClassNames(text), { name: 'ExpectationError', message });
    });
  }

  it('never fails in another way', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      "'",
      '"',
      '\\',
      '0',
      '1',
      'x',
      'u',
      ' ',
      '\n',
      'a',
    );
    fc.assert(
      fc.property(fc.string({ unit: piece }), (text) => {
        try {
          parseClassNames(text);
        } catch (error) {
          assert.equal((error as Error).name, 'ExpectationError');
        }
      }),
      { numRuns: 2000 },
    );
  });
});
