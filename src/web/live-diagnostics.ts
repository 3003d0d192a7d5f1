import type { DiagnosticStatus } from '../message/write/diagnostic-array.js';
import type { LiveSource } from './source.js';

/** The state of the engine and the cameras for /diagnostics, for a source that gives no `diagnostics` of its own. */
export function liveDiagnostics(source: LiveSource): DiagnosticStatus[] {
  const problem = source.problem();
  const { name: model, engine, width, height } = source.model();
  const state = { level: problem === undefined ? 'ok' : 'error' } as const;
  return [
    {
      ...state,
      name: 'segment: engine',
      message: problem ?? 'Running',
      hardwareId: engine,
      values: { model, engine, input: `${width}x${height}` },
    },
    ...source.cameras.map((camera, index): DiagnosticStatus => {
      const { stages, ...counts } = source.stats(index);
      const numbers = Object.entries(counts).map(([key, value]) => [key, String(value)] as const);
      const times = Object.entries(stages).flatMap(([stage, [p50, p95, p99]]) =>
        Object.entries({ p50, p95, p99 }).map(
          ([quantile, value]) => [`${stage}_ms_${quantile}`, value.toFixed(2)] as const,
        ),
      );
      return {
        level: counts.received === 0 ? 'warn' : 'ok',
        name: `segment: ${camera}`,
        message: counts.received === 0 ? 'No frames yet' : 'Running',
        hardwareId: engine,
        values: Object.fromEntries([...numbers, ...times]),
      };
    }),
  ];
}
