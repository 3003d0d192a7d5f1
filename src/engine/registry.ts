import { extname } from 'node:path';
import { expectOneOf } from '../base/expect.js';
import { rowNames } from '../base/row-names.js';
import { BpuEngine } from './bpu/bpu-engine.js';
import type { Engine } from './engine.js';
import { OnnxEngine } from './onnx/onnx-engine.js';
import type { ColorRange } from '../vision/picture/color-range.js';
import { runnableModel } from '../model/prepare/heads-cache.js';

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

/** One engine: its folder in src/engine/, and a row of ENGINE_TABLE. */
interface EngineRow {
  /** Endings of the files that it takes where nobody chooses an engine, in small letters. */
  readonly endings: readonly string[];
  /** Rejects with an ExpectationError when the model cannot be used. */
  open(file: string, settings: EngineSettings): Promise<Engine>;
}

/** All engines, by the names that the setting `engine` takes. */
const ENGINE_TABLE = {
  onnx: {
    endings: ['.onnx'],
    open: async (file, { slots, threads, colorRange }) =>
      OnnxEngine.open({ ...runnableModel(file), slots, threads, colorRange }),
  },
  bpu: {
    endings: ['.bin'],
    // A spare slot keeps the BPU busy while a result is decoded.
    open: (file, { slots, name, library, core, priority, timeout }) =>
      BpuEngine.open({ file, slots, spare: 1, name, library, core, priority, timeout }),
  },
} as const satisfies Readonly<Record<string, EngineRow>>;

/** The engine for files of unknown ending: its errors describe a wrong file best. */
const FALLBACK = 'onnx';

const ENGINE_NAMES = rowNames(ENGINE_TABLE);
/** Values of the setting `engine`. */
export const ENGINES = ['auto', ...ENGINE_NAMES] as const;

/**
 * Opens a model on the engine that suits it. A stock ONNX export is first cut into its heads, unless it selects its
 * instances itself or cannot be cut. The cut copy is cached.
 *
 * Rejects with an ExpectationError if the model cannot be used.
 */
export async function openEngine(file: string, settings: EngineSettings = {}): Promise<Engine> {
  const engine = expectOneOf('engine', settings.engine ?? 'auto', ENGINES);
  return ENGINE_TABLE[engine === 'auto' ? fitting(file) : engine].open(file, settings);
}

function fitting(file: string): (typeof ENGINE_NAMES)[number] {
  const rows: Readonly<Record<string, EngineRow>> = ENGINE_TABLE;
  const ending = extname(file).toLowerCase();
  return ENGINE_NAMES.find((name) => rows[name]!.endings.includes(ending)) ?? FALLBACK;
}
