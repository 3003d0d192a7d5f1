import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Milliseconds that something has taken. */
export interface Used {
  /** Of computing, all threads together; undefined where nobody counts it. */
  readonly cpu: number | undefined;
  readonly wall: number;
}

/** Milliseconds that one input may take. */
export interface HangLimits {
  readonly cpu: number;
  readonly wall: number;
}

/**
 * Inputs take milliseconds. A busy machine makes them wait, but not compute, so that the limit of computing is near and that of waiting
 * far away.
 */
export const HANG_LIMITS: HangLimits = { cpu: 30_000, wall: 600_000 };

/**
 * Tells whether an input hangs: it computes without end, or waits for what does not come.
 *
 * @param used what the work has taken so far, on clocks that only go forward
 */
export class HangWatch {
  readonly #used: () => Used;
  #since: Used;

  constructor(
    used: () => Used,
    private readonly limits: HangLimits = HANG_LIMITS,
  ) {
    this.#used = used;
    this.#since = used();
  }

  /** The next input has begun. */
  next(): void {
    this.#since = this.#used();
  }

  /** @returns how the input hangs; undefined if it does not */
  verdict(): string | undefined {
    const { cpu, wall } = this.#used();
    const computed = (cpu ?? 0) - (this.#since.cpu ?? 0);
    if (computed > this.limits.cpu) return `computes for more than ${this.limits.cpu / 1000} s`;
    if (wall - this.#since.wall > this.limits.wall) return `takes longer than ${this.limits.wall / 1000} s`;
    return undefined;
  }
}

/** Milliseconds of a clock tick in /proc, which are 1/100 s on every Linux (USER_HZ). */
const TICK = 10;

/**
 * Milliseconds that a process has computed, all its threads together (proc_pid_stat(5): utime and stime).
 *
 * @returns undefined when there is no such process, or no /proc
 */
export function cpuOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is a name in parentheses, and may contain anything. What follows begins with the third.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return TICK * (Number(fields[11]) + Number(fields[12]));
  } catch {
    return undefined;
  }
}

/** How a child process ended. */
export interface ChildEnd {
  /** How it hung, if it was killed for that. */
  readonly hung: string | undefined;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Milliseconds between two looks at a process. */
const LOOK = 200;

/**
 * Waits for the end of a process, each of whose messages says that it begins another input, and kills it when one hangs.
 */
export function watchChild(child: ChildProcess, limits: HangLimits = HANG_LIMITS): Promise<ChildEnd> {
  const watch = new HangWatch(() => ({ cpu: cpuOf(child.pid!), wall: performance.now() }), limits);
  let hung: string | undefined;
  child.on('message', () => watch.next());
  const clock = setInterval(() => {
    hung ??= watch.verdict();
    if (hung !== undefined) child.kill('SIGKILL');
  }, LOOK);
  return new Promise((resolve) => {
    child.on('exit', (code, signal) => {
      clearInterval(clock);
      resolve({ hung: signal === 'SIGKILL' ? hung : undefined, code, signal });
    });
  });
}
