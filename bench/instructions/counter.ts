import { readFileSync } from 'node:fs';
import { ExpectationError } from '../../src/base/expect.js';

/** Instructions of one run, by thread. */
export interface Counts {
  /** Of the thread that called: JavaScript's. */
  readonly own: number;
  /** Of all others by their name (native/thread_name.h); those of one name together. */
  readonly others: Readonly<Record<string, number>>;
}

/** Runs of a window, between two looks at the counters. */
const WINDOW = 4;
/** Windows in succession that must agree before their count is believed: compilers and the collector are through then. */
const AGREEING = 3;
const AGREEMENT = 0.005;
/** For other threads together, some of which have a compiler of their own. */
const AGREEMENT_OF_OTHERS = 0.03;
/** The thread whose work is not that of the robot's processor: the emulated BPU itself, whose waits vary. */
const HARDWARE = 'emulated BPU';
const MOST_WINDOWS = 40;
/**
 * What a case executes before anything is counted, and the most runs of that: V8 compiles by how often a function was called, and a dozen runs of a
 * cheap one leave it in a slower tier in one process and not in the next. A node runs each some thousand times a minute.
 */
const WARM_UP = 150e6;
const MOST_WARM_RUNS = 1000;

/**
 * Counts what a run costs, within QEMU and its plugin (bench/instructions/plugin.c).
 *
 * Looking costs some thousand instructions itself; what a window without runs takes is subtracted.
 */
export class InstructionCounter {
  readonly #file: string;
  #look: Counts = { own: 0, others: {} };

  /** @param file that the plugin was told */
  constructor(file: string) {
    this.#file = file;
  }

  /**
   * Instructions of one run, when the function is warm.
   *
   * @param run may return a promise: then whatever the threads do until it settles is counted
   */
  async count(run: () => unknown): Promise<Counts> {
    // Looks are measured whole: without what they cost for the case before.
    this.#look = { own: 0, others: {} };
    this.#look = scale(await this.#settle(() => undefined), WINDOW);
    await this.#warmUp(run);
    return this.#settle(run);
  }

  async #warmUp(run: () => unknown): Promise<void> {
    let executed = 0;
    for (let runs = 0; runs < MOST_WARM_RUNS && executed < WARM_UP; runs += WINDOW) {
      executed += WINDOW * (await this.#window(run)).own;
    }
  }

  /** Windows until the last ones agree; of those the one in the middle. */
  async #settle(run: () => unknown): Promise<Counts> {
    const windows: Counts[] = [];
    for (let count = 0; count < MOST_WINDOWS; count++) {
      windows.push(await this.#window(run));
      if (windows.length > AGREEING) windows.shift();
      const settled =
        agree(
          windows.map(({ own }) => own),
          AGREEMENT,
        ) && agree(windows.map(sumOfOthers), AGREEMENT_OF_OTHERS);
      if (windows.length === AGREEING && settled) break;
    }
    return windows.sort((a, b) => a.own - b.own)[Math.floor(windows.length / 2)]!;
  }

  async #window(run: () => unknown): Promise<Counts> {
    const before = this.#read();
    for (let i = 0; i < WINDOW; i++) {
      const pending = run();
      if (pending instanceof Promise) await pending;
    }
    const after = this.#read();
    return scale(subtract(subtract(after, before), this.#look), 1 / WINDOW);
  }

  #read(): Counts {
    process.umask(0o22);
    const others: Record<string, number> = {};
    let own: number | undefined;
    for (const line of readFileSync(this.#file, 'utf8').trimEnd().split('\n')) {
      const [, count, mark, name] = /^(\d+) ([*-]) (.*)$/.exec(line) ?? [];
      if (mark === '*') own = Number(count);
      else if (name !== undefined) others[name] = (others[name] ?? 0) + Number(count);
    }
    if (own === undefined) {
      throw new ExpectationError('counts of the plugin of bench/instructions', `none in ${this.#file}`);
    }
    return { own, others };
  }
}

/** Instructions of all threads but the caller's and the emulated BPU's. */
export function sumOfOthers({ others }: Counts): number {
  return Object.entries(others).reduce((all, [name, count]) => (name === HARDWARE ? all : all + count), 0);
}

function agree(counts: readonly number[], share: number): boolean {
  const most = Math.max(...counts);
  return most - Math.min(...counts) <= Math.max(200, share * most);
}

function subtract(a: Counts, b: Counts): Counts {
  const others = Object.fromEntries(
    Object.entries(a.others).map(([name, count]) => [name, count - (b.others[name] ?? 0)]),
  );
  return { own: a.own - b.own, others };
}

function scale({ own, others }: Counts, factor: number): Counts {
  const scaled = Object.entries(others).map(([name, count]) => [name, count * factor] as const);
  return { own: own * factor, others: Object.fromEntries(scaled) };
}
