/** What a case is compared with: measured in turn with it, so that whatever else the machine does falls on both alike. */
export interface Yardstick {
  /** As the table heads its ratios: "linear", "memcpy". */
  readonly name: string;
  readonly run: () => unknown;
}

/** One thing that is measured. */
export interface Case {
  readonly name: string;
  /** Once; what it returns is awaited if it is a promise. */
  readonly run: () => unknown;
  readonly yardsticks?: readonly Yardstick[] | undefined;
}

/** Milliseconds of one run. */
export interface Times {
  readonly runs: number;
  readonly median: number;
  readonly p95: number;
  /** Absent where a program that was run does not tell it. */
  readonly p99?: number | undefined;
}

/** What came of one case. */
export interface Figure {
  readonly bench: string;
  readonly name: string;
  readonly times?: Times | undefined;
  /** Bytes allocated in one run: heap and array buffers. */
  readonly bytes?: number | undefined;
  /** Medians of the ratios, run by run, to each yardstick. */
  readonly ratios: Readonly<Record<string, number>>;
  /** Anything else that was measured, the unit in the name: "FPS", "busy %". */
  readonly values: Readonly<Record<string, number>>;
}

/** A figure without the name of its bench, as benches give it. */
export type Result = Partial<Omit<Figure, 'bench' | 'name'>> & Pick<Figure, 'name'>;

/** What a bench is given. */
export interface BenchContext {
  /** A few runs only, to see that it works; the figures mean nothing. */
  readonly quick: boolean;
  /** Measures cases one after the other, each in turn with its yardsticks. */
  readonly measure: (cases: readonly Case[]) => Promise<Result[]>;
  /** Something begins that is measured without measure(). */
  readonly begin: (what: string) => void;
  /** A result that is there before the others. */
  readonly tell: (result: Result) => void;
  /** Tells the reader what was left out, and why. */
  readonly note: (text: string) => void;
}

/**
 * A bench: one file in bench/benches that exports it as `bench`. That is all; the suite finds it by its file name, which is
 * its name, too.
 */
export interface Bench {
  /** One line for --list. */
  readonly summary: string;
  readonly run: (context: BenchContext) => Promise<readonly Result[]>;
}
