import { textTable } from '../base/text-table.js';
import type { FrameResult } from '../pipeline/segmenter.js';
import { Durations } from '../base/durations.js';

interface SourceSummary {
  name: string;
  frames: number;
  instances: number;
  failures: number;
  start: number;
  seconds: number;
}

/** Counts and times of a run, as a table for people. */
export class Summary {
  failures = 0;
  readonly stages = { preprocess: new Durations(), inference: new Durations(), decode: new Durations() };
  readonly #sources: SourceSummary[] = [];

  begin(name: string): void {
    this.#sources.push({ name, frames: 0, instances: 0, failures: 0, start: performance.now(), seconds: 0 });
  }

  add({ segmentation, timings }: FrameResult): void {
    const source = this.#sources.at(-1)!;
    source.frames++;
    source.instances += segmentation.instances.length;
    this.stages.preprocess.add(timings.preprocess);
    this.stages.inference.add(timings.inference);
    this.stages.decode.add(timings.decode);
  }

  /** Counts a frame, or a whole input, that failed. */
  fail(name: string, _error: Error): void {
    this.failures++;
    const source = this.#sources.at(-1);
    if (source?.name === name) source.failures++;
    else this.#sources.push({ name, frames: 0, instances: 0, failures: 1, start: 0, seconds: 0 });
  }

  end(): void {
    const source = this.#sources.at(-1)!;
    source.seconds = (performance.now() - source.start) / 1000;
  }

  /** Number of segmented frames. */
  get frames(): number {
    return this.#sources.reduce((sum, source) => sum + source.frames, 0);
  }

  /** Frames per second over all sources, including all stages and outputs. */
  get rate(): number {
    return this.frames / this.#sources.reduce((sum, source) => sum + source.seconds, 0);
  }

  text(): string {
    const rows = this.#sources.map(({ name, frames, instances, failures, seconds }) => [
      name,
      String(frames),
      String(instances),
      failures > 0 ? String(failures) : '',
      seconds > 0 && frames > 1 ? (frames / seconds).toFixed(1) : '',
    ]);
    const lines = textTable([['input', 'frames', 'instances', 'failed', 'frames/s'], ...rows]);
    const stages = Object.entries(this.stages)
      .filter(([, durations]) => durations.count > 0)
      .map(([name, durations]) => [
        name,
        durations.quantile(0.5).toFixed(2),
        durations.quantile(0.95).toFixed(2),
      ]);
    if (stages.length > 0) lines.push('', ...textTable([['stage', 'median ms', 'p95 ms'], ...stages]));
    return `${lines.join('\n')}\n`;
  }
}
