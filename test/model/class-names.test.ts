import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import fc from 'fast-check';
import { parseClassNames, readClassNames } from '../../src/model/class-names.js';

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
    ['', []],
    ['  ', []],
    ['None', []],
    ['null', []],
    ['{"0": "car", "1": "bus \\u00e9\\/"}', ['car', 'bus é/']],
    ['["car", null]', ['car', '1']],
    [`('car', 'bus')`, ['car', 'bus']],
    [`('car',)`, ['car']],
    [`OrderedDict([(0, 'car'), (1, 'bus')])`, ['car', 'bus']],
    [`collections.OrderedDict({0: 'car'})`, ['car']],
    [`[[0, 'car'], [1, 'bus']]`, ['car', 'bus']],
    [`{'car': 0, 'bus': 1}`, ['car', 'bus']],
    [`{1: 'car', 2: 'bus'}`, ['car', 'bus']],
    [`{0: 'car', 2: 'van'}`, ['car', '1', 'van']],
    [`{0: None, 1: 7}`, ['0', '7']],
    ['person, car', ['person', 'car']],
    ['person', ['person']],
  ] as const) {
    it(`reads ${text}`, () => assert.deepEqual(parseClassNames(text), [...names]));
  }

  it('reads all that Python writes', () => {
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
    [`{0: 'a'`, /Expected "," at character 8/],
    [`{0: 'a`, /a closing quote at character 7/],
    [`{0: a}`, /a quoted name at character 5/],
    [`{'a': 'b'}`, /a class id at character 7/],
    [`{-1: 'a'}`, /a class id at character 2/],
    [`{200000: 'a'}`, /a class id below 100000/],
    [`{0: 'a' 1: 'b'}`, /Expected "," at character 9/],
    [`{0: 'driver's seat', 1: 'b'}`, /Expected "," at character 13/],
    [`{0: 'a'} x`, /the end at character 10/],
    [`{0: '\\q'}`, /an escape such as/],
    [`{0: '\\x4'}`, /an escape such as/],
    [`{0: '\\uzzzz'}`, /an escape such as/],
    [`{0: '\\U00110000'}`, /an escape such as/],
    ['{99999999999999999999: 1}', /Expected ":" at character 11/],
    [`dict(0='a')`, /at character/],
    ['[[]]', /a class id/],
    ['[[[[', /a class id/],
  ] as const) {
    it(`refuses ${text || 'nothing'}`, () => {
      assert.throws(() => parseClassNames(text), { name: 'ExpectationError', message });
    });
  }

  it('of a model that is usable without them cause a warning, not an error', () => {
    assert.deepEqual(readClassNames(`['a']`), { names: ['a'], problem: undefined });
    const { names, problem } = readClassNames(`{0: 'driver's seat'}`);
    assert.deepEqual(names, []);
    assert.match(problem!, /class names.*labels/);
  });

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
