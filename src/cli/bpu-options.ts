import type { Engine } from '../engine/engine.js';
import { expectOneOf } from '../expect.js';
import { ENGINES, openEngine as openModel } from '../pipeline/open-engine.js';
import type { Arguments, CliOptions } from './options.js';
import { colorRange } from './run-options.js';

/** Options of commands that run .bin models. */
export const BPU_OPTIONS = {
  name: { type: 'string', value: 'NAME', help: 'model within a .bin file that has several' },
  library: {
    type: 'string',
    value: 'FILE',
    help: 'libdnn.so (default: $TROS_YOLO_SEG_LIBDNN, else where RDK X5 and X3 have it)',
  },
  core: { type: 'string', value: 'N', help: 'BPU core: 0 any (default), 1 or 2; X5 has one' },
  priority: { type: 'string', value: 'N', help: 'priority on the BPU, 0 (default) to 255' },
  timeout: {
    type: 'string',
    value: 'MS',
    help: 'milliseconds after which a frame is given up (default 5000)',
  },
} as const satisfies CliOptions;

/** Opens a model on the engine asked for with --engine. */
export function openEngine(
  file: string,
  args: Arguments,
  { slots, threads }: { slots?: number; threads?: number | undefined } = {},
): Promise<Engine> {
  return openModel(file, {
    engine: expectOneOf('--engine', args.text('engine') ?? 'auto', ENGINES),
    slots,
    threads,
    colorRange: colorRange(args),
    name: args.text('name'),
    library: args.text('library'),
    core: args.number('core'),
    priority: args.number('priority'),
    timeout: args.number('timeout'),
  });
}
