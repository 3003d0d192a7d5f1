import type { FrameResult } from '../../pipeline/segmenter.js';

/** A place that results are written to. */
export interface ResultSink {
  /** Takes one result; what it needs of it is copied or written before the promise settles. */
  write(result: FrameResult): Promise<void>;
  /** Finishes the output. Called once, after the last write. */
  close(): Promise<void>;
  /** What was written, for the summary: "out/results.jsonl". */
  readonly target: string;
}
