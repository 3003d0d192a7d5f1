import { BpuEngine } from '../engine/bpu-engine.js';
import type { Engine } from '../engine/engine.js';
import { OnnxEngine } from '../engine/onnx-engine.js';
import type { Arguments, CliOptions } from './options.js';

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

/** Opens a .bin model on the BPU, and any other on ONNX Runtime. */
export function openEngine(file: string, slots: number, args: Arguments): Promise<Engine> {
  if (!file.toLowerCase().endsWith('.bin')) return OnnxEngine.open({ file, slots });
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
