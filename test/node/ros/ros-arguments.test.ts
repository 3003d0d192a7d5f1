import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { enclaveOf } from '../../../src/node/ros/ros-arguments.js';

describe('enclaveOf', () => {
  it('reads the last enclave within --ros-args', () => {
    for (const [line, enclave] of [
      ['node segment', undefined],
      ['node segment --enclave /no', undefined],
      ['node segment --ros-args -r a:=b --enclave /front', '/front'],
      ['node segment --ros-args -e /front -- --enclave /no', '/front'],
      ['node segment --ros-args -e /front -- x --ros-args -p a:=1 -e /rear', '/rear'],
      ['node segment --ros-args --enclave', undefined],
    ] as const) {
      assert.equal(enclaveOf(line.split(' ')), enclave, line);
    }
  });
});
