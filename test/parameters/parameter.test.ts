import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { ExpectationError } from '../../src/base/expect.js';
import { CAMERA_PARAMETERS } from '../../src/parameters/camera.js';
import {
  checkParameter,
  defaultsOf,
  describeParameter,
  type Parameter,
  type ParameterTable,
} from '../../src/parameters/parameter.js';
import { SEGMENT_PARAMETERS } from '../../src/parameters/segment.js';

const SWITCH: Parameter<'bool'> = { type: 'bool', default: true, help: '' };
const COUNT: Parameter<'integer'> = { type: 'integer', default: 1, range: [0, 8], help: '' };
const SHARE: Parameter<'double'> = { type: 'double', default: 0.5, range: [0, 1], help: '' };
const PATH: Parameter<'string'> = { type: 'string', default: '', help: '' };
const MODE: Parameter<'string'> = { type: 'string', default: 'a', choices: ['a', 'b'], help: '' };
const COUNTS: Parameter<'integer_array'> = { type: 'integer_array', default: [0], range: [0, 8], help: '' };
const NAMES: Parameter<'string_array'> = { type: 'string_array', default: [], help: '' };
const PLACED: Parameter<'string_array'> = { type: 'string_array', default: [], placed: true, help: '' };

describe('checkParameter', () => {
  const accepts = (parameter: Parameter, value: unknown, expected = value): void =>
    assert.deepEqual(checkParameter('p', parameter, value), expected);
  const refuses = (parameter: Parameter, ...values: unknown[]): void => {
    for (const value of values) {
      assert.throws(() => checkParameter('p', parameter, value), ExpectationError, String(value));
    }
  };

  it('accepts true and false, and nothing similar', () => {
    accepts(SWITCH, false);
    accepts(SWITCH, true);
    refuses(SWITCH, 0, 1, 'true', '', null, undefined, [true]);
  });

  it('accepts integers within the range, including both ends and 64-bit integers', () => {
    accepts(COUNT, 0);
    accepts(COUNT, 8);
    accepts(COUNT, 3n, 3);
    refuses(COUNT, -1, 9, 9n, 1.5, NaN, Infinity, 2n ** 63n, '3', true, null, undefined, [3]);
    const free: Parameter<'integer'> = { type: 'integer', default: 0, help: '' };
    accepts(free, Number.MAX_SAFE_INTEGER);
    refuses(free, Number.MAX_SAFE_INTEGER + 1, Infinity);
  });

  it('accepts whole numbers for doubles, but not NaN', () => {
    accepts(SHARE, 0.25);
    accepts(SHARE, 1);
    accepts(SHARE, 1n, 1);
    refuses(SHARE, NaN, -1e-9, 1.0000001, 2n, Infinity, '0.5', false, null, undefined);
  });

  it('accepts any string, or one of the choices', () => {
    accepts(PATH, '');
    accepts(PATH, '/a b/ü.onnx');
    refuses(PATH, 5, null, undefined, ['a'], true);
    accepts(MODE, 'b');
    refuses(MODE, 'c', '', 'A', 0);
  });

  it('accepts lists of integers within the range, and a single one as a list', () => {
    accepts(COUNTS, [0, 8, 3]);
    accepts(COUNTS, []);
    accepts(COUNTS, 4, [4]);
    accepts(COUNTS, [1n, 2n], [1, 2]);
    refuses(COUNTS, [0, 9], [-1], [0.5], ['1'], '1', [null], null, undefined, true, [[1]], NaN);
    assert.equal(describeParameter(COUNTS), 'a list of integers from 0 to 8');
  });

  it('accepts a single string as a list, and numbers in a list, and drops empty strings', () => {
    accepts(NAMES, ['a', 'b']);
    accepts(NAMES, 'a', ['a']);
    accepts(NAMES, [0, 2], ['0', '2']);
    accepts(NAMES, 7, ['7']);
    accepts(NAMES, [''], []);
    accepts(NAMES, '', []);
    accepts(NAMES, ['a', '', 'b'], ['a', 'b']);
    accepts(NAMES, []);
    refuses(NAMES, true, [true], [['a']], null, undefined, {}, [null]);
  });

  it("keeps '' in a list with a place for each camera, unless there is nothing else", () => {
    accepts(PLACED, ['', 'b']);
    accepts(PLACED, ['a', '', '']);
    accepts(PLACED, ['', ''], []);
    accepts(PLACED, '', []);
    accepts(PLACED, 'a', ['a']);
  });

  it('says what was expected, for which parameter, and what was found', () => {
    assert.throws(() => checkParameter('score', SHARE, 1.5), {
      message: 'Expected a number from 0 to 1 for parameter score but received 1.5.',
    });
    assert.throws(() => checkParameter('masks', MODE, 'all'), {
      message: 'Expected one of a, b for parameter masks but received all.',
    });
  });
});

describe('descriptions and defaults', () => {
  it('describeParameter describes valid values', () => {
    assert.deepEqual([SWITCH, COUNT, SHARE, PATH, MODE, NAMES].map(describeParameter), [
      'true or false',
      'an integer from 0 to 8',
      'a number from 0 to 1',
      'a string',
      'one of a, b',
      'a list of strings',
    ]);
  });

  it('defaultsOf gives each parameter its default', () => {
    assert.deepEqual(defaultsOf({ a: SHARE, b: NAMES }), { a: 0.5, b: [] });
  });
});

for (const [node, table] of Object.entries<ParameterTable>({
  segment: SEGMENT_PARAMETERS,
  camera: CAMERA_PARAMETERS,
})) {
  describe(`parameters of ${node}`, () => {
    const rows = Object.entries(table);

    it('have names that ROS accepts', () => {
      assert.ok(rows.length > 5);
      for (const [name] of rows) assert.match(name, /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/);
    });

    it('have former names that ROS accepts, and that name nothing else', () => {
      const former = rows.flatMap(([, { was }]) => was ?? []);
      for (const name of former) assert.match(name, /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/);
      const all = [...rows.map(([name]) => name), ...former];
      assert.equal(new Set(all).size, all.length);
    });

    it('have defaults that pass their own check unchanged', () => {
      for (const [name, row] of rows) assert.deepEqual(checkParameter(name, row, row.default), row.default);
    });

    it('have help in the form that tables, comments and descriptors share', () => {
      for (const [name, { help }] of rows) {
        assert.ok(help.length > 10 && help.length <= 220, `${name}: ${help.length} letters`);
        assert.doesNotMatch(help, /[.\n|]$|^\s|\n|^[A-Z][a-z]+ /, `${name}: ${help}`);
      }
    });

    it('have a range for every number, and no range or choices for anything else', () => {
      for (const [name, { type, range, choices }] of rows) {
        assert.equal(range !== undefined, ['integer', 'double', 'integer_array'].includes(type), name);
        if (range) assert.ok(range[0] < range[1] && range.every(Number.isFinite), name);
        if (choices) {
          assert.equal(type, 'string', name);
          assert.equal(new Set(choices).size, choices.length, name);
        }
      }
    });
  });
}
