import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { guardSetParameters } from '../../../src/node/ros/set-parameters.js';

describe('guardSetParameters', () => {
  const request = (): { parameters: { name: string; value: Record<string, unknown> }[] } => ({
    parameters: [
      { name: 'a', value: { type: 7, integer_array_value: [1, 2] } },
      { name: 'b', value: { type: 3, double_value: 1, integer_array_value: [] } },
    ],
  });

  it('passes lists of integers in the type that the library needs', () => {
    const given = request();
    guardSetParameters((passed) => assert.equal(passed, given))(given, { template: {}, send() {} });
    assert.deepEqual(
      given.parameters.map(({ value }) => value['integer_array_value']),
      [[1n, 2n], []],
    );
  });

  it('responds to exceptions of the library, for both services', () => {
    const refused = { successful: false, reason: 'of another type' };
    for (const [template, expected] of [
      [{ results: [] }, { results: [refused, refused] }],
      [{ result: {} }, { result: refused }],
    ] as const) {
      const sent: object[] = [];
      const answer = guardSetParameters(() => {
        throw new Error('of another type');
      });
      answer(request(), { template, send: (response) => void sent.push(response) });
      assert.deepEqual(sent, [expected]);
    }
  });
});
