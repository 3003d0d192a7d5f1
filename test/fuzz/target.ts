import { ExpectationError } from '../../src/base/expect.js';
import { mutate, randomNumbers } from './mutate.js';

/** An input to begin with, and where the bytes are that carry structure. */
export interface FuzzSeed {
  readonly bytes: Uint8Array;
  readonly structure?: readonly (readonly [number, number])[];
}

/** What is fuzzed. Whatever the bytes are, `run` ends, and throws nothing but what it documents. */
export interface FuzzTarget {
  readonly name: string;
  readonly seeds: readonly FuzzSeed[];
  /**
   * @returns whether the input was read, rather than refused
   * @throws ExpectationError for what is refused; everything else is a finding
   */
  run(input: Uint8Array): Promise<boolean> | boolean;
  close?(): void;
}

/** A target in the making: its files are to lie in this folder. */
export type MakeTarget = (folder: string) => Promise<FuzzTarget>;

export interface FuzzRun {
  readonly seed: number;
  /** Called before each input with its number; false ends the run. */
  readonly going: (input: number) => boolean;
  /** Called with each input before it is run. */
  readonly about?: (bytes: Uint8Array) => void;
}

/** What a run saw. */
export interface FuzzTally {
  inputs: number;
  /** Inputs that were read in spite of what was changed. */
  read: number;
  /** Milliseconds of the slowest input. */
  slowest: number;
}

/** Bytes that the process may take, however large an input claims to be. */
const MOST_MEMORY = 2 ** 31;

/**
 * Runs a target on its seeds, which must be read, and then on changed ones: the same for the same seed.
 *
 * @throws the first finding, with the number of its input
 */
export async function fuzz(target: FuzzTarget, { seed, going, about }: FuzzRun): Promise<FuzzTally> {
  for (const [number, { bytes }] of target.seeds.entries()) {
    about?.(bytes);
    if (!(await runOne(target, bytes, `seed input ${number}`))) {
      throw new Error(`${target.name}: seed input ${number} is not read`);
    }
  }
  const tally: FuzzTally = { inputs: 0, read: 0, slowest: 0 };
  for (let input = 0; going(input); input++) {
    const random = randomNumbers(seed * 1_000_003 + input);
    const { bytes, structure } = target.seeds[input % target.seeds.length]!;
    const changed = mutate(bytes, random, structure);
    about?.(changed);
    const start = performance.now();
    if (await runOne(target, changed, `input ${input} of seed ${seed}`)) tally.read++;
    tally.slowest = Math.max(tally.slowest, performance.now() - start);
    tally.inputs++;
    if (input % 64 === 0 && process.memoryUsage.rss() > MOST_MEMORY) {
      throw new Error(`${target.name}: ${process.memoryUsage.rss()} bytes of memory after input ${input}`);
    }
  }
  return tally;
}

/** @returns whether the input was read @throws a finding */
export async function runOne(target: FuzzTarget, bytes: Uint8Array, place: string): Promise<boolean> {
  try {
    return await target.run(bytes);
  } catch (error) {
    if (error instanceof ExpectationError) return false;
    throw new Error(`${target.name}: ${place} fails in another way`, { cause: error });
  }
}

/** A target whose inputs begin with a byte that says what the others are. */
export function tagged(tag: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.of(tag), bytes]);
}
