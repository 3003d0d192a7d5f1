import assert from 'node:assert/strict';
import { join } from 'node:path';
import { BpuEngine, type BpuEngineOptions } from '../../../src/engine/bpu/bpu-engine.js';
import { addon } from '../../../src/native/addon.js';
import { repository } from '../../data.js';

/** The emulated libdnn, built with the addon. */
export const EMULATOR = join(repository, 'build/native/emulator/libdnn.so');

const VARIABLE = 'TROS_YOLO_SEG_EMULATOR';

/** Real time after which a task that never comes is a failure: the JS thread is blocked, so mocha cannot tell. */
const PATIENCE = 100_000;

/** Runs `use` on a board configured so (docs/emulator.md); models loaded meanwhile see it. */
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

/** Opens an engine on the board that is configured, or else on one whose clock never waits: no frame is given up there. */
export function openEmulated(options: BpuEngineOptions): Promise<BpuEngine> {
  const open = (): Promise<BpuEngine> => BpuEngine.open({ library: EMULATOR, ...options });
  return process.env[VARIABLE] === undefined ? withEmulator('clock=fast', open) : open();
}

/** Has the board configured anew, which is done by loading a model: engines that are open see it, too. */
export async function reconfigure(configuration: string, file: string): Promise<void> {
  const engine = await withEmulator(configuration, () =>
    BpuEngine.open({ library: EMULATOR, file, slots: 1 }),
  );
  await engine.close();
}

/** What is alive on the board, and what was counted since the library was loaded. */
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

/** A board whose clock the test steps. */
export class SteppedBoard {
  readonly #native = addon().openEmulator(EMULATOR);
  readonly #before = boardReport();

  /** Lets so many microseconds go by. Afterwards the BPU has taken up, and told of, all that is due. */
  advance(microseconds: number): void {
    this.#native.advance(microseconds);
  }

  /** Blocks the JS thread until so many tasks are with the BPU or were, their slots' threads waiting for them. */
  untilTasks(count: number): void {
    const came = this.#native.awaitTasks(this.#before.awaited + count, PATIENCE);
    assert.ok(came, `${this.#since('awaited')} of ${count} tasks came`);
  }

  /** Tasks that the BPU is through with, well or not, and those that hung, since there is this object. */
  get succeeded(): number {
    return this.#since('succeeded');
  }
  get failed(): number {
    return this.#since('failed');
  }
  get hung(): number {
    return this.#since('hung');
  }
  /** Tasks that the BPU wrote results of after they were released. */
  get late(): number {
    return this.#since('late');
  }

  #since(count: keyof BoardReport): number {
    return boardReport()[count] - this.#before[count];
  }
}

/** Runs `use` on a board whose clock stands still until `use` steps it. */
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
