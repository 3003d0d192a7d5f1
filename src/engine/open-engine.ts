import { BpuEngine } from './bpu/bpu-engine.js';
import type { Engine } from './engine.js';
import { OnnxEngine } from './onnx/onnx-engine.js';
import type { ColorRange } from '../vision/picture/color-range.js';
import { runnableModel } from '../model/prepare/heads-cache.js';

/** Values of the setting `engine`. */
export const ENGINES = ['auto', 'onnx', 'bpu'] as const;

export interface EngineSettings {
  /** `auto`: .bin files on the BPU and all others on ONNX Runtime. @default 'auto' */
  readonly engine?: (typeof ENGINES)[number] | undefined;
  /** Frames at work at once. @default 2 */
  readonly slots?: number | undefined;
  /** Of the ONNX engine. @default the number of cores */
  readonly threads?: number | undefined;
  /** Of the ONNX engine; models for the BPU have it built in. @default 'full' */
  readonly colorRange?: ColorRange | undefined;
  /** Model within a .bin file that has several. */
  readonly name?: string | undefined;
  /** Path of libdnn.so. */
  readonly library?: string | undefined;
  readonly core?: number | undefined;
  readonly priority?: number | undefined;
  /** Milliseconds after which a frame on the BPU is given up. */
  readonly timeout?: number | undefined;
}

/**
 * Opens a model on the engine for it. A stock ONNX export is cut into its heads first, unless it chooses its instances itself or
 * cannot be cut; the cut copy is kept for the next time.
 *
 * Rejects with an ExpectationError when the model cannot be used.
 */
export async function openEngine(file: string, settings: EngineSettings = {}): Promise<Engine> {
  const { engine = 'auto', slots, threads, colorRange, ...bpu } = settings;
  const fitting = file.toLowerCase().endsWith('.bin') ? 'bpu' : 'onnx';
  // A spare slot: the BPU works on while a result is decoded.
  if ((engine === 'auto' ? fitting : engine) === 'bpu')
    return BpuEngine.open({ file, slots, spare: 1, ...bpu });
  return OnnxEngine.open({ ...runnableModel(file), slots, threads, colorRange });
}
