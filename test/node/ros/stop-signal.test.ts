import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'mocha';
import { StopSignal } from '../../../src/node/ros/stop-signal.js';

describe('StopSignal', () => {
  function signals() {
    const codes: number[] = [];
    const emitter = Object.assign(new EventEmitter(), { exit: (code: number) => void codes.push(code) });
    return { emitter, codes, stop: new StopSignal(emitter) };
  }

  it('calls the handler at every signal', () => {
    const { emitter, codes, stop } = signals();
    let ends = 0;
    stop.onStop(() => ends++);
    assert.equal(ends, 0);
    emitter.emit('SIGINT');
    emitter.emit('SIGTERM');
    assert.equal(ends, 2);
    assert.deepEqual(codes, []);
  });

  it('remembers a signal that came during the start', () => {
    const { emitter, codes, stop } = signals();
    assert.ok(!stop.received);
    emitter.emit('SIGTERM');
    assert.ok(stop.received);
    let ends = 0;
    stop.onStop(() => ends++);
    assert.equal(ends, 1);
    assert.deepEqual(codes, []);
  });

  it('ends the process at the second signal during the start', () => {
    for (const [signal, code] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      const { emitter, codes } = signals();
      emitter.emit(signal);
      assert.deepEqual(codes, []);
      emitter.emit(signal);
      assert.deepEqual(codes, [code]);
    }
  });
});
