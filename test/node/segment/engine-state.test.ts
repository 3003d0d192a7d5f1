import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Engine } from '../../../src/engine/engine.js';
import { type EngineFacts, EngineHealth } from '../../../src/node/segment/engine-health.js';

const ENGINE = {
  kind: 'bpu',
  slots: 3,
  model: { file: '/models/yolo.bin', input: { width: 640, height: 480 } },
} as unknown as Engine;

function facts(changes: Partial<EngineFacts> = {}): EngineFacts {
  return {
    engine: ENGINE,
    modelName: 'yolo',
    classCount: 80,
    unknownClasses: 0,
    inFlight: 2,
    state: 'active',
    enabled: true,
    problem: undefined,
    middleware: 'rmw_test',
    ...changes,
  };
}

describe('the state of the engine', () => {
  const status = (changes?: Partial<EngineFacts>): ReturnType<EngineHealth['status']> =>
    new EngineHealth(() => 5000).status('robot/segment', facts(changes));

  it('reports the model, its engine and the frames in flight', () => {
    const { level, name, message, hardwareId, values } = status();
    assert.deepEqual(
      [level, name, message, hardwareId],
      ['ok', 'robot/segment: engine', 'yolo on bpu, active', 'bpu'],
    );
    const {
      lifecycle,
      enabled,
      engine,
      model,
      input,
      classes,
      slots,
      in_flight,
      middleware,
      node,
      last_problem,
    } = values;
    assert.deepEqual(
      { lifecycle, enabled, engine, model, input, classes, slots, in_flight, middleware, node, last_problem },
      {
        lifecycle: 'active',
        enabled: 'true',
        engine: 'bpu',
        model: '/models/yolo.bin',
        input: '640x480',
        classes: '80',
        slots: '3',
        in_flight: '2',
        middleware: 'rmw_test',
        node: process.version,
        last_problem: '',
      },
    );
    assert.ok(Number(values['memory_mb']) > 0);
    const busy = Number(values['js_thread_busy_percent']);
    assert.ok(busy >= 0 && busy <= 100, String(busy));
  });

  it('is OK before a model is loaded, and an error if one could not be loaded', () => {
    const none = status({ engine: undefined, state: 'unconfigured', classCount: 0 });
    assert.deepEqual([none.level, none.message], ['ok', 'unconfigured: no model is loaded']);
    assert.deepEqual([none.hardwareId, none.values['model'], none.values['slots']], ['none', '', '0']);
    const failed = status({ engine: undefined, state: 'unconfigured', problem: 'no such file' });
    assert.deepEqual([failed.level, failed.message], ['error', 'no such file']);
  });

  it('warns of a failed change of model while the old one is still used', () => {
    const { level, message, values } = status({ problem: 'a bad model', enabled: false });
    assert.deepEqual([level, message], ['warn', 'yolo on bpu, active, disabled; last problem: a bad model']);
    assert.deepEqual([values['last_problem'], values['enabled']], ['a bad model', 'false']);
  });
});
