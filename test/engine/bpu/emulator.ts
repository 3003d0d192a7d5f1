import assert from 'node:assert/strict';
import { join } from 'node:path';
import { BpuEngine, type BpuEngineOptions } from '../../../src/engine/bpu/bpu-engine.js';
import { addon } from '../../../src/native/addon.js';
import { repository } from '../../data.js';

/** The emulated libdnn, built with the addon. */
export const EMULATOR = join(repository, 'build/native/emulator/libdnn.so');

const VARIABLE = 'TROS_YOLO_SEG_EMULATOR';

/** Real time after which a missing task is a failure: the JS thread is blocked, so mocha cannot notice. */
const PATIENCE = 100_000;

/** Runs `use` on a board with this configuration (docs/emulator.md); it applies to models loaded meanwhile. */
export async function withEmulator<T>(configuration: string, use: () => Promise<T>): Promise<T> {
  const before = process.env[VARIABLE];
  process.env[VARIABLE] = configuration;
  try {
    return await use();
  } finally {
    if (before === undefined) delete process.env[VARIABLE];
    else process.env[VARIABLE] = before;
  }
}

/** Opens an engine on the configured board, or else on one whose clock never waits, so that no frame times out. */
export function openEmulated(options: BpuEngineOptions): Promise<BpuEngine> {
  const open = (): Promise<BpuEngine> => BpuEngine.open({ library: EMULATOR, ...options });
  return process.env[VARIABLE] === undefined ? withEmulator('clock=fast', open) : open();
}

/** Applies the configuration by loading a model; it affects open engines, too. */
export async function reconfigure(configuration: string, file: string): Promise<void> {
  const engine = await withEmulator(configuration, () =>
    BpuEngine.open({ library: EMULATOR, file, slots: 1 }),
  );
  await engine.close();
}

/** Live objects of the board, and counters since the library was loaded. */
export type BoardReport = Readonly<
  Record<
    | 'tasksAlive'
    | 'blocksAlive'
    | 'modelsAlive'
    | 'violations'
    | 'submitted'
    | 'awaited'
    | 'succeeded'
    | 'failed'
    | 'hung'
    | 'canceled'
    | 'late'
    | 'mostTasks',
    number
  >
>;

export function boardReport(): BoardReport {
  return JSON.parse(addon().openEmulator(EMULATOR).report()) as BoardReport;
}

/** A board whose clock the test advances. */
export class SteppedBoard {
  readonly #native = addon().openEmulator(EMULATOR);
  readonly #before = boardReport();

  /** Advances the clock by so many microseconds. Afterwards the BPU has started and reported everything that is due. */
  advance(microseconds: number): void {
    this.#native.advance(microseconds);
  }

  /** Blocks the JS thread until so many tasks have been submitted to the BPU and their slots' threads wait for them. */
  untilTasks(count: number): void {
    const came = this.#native.awaitTasks(this.#before.awaited + count, PATIENCE);
    assert.ok(came, `${this.#since('awaited')} of ${count} tasks came`);
  }

  /** Tasks that the BPU has finished, successfully or not, and hanging ones, since this object was created. */
  get succeeded(): number {
    return this.#since('succeeded');
  }
  get failed(): number {
    return this.#since('failed');
  }
  get hung(): number {
    return this.#since('hung');
  }
  /** Tasks whose results the BPU wrote after their release. */
  get late(): number {
    return this.#since('late');
  }

  #since(count: keyof BoardReport): number {
    return boardReport()[count] - this.#before[count];
  }
}

/** Runs `use` on a board whose clock only advances when `use` advances it. */
export function onSteppedBoard<T>(
  configuration: string,
  use: (board: SteppedBoard) => Promise<T>,
): Promise<T> {
  return withEmulator(`clock=manual,${configuration}`, async () => {
    const board = new SteppedBoard();
    try {
      return await use(board);
    } catch (error) {
      // The engine of a test that failed is still open; with tasks on a clock that stands still, the process would not end.
      for (let i = 0; i < 100 && boardReport().tasksAlive > 0; i++) board.advance(10_000_000);
      throw error;
    }
  });
}
