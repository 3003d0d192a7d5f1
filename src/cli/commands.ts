import type { Loaders } from './program.js';

/** The commands of `tros-yolo-seg`, loaded on demand. */
export const COMMANDS: Loaders = {
  run: async () => (await import('./run.js')).run,
  live: async () => (await import('./live.js')).live,
  demo: async () => (await import('./demo.js')).demo,
  perf: async () => (await import('./perf.js')).perf,
  model: async () => (await import('./model.js')).model,
  eval: async () => (await import('./eval.js')).evaluate,
  info: async () => (await import('./info.js')).info,
  check: async () => (await import('./check.js')).check,
  completion: async () => (await import('./completion.js')).completionOf(COMMANDS),
};
