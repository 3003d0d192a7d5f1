import type { FrameResult } from '../../pipeline/segmenter.js';

/** An output for results. */
export interface ResultSink {
  /** Writes one result. Everything needed is copied or written before the promise settles. */
  write(result: FrameResult): Promise<void>;
  /** Finishes the output. Called once, after the last write. */
  close(): Promise<void>;
  /** Name of the output for the summary: "out/results.jsonl". */
  readonly target: string;
}
