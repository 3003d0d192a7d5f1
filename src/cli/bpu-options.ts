import { BpuEngine } from '../engine/bpu-engine.js';
import type { Engine } from '../engine/engine.js';
import { OnnxEngine } from '../engine/onnx-engine.js';
import { expectOneOf } from '../expect.js';
import { ensureHeads } from '../model/heads-cache.js';
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

/**
 * Opens a model on the engine asked for with --engine: without it, .bin files on the BPU and all others on ONNX Runtime.
 * A stock export is cut into its heads first; the cut copy is kept for the next time.
 */
export function openEngine(
  file: string,
  args: Arguments,
  { slots, threads }: { slots?: number; threads?: number | undefined } = {},
): Promise<Engine> {
  const fitting = file.toLowerCase().endsWith('.bin') ? 'bpu' : 'onnx';
  const engine = expectOneOf('--engine', args.text('engine') ?? fitting, ['onnx', 'bpu']);
  if (engine === 'onnx') {
    return OnnxEngine.open({
      file: ensureHeads(file),
      slots,
      threads,
      colorRange: colorRange(args),
    });
  }
  return BpuEngine.open({
    file,
    slots,
    name: args.text('name'),
    library: args.text('library'),
    core: args.number('core'),
    priority: args.number('priority'),
    timeout: args.number('timeout'),
  });
}
