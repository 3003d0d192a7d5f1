import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Engine } from '../../../src/engine/engine.js';
import { EngineHealth, type EngineFacts } from '../../../src/node/segment/engine-health.js';

const ENGINE = { kind: 'onnx', slots: 2, model: { file: '/m.onnx', input: { width: 640, height: 640 } } };
const FACTS: EngineFacts = {
  engine: ENGINE as unknown as Engine,
  modelName: 'm',
  classCount: 6,
  unknownClasses: 0,
  inFlight: 0,
  state: 'active',
  enabled: true,
  problem: undefined,
  middleware: 'rmw_test',
};

describe('EngineHealth', () => {
  it('warns for a minute of a problem that the engine survived, with its age', () => {
    let now = 5000;
    const health = new EngineHealth(() => now);
    const status = (problem: string | undefined): unknown[] => {
      const { level, message, values } = health.status('segment', { ...FACTS, problem });
      return [level, message, values['last_problem'], values['last_problem_age_s']];
    };
    assert.deepEqual(status(undefined), ['ok', 'm on onnx, active', '', undefined]);
    assert.deepEqual(status('no file'), ['warn', 'm on onnx, active; last problem: no file', 'no file', '0']);
    now += 60_000;
    assert.equal(status('no file')[0], 'warn');
    now += 1;
    assert.deepEqual(status('no file'), ['ok', 'm on onnx, active', 'no file', '60']);
    assert.deepEqual(status('other')[3], '0');
  });

  it('reports a problem as an error while there is no engine', () => {
    let now = 5000;
    const health = new EngineHealth(() => now);
    const facts: EngineFacts = { ...FACTS, engine: undefined, state: 'unconfigured', problem: 'no file' };
    health.status('segment', facts);
    now += 600_000;
    const { level, message } = health.status('segment', facts);
    assert.deepEqual([level, message], ['error', 'no file']);
  });
});
