import type { Engine } from '../engine/engine.js';
import { type EngineSettings, openEngine as openModel } from '../engine/registry.js';
import { SEGMENT_PARAMETERS } from '../parameters/segment.js';
import type { Arguments, CliOptions } from './options.js';
import { choiceOption, fromParameter, numberOption } from './parameter-options.js';
import { colorRange } from './run-options.js';

/** Options of commands that run .bin models. */
export const BPU_OPTIONS = {
  name: fromParameter('model_name', 'NAME'),
  library: fromParameter('library', 'FILE'),
  core: fromParameter('bpu_core', 'N'),
  priority: fromParameter('bpu_priority', 'N'),
  timeout: fromParameter('bpu_timeout', 'MS'),
} as const satisfies CliOptions;

/** Settings of the engine that --engine, --threads and the options above give. */
export function engineSettings(args: Arguments): EngineSettings {
  return {
    engine: choiceOption(args, 'engine', SEGMENT_PARAMETERS.engine),
    threads: numberOption(args, 'threads', 'threads') || undefined,
    colorRange: colorRange(args),
    name: args.text('name'),
    library: args.text('library'),
    core: args.number('core'),
    priority: args.number('priority'),
    timeout: args.number('timeout'),
  };
}

/** Opens a model on the engine given with --engine. */
export function openEngine(
  file: string,
  args: Arguments,
  { slots }: { slots?: number } = {},
): Promise<Engine> {
  return openModel(file, { ...engineSettings(args), slots });
}
