/** A reference for a case. Both are measured in turn, so that other load on the machine affects them alike. */
export interface Yardstick {
  /** Heading of its ratios in the table: "linear", "memcpy". */
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
  /** Absent if an external program does not report it. */
  readonly p99?: number | undefined;
}

/** The result of one case. */
export interface Figure {
  readonly bench: string;
  readonly name: string;
  readonly times?: Times | undefined;
  /** Bytes allocated in one run: heap and array buffers. */
  readonly bytes?: number | undefined;
  /** Medians of the ratios, run by run, to each yardstick. */
  readonly ratios: Readonly<Record<string, number>>;
  /** Other measurements, with the unit in the name: "FPS", "busy %". */
  readonly values: Readonly<Record<string, number>>;
}

/** A figure without the name of its bench. */
export type Result = Partial<Omit<Figure, 'bench' | 'name'>> & Pick<Figure, 'name'>;

/** The context passed to a bench. */
export interface BenchContext {
  /** Only a few runs, to check that it works; the figures are meaningless. */
  readonly quick: boolean;
  /** Measures cases one after the other, each in turn with its yardsticks. */
  readonly measure: (cases: readonly Case[]) => Promise<Result[]>;
  /** Something begins that is measured without measure(). */
  readonly begin: (what: string) => void;
  /** A result that is there before the others. */
  readonly report: (result: Result) => void;
  /** Reports what was skipped, and why. */
  readonly note: (text: string) => void;
}

/**
 * A bench: a file in bench/benches that exports it as `bench`. The suite finds it by its file name, which is also its name.
 */
export interface Bench {
  /** One line for --list. */
  readonly summary: string;
  readonly run: (context: BenchContext) => Promise<readonly Result[]>;
}
