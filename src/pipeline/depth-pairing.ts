import { type Clock, steadyClock } from '../base/clock.js';

export interface PairingOptions {
  /** Milliseconds by which the stamps of a pair may differ. */
  readonly tolerance: number;
  /** Number of depth pictures that are kept, and of results that may wait. */
  readonly queue: number;
  /** Milliseconds that a result may wait for its depth picture. */
  readonly timeout: number;
}

export interface PairingCounts {
  /** Depth pictures received. */
  readonly received: number;
  readonly paired: number;
  /** Results without a depth picture. */
  readonly unpaired: number;
  /** Depth pictures that came after their result had been given up. */
  readonly late: number;
}

interface Waiting<T> {
  readonly stamp: number;
  readonly value: T;
  readonly since: number;
}

/** Stamps that go back by more milliseconds: a bag starts over. */
const JUMP = 1000;

/**
 * Brings results and depth pictures together by their stamps: each result with the depth picture whose stamp is nearest, within the
 * tolerance. Results come out in their order.
 *
 * A result is decided as soon as no nearer picture can come: when one with its stamp or a later one is there. Otherwise it waits; at most
 * so many do, and each for a limited time. A picture may serve several results: depth cameras are slower.
 */
export class DepthPairing<Result, Depth> {
  #depths: Waiting<Depth>[] = [];
  #results: Waiting<Result>[] = [];
  /** Stamps of results that were given up lately. */
  #givenUp: number[] = [];
  #counts = { received: 0, paired: 0, unpaired: 0, late: 0 };

  /**
   * @param use called with each result, in order, and its depth picture; undefined: there is none
   */
  constructor(
    private readonly options: PairingOptions,
    private readonly use: (result: Result, depth: Depth | undefined) => void,
    private readonly clock: Clock = steadyClock,
  ) {}

  get counts(): PairingCounts {
    return this.#counts;
  }

  /** Number of results that wait. */
  get waiting(): number {
    return this.#results.length;
  }

  /** When the last picture came, on the clock; -Infinity: none has. */
  lastDepth = -Infinity;

  /** @param stamp milliseconds */
  addDepth(stamp: number, depth: Depth): void {
    this.#counts.received++;
    this.lastDepth = this.clock();
    const newest = this.#depths.at(-1);
    if (newest && stamp < newest.stamp - JUMP) this.#depths = [];
    const late = this.#givenUp.findIndex((given) => Math.abs(given - stamp) <= this.options.tolerance);
    if (late >= 0) {
      this.#counts.late++;
      this.#givenUp.splice(late, 1);
    }
    let at = this.#depths.length;
    while (at > 0 && this.#depths[at - 1]!.stamp > stamp) at--;
    this.#depths.splice(at, 0, { stamp, value: depth, since: this.lastDepth });
    if (this.#depths.length > this.options.queue) this.#depths.shift();
    this.#decide();
  }

  /** @param stamp milliseconds */
  addResult(stamp: number, result: Result): void {
    const newest = this.#results.at(-1);
    if (newest && stamp < newest.stamp - JUMP) this.flush();
    this.#results.push({ stamp, value: result, since: this.clock() });
    this.#decide();
    while (this.#results.length > this.options.queue) this.#release(this.#results.shift()!);
  }

  /** Gives up results that have waited too long. To be called regularly. */
  tick(): void {
    const limit = this.clock() - this.options.timeout;
    while (this.#results.length > 0 && this.#results[0]!.since <= limit)
      this.#release(this.#results.shift()!);
  }

  /** Decides about all that wait. */
  flush(): void {
    for (const waiting of this.#results.splice(0)) this.#release(waiting);
  }

  /** Forgets everything; results that wait are not used. */
  reset(): void {
    this.#depths = [];
    this.#results = [];
    this.#givenUp = [];
    this.lastDepth = -Infinity;
  }

  #decide(): void {
    const newest = this.#depths.at(-1)?.stamp ?? -Infinity;
    while (this.#results.length > 0 && this.#results[0]!.stamp <= newest)
      this.#release(this.#results.shift()!);
  }

  #release({ stamp, value }: Waiting<Result>): void {
    const depth = this.#nearest(stamp);
    if (depth === undefined) {
      this.#counts.unpaired++;
      this.#givenUp.push(stamp);
      if (this.#givenUp.length > this.options.queue) this.#givenUp.shift();
    } else this.#counts.paired++;
    this.use(value, depth?.value);
  }

  #nearest(stamp: number): Waiting<Depth> | undefined {
    let best: Waiting<Depth> | undefined;
    let least = this.options.tolerance;
    for (const depth of this.#depths) {
      const distance = Math.abs(depth.stamp - stamp);
      if (distance > least) continue;
      least = distance;
      best = depth;
    }
    return best;
  }
}
