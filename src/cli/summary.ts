import { classCounts } from './class-counts.js';
import { textTable } from '../base/text-table.js';
import { printable } from './printable.js';
import type { FrameResult } from '../pipeline/segmenter.js';
import { Durations } from '../base/durations.js';

/** Inputs that the table lists; of more, only those that failed. */
const LISTED = 40;

interface SourceSummary {
  name: string;
  frames: number;
  instances: number;
  failures: number;
  start: number;
  seconds: number;
  /** Of a live source: replaced by newer frames. */
  dropped: number;
}

const NOTHING = { frames: 0, instances: 0, failures: 0, start: 0, seconds: 0, dropped: 0 } as const;

/** Counts and times of a run, as a table for people. */
export class Summary {
  failures = 0;
  readonly stages = { preprocess: new Durations(), inference: new Durations(), decode: new Durations() };
  readonly #sources: SourceSummary[] = [];
  /** Instances of each class; of tracked ones, objects. */
  readonly #counts = new Map<string, number>();
  readonly #tracks = new Set<number>();

  /** @param nameOf a class, for the counts. @default they are left out */
  constructor(private readonly nameOf?: (classId: number) => string) {}

  begin(name: string): void {
    this.#sources.push({ ...NOTHING, name, start: performance.now() });
  }

  add({ segmentation, timings }: FrameResult): void {
    const source = this.#sources.at(-1)!;
    source.frames++;
    source.instances += segmentation.instances.length;
    for (const { classId, trackId = 0 } of this.nameOf ? segmentation.instances : []) {
      if (trackId > 0 && this.#tracks.has(trackId)) continue;
      if (trackId > 0) this.#tracks.add(trackId);
      const name = this.nameOf!(classId);
      this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    }
    this.stages.preprocess.add(timings.preprocess);
    this.stages.inference.add(timings.inference);
    this.stages.decode.add(timings.decode);
  }

  /** Counts a frame, or a whole input, that failed. */
  fail(name: string, _error: Error): void {
    this.failures++;
    const source = this.#sources.at(-1);
    if (source?.name === name) source.failures++;
    else this.#sources.push({ ...NOTHING, name, failures: 1 });
  }

  /** @param dropped frames that a live source replaced by newer ones */
  end(dropped = 0): void {
    const source = this.#sources.at(-1)!;
    source.dropped = dropped;
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
    const listed =
      this.#sources.length <= LISTED
        ? this.#sources
        : this.#sources.filter(({ failures }) => failures > 0).slice(0, LISTED);
    const rows = listed.map(({ name, frames, instances, failures, seconds }) => [
      printable(name),
      String(frames),
      String(instances),
      failures > 0 ? String(failures) : '',
      seconds > 0 && frames > 1 ? (frames / seconds).toFixed(1) : '',
    ]);
    if (this.#sources.length > 1) {
      const sum = (of: 'frames' | 'instances' | 'failures'): number =>
        this.#sources.reduce((total, source) => total + source[of], 0);
      const failed = sum('failures') > 0 ? String(sum('failures')) : '';
      const rate = this.frames > 1 ? this.rate.toFixed(1) : '';
      rows.push([
        `${this.#sources.length} inputs`,
        String(this.frames),
        String(sum('instances')),
        failed,
        rate,
      ]);
    }
    const lines = textTable([['input', 'frames', 'instances', 'failed', 'frames/s'], ...rows]);
    const dropped = listed.filter((source) => source.dropped > 0);
    if (dropped.length > 0) lines.push('');
    for (const source of dropped)
      lines.push(`${printable(source.name)}: ${source.dropped} more frames, which newer ones replaced`);
    if (this.#counts.size > 0) {
      lines.push(
        '',
        `${this.#tracks.size > 0 ? 'objects' : 'found'}: ${printable(classCounts(this.#counts))}`,
      );
    }
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
