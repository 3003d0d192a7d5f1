import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { parseClassTypes } from '../../src/model/class-types.js';

const LABELS = ['person', 'traffic light', 'a=b'];
const OPTION = 'parameter tros_types';

describe('parseClassTypes', () => {
  const parse = (...pairs: string[]): [number, string][] => [...parseClassTypes(OPTION, pairs, LABELS)];

  it('accepts names in any case, ids, spaces, and names with an equals sign', () => {
    assert.deepEqual(parse('Person=body', ' traffic light = red hand ', 'a=b=x'), [
      [0, 'body'],
      [1, 'red hand'],
      [2, 'x'],
    ]);
    assert.deepEqual(parse('1=hand'), [[1, 'hand']]);
    assert.deepEqual(parse(), []);
  });

  it('names the setting, what was expected, and what was found', () => {
    assert.throws(() => parse('person'), {
      message: 'Expected CLASS=TYPE for parameter tros_types but received person. For example person=body.',
    });
    assert.throws(() => parse('cat=body'), {
      message:
        'Expected a class name or id of the model for parameter tros_types but received cat. It knows person, traffic light, a=b.',
    });
  });

  it('refuses an entry without a type', () => {
    for (const pair of ['', 'person', 'person=', 'person= ', 'person==', 'person= =', 'person==\t']) {
      assert.throws(() => parse(pair), /CLASS=TYPE for parameter tros_types/, pair);
    }
  });

  it('refuses an entry without a class', () => {
    for (const pair of ['=', '=body', ' =body', '3=body', 'a=body', 'person==body']) {
      assert.throws(() => parse(pair), /parameter tros_types/, pair);
    }
  });

  it('refuses a second type for a class, by name or id', () => {
    assert.throws(() => parse('person=body', 'PERSON=head'), {
      message:
        'Expected one type for each class in parameter tros_types but received PERSON=head, and body before. Class 0 is person.',
    });
    assert.throws(() => parse('person=body', '0=body'), /one type for each class/);
  });
});
