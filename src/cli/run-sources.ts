import { type FrameSource, guardedFrames } from '../vision/picture/frame-source.js';
import { ExpectationError } from '../base/expect.js';
import type { Region } from '../vision/picture/region.js';
import { TrackIds } from '../vision/track/tracker.js';
import type { Blur } from '../media/render/blur.js';
import { FileDepth, type FileDepthOptions } from '../pipeline/depth-files.js';
import { type FrameResult, isResult, type Segmenter } from '../pipeline/segmenter.js';
import { CameraTracking, type TrackingOptions } from '../pipeline/tracking.js';
import { printable } from './printable.js';
import { Progress } from './progress.js';
import { type Selection, selected, selectedCount } from './selection.js';
import type { ResultSink } from './sinks/sink.js';
import type { Stop } from './stop.js';
import type { Summary } from './summary.js';

/** Options of a run for each frame. */
export interface RunParts {
  readonly segmenter: Segmenter;
  readonly region: Region | undefined;
  readonly selection: Selection;
  /** @default objects are not tracked */
  readonly tracked: TrackingOptions | undefined;
  /** @default depth is not used */
  readonly depth?: FileDepthOptions | undefined;
  /** The last id of a tracked object in an earlier run. */
  readonly lastTrack?: number | undefined;
  readonly sinks: readonly ResultSink[];
  /** Classes to blur in all outputs. @default none */
  readonly blur: Blur | undefined;
  readonly summary: Summary;
  readonly quiet: boolean;
  readonly stop: Stop;
  /** Called for each failed frame or input. */
  readonly report: (where: string, error: Error) => void;
}

/** Segments inputs one after the other, with one progress bar over all. */
export class RunSources {
  progress: Progress | undefined;
  readonly #ids: TrackIds;

  constructor(private readonly parts: RunParts) {
    this.#ids = new TrackIds(parts.lastTrack);
  }

  /** @throws the error of an output, which ends the run; errors of inputs are reported, and the run continues */
  async all(sources: readonly FrameSource[]): Promise<void> {
    const { quiet, selection, stop } = this.parts;
    const counts = sources.map(({ count, rate }) => selectedCount(count, selection, rate));
    const total = counts.every((count) => count !== undefined)
      ? counts.reduce<number>((sum, count) => sum + count, 0)
      : undefined;
    if (!quiet) this.progress = new Progress('segmenting', total);
    let before = 0;
    for (const [i, source] of sources.entries()) {
      if (stop.requested) break;
      if (this.progress) {
        const place = sources.length > 1 ? ` (${i + 1} of ${sources.length})` : '';
        this.progress.present = `${printable(source.name)}${place}`;
      }
      const steps = await this.#one(source);
      // The bar of the next input is correct even if this one ended early, or had a wrong number of frames in its header.
      before += counts[i] ?? steps;
      if (total !== undefined) this.progress?.skip(before - this.progress.done);
    }
  }

  /** @returns the number of frames, failed ones included */
  async #one(source: FrameSource): Promise<number> {
    const { segmenter, region, selection, sinks, blur, summary, stop, report } = this.parts;
    summary.begin(source.name);
    let warned: string | undefined;
    let steps = 0;
    const options = this.parts.depth;
    const depth = options && (await FileDepth.open(source, options));
    let read = 0;
    const frames = selected(
      each(guardedFrames(source), () => read++),
      selection,
    );
    try {
      for await (const item of segmenter.segment(stop.until(frames), region, this.#tracking())) {
        steps++;
        if (isResult(item)) {
          this.progress?.step();
          summary.add(item);
          const { warning } = item;
          // All frames of a camera have the same problem.
          if (warning !== undefined && warning !== warned && !this.parts.quiet) {
            this.progress?.end();
            warned = warning;
            const text = `${source.name}, frame ${item.frame.index}: ${warning}`;
            process.stderr.write(`${printable(text)}\n`);
          }
          const result = depth ? await depth.add(item) : item;
          const shown = blur ? blurred(result, blur) : result;
          for (const sink of sinks) await sink.write(shown);
        } else {
          // A full bar looks like success, so it is not drawn for a bad picture.
          this.progress?.end();
          this.progress?.skip();
          summary.fail(source.name, item.error);
          report(`${source.name}, frame ${item.index}`, item.error);
        }
      }
      if (steps === 0 && !stop.requested) this.#tellOfNothing(source.name, read);
    } finally {
      this.progress?.end();
      summary.end(source.dropped);
      await depth?.close();
      this.#tellOfDepth(source.name, depth);
    }
    return steps;
  }

  /** An input of which no frame was used. @param read the number of its frames that were looked at */
  #tellOfNothing(name: string, read: number): void {
    const { quiet, selection, summary, report } = this.parts;
    if (read === 0) {
      const hint = 'Whatever writes it may have failed, or has not begun.';
      const error = new ExpectationError(`frames in ${name}`, 'none', hint);
      summary.fail(name, error);
      report(name, error);
    } else if (!quiet) {
      const { start, end } = selection;
      const part = end === Infinity ? `after ${start} s` : `from ${start} to ${end} s`;
      process.stderr.write(`${printable(name)}: none of its frames is ${part} (--start, --end)\n`);
    }
  }

  #tellOfDepth(name: string, depth: FileDepth | undefined): void {
    if (!depth) return;
    const { unpaired, refused, problem } = depth;
    if (unpaired > 0 && !this.parts.quiet)
      process.stderr.write(
        `${printable(name)}: ${unpaired} frames without a depth picture near their stamps\n`,
      );
    if (problem !== undefined)
      process.stderr.write(`${printable(name)}: depth of ${refused} frames: ${printable(problem)}\n`);
  }

  /** Each source is a separate camera; ids are unique over all. */
  #tracking(): CameraTracking | undefined {
    const { tracked } = this.parts;
    if (tracked === undefined) return undefined;
    const tracking = new CameraTracking(this.#ids);
    tracking.setOptions(tracked);
    return tracking;
  }
}

/** Passes on what it is given, and counts it. */
async function* each<T>(items: AsyncIterable<T>, count: () => void): AsyncGenerator<T, void, void> {
  for await (const item of items) {
    count();
    yield item;
  }
}

/** The result with a blurred frame, for all outputs. */
function blurred(result: FrameResult, blur: Blur): FrameResult {
  const frame = blur.apply(result.frame.frame, result.segmentation);
  return { ...result, frame: { ...result.frame, frame } };
}
