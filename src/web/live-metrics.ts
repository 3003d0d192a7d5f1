import type { CameraStats } from './protocol/messages.js';
import type { CameraFeed } from './feed/camera-feed.js';
import type { Metric, Sample } from './metrics.js';
import type { LiveSource } from './source.js';

/** Counters of a camera's frames, with their help for Prometheus. */
const COUNTERS = [
  ['received', 'Frames that arrived.'],
  ['answered', 'Frames with a result.'],
  ['dropped', 'Frames replaced by newer ones while they waited for the engine.'],
  ['skipped', 'Frames left out because of max_rate.'],
  ['failed', 'Frames that could not be used.'],
  ['discarded', 'Frames discarded while the node was not active.'],
] as const satisfies readonly (readonly [keyof CameraStats, string])[];

/** The metrics of /metrics. @param clients pages and other programs that are connected */
export function liveMetrics(
  source: LiveSource,
  feeds: readonly CameraFeed[],
  version: string,
  clients: { readonly pages: number; readonly foxglove: number; readonly behind: number },
): Metric[] {
  const { name: model, engine } = source.model();
  const stats = source.cameras.map((camera, index) => ({ camera, ...source.stats(index) }));
  const { cpu, memory } = { cpu: process.cpuUsage(), memory: process.memoryUsage.rss() };
  const one = (value: number, labels?: Sample['labels']): Sample[] => [{ value, labels }];
  return [
    {
      name: 'info',
      type: 'gauge',
      help: 'Version, model and engine in use; always 1.',
      samples: one(1, { version, model, engine }),
    },
    {
      name: 'up',
      type: 'gauge',
      help: '1 unless something keeps results from coming, as /healthz says.',
      samples: one(source.problem() === undefined ? 1 : 0),
    },
    ...COUNTERS.map(([key, help]): Metric => ({
      name: `frames_${key}_total`,
      type: 'counter',
      help,
      samples: stats.map(({ camera, [key]: value }) => ({ labels: { camera }, value })),
    })),
    {
      name: 'stage_seconds',
      type: 'gauge',
      help: 'Duration of each stage, quantiles of the latest results.',
      samples: stats.flatMap(({ camera, stages }) =>
        Object.entries(stages).flatMap(([stage, [p50, p95, p99]]) =>
          Object.entries({ '0.5': p50, '0.95': p95, '0.99': p99 }).map(([quantile, value]) => ({
            labels: { camera, stage, quantile },
            value: value / 1000,
          })),
        ),
      ),
    },
    {
      name: 'web_clients',
      type: 'gauge',
      help: 'Connected pages and Foxglove clients.',
      samples: [
        { labels: { kind: 'page' }, value: clients.pages },
        { labels: { kind: 'foxglove' }, value: clients.foxglove },
      ],
    },
    {
      name: 'web_frames_sent_total',
      type: 'counter',
      help: 'Frames sent to pages.',
      samples: feeds.map(({ sent }, index) => ({
        labels: { camera: source.cameras[index]! },
        value: sent.frames,
      })),
    },
    {
      name: 'web_bytes_sent_total',
      type: 'counter',
      help: 'Bytes of frames sent to pages.',
      samples: feeds.map(({ sent }, index) => ({
        labels: { camera: source.cameras[index]! },
        value: sent.bytes,
      })),
    },
    {
      name: 'web_pictures_total',
      type: 'counter',
      help: 'Pictures encoded as JPEG; one serves all clients of the same size.',
      samples: feeds.map(({ encoded: value }, index) => ({
        labels: { camera: source.cameras[index]! },
        value,
      })),
    },
    {
      name: 'web_frames_behind_total',
      type: 'counter',
      help: 'Frames that connected pages did not get because they, or compression, were behind.',
      samples: one(clients.behind),
    },
    {
      name: 'process_cpu_seconds_total',
      type: 'counter',
      help: 'CPU time of the process.',
      samples: one((cpu.user + cpu.system) / 1e6),
    },
    {
      name: 'process_resident_memory_bytes',
      type: 'gauge',
      help: 'Memory of the process.',
      samples: one(memory),
    },
  ];
}
