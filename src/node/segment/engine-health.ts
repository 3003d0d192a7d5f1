import { type Clock, steadyClock } from '../../base/clock.js';
import type { Engine } from '../../engine/engine.js';
import type { DiagnosticLevel, DiagnosticStatus } from '../../message/write/diagnostic-array.js';
import type { LifecycleState } from '../ros/lifecycle.js';

/** Milliseconds for which a problem causes a warning although the engine works. */
const PROBLEM_MEMORY = 60_000;

/** The facts from which the engine's status is made. */
export interface EngineFacts {
  readonly engine: Engine | undefined;
  readonly modelName: string;
  readonly classCount: number;
  /** Number of instances left out so far, because their class number has no name. */
  readonly unknownClasses: number;
  readonly inFlight: number;
  readonly state: LifecycleState;
  readonly enabled: boolean;
  /** Why the last transition or the last change of model failed. */
  readonly problem: string | undefined;
  readonly middleware: string;
}

/** The diagnostics of the engine and of the JS thread. */
export class EngineHealth {
  #utilization = performance.eventLoopUtilization();
  #problem: string | undefined;
  #problemAt = 0;

  constructor(private readonly clock: Clock = steadyClock) {}

  status(node: string, facts: EngineFacts): DiagnosticStatus {
    const { engine } = facts;
    const utilization = performance.eventLoopUtilization();
    const busy = performance.eventLoopUtilization(utilization, this.#utilization).utilization;
    this.#utilization = utilization;
    const now = this.clock();
    if (facts.problem !== this.#problem) {
      this.#problem = facts.problem;
      this.#problemAt = now;
    }
    const age = now - this.#problemAt;
    const { level, message } = summary(facts, age);
    const { rss, external } = process.memoryUsage();
    return {
      level,
      name: `${node}: engine`,
      message,
      hardwareId: engine?.kind ?? 'none',
      values: {
        lifecycle: facts.state,
        enabled: String(facts.enabled),
        engine: engine?.kind ?? 'none',
        model: engine?.model.file ?? '',
        input: engine ? `${engine.model.input.width}x${engine.model.input.height}` : '',
        classes: String(facts.classCount),
        ...(facts.unknownClasses === 0 ? {} : { unknown_classes: String(facts.unknownClasses) }),
        slots: String(engine?.slots ?? 0),
        in_flight: String(facts.inFlight),
        js_thread_busy_percent: (100 * busy).toFixed(1),
        memory_mb: (rss / 2 ** 20).toFixed(0),
        external_memory_mb: (external / 2 ** 20).toFixed(0),
        middleware: facts.middleware,
        node: process.version,
        last_problem: facts.problem ?? '',
        ...(facts.problem === undefined ? {} : { last_problem_age_s: (age / 1000).toFixed(0) }),
      },
    };
  }
}

function summary(
  { engine, state, enabled, problem, modelName }: EngineFacts,
  problemAge: number,
): { level: DiagnosticLevel; message: string } {
  if (!engine) {
    return problem === undefined
      ? { level: 'ok', message: `${state}: no model is loaded` }
      : { level: 'error', message: problem };
  }
  const what = `${modelName} on ${engine.kind}, ${state}${enabled ? '' : ', disabled'}`;
  return problem === undefined || problemAge > PROBLEM_MEMORY
    ? { level: 'ok', message: what }
    : { level: 'warn', message: `${what}; last problem: ${problem}` };
}
