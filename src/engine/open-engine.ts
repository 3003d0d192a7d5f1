import { BpuEngine } from './bpu/bpu-engine.js';
import type { Engine } from './engine.js';
import { OnnxEngine } from './onnx/onnx-engine.js';
import type { ColorRange } from '../vision/picture/color-range.js';
import { runnableModel } from '../model/prepare/heads-cache.js';

/** Values of the setting `engine`. */
export const ENGINES = ['auto', 'onnx', 'bpu'] as const;

export interface EngineSettings {
  /** `auto` runs .bin files on the BPU and all others on ONNX Runtime. @default 'auto' */
  readonly engine?: (typeof ENGINES)[number] | undefined;
  /** Frames processed at the same time. @default 2 */
  readonly slots?: number | undefined;
  /** Threads of the ONNX engine. @default the number of cores */
  readonly threads?: number | undefined;
  /** Color range for the ONNX engine; models for the BPU have it built in. @default 'full' */
  readonly colorRange?: ColorRange | undefined;
  /** Name of the model, if a .bin file has several. */
  readonly name?: string | undefined;
  /** Path of libdnn.so. */
  readonly library?: string | undefined;
  readonly core?: number | undefined;
  readonly priority?: number | undefined;
  /** Milliseconds after which a frame on the BPU fails. */
  readonly timeout?: number | undefined;
}

/**
 * Opens a model on the engine that suits it. A stock ONNX export is first cut into its heads, unless it selects its
 * instances itself or cannot be cut. The cut copy is cached.
 *
 * Rejects with an ExpectationError if the model cannot be used.
 */
export async function openEngine(file: string, settings: EngineSettings = {}): Promise<Engine> {
  const { engine = 'auto', slots, threads, colorRange, ...bpu } = settings;
  const fitting = file.toLowerCase().endsWith('.bin') ? 'bpu' : 'onnx';
  // A spare slot keeps the BPU busy while a result is decoded.
  if ((engine === 'auto' ? fitting : engine) === 'bpu')
    return BpuEngine.open({ file, slots, spare: 1, ...bpu });
  return OnnxEngine.open({ ...runnableModel(file), slots, threads, colorRange });
}
