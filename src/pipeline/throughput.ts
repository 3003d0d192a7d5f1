import { performance } from 'node:perf_hooks';
import type { Engine, Inference } from '../engine/engine.js';
import type { Nv12Frame } from '../vision/picture/nv12-frame.js';

/** Measurements of a run at full speed. Times in milliseconds. */
export interface Measurement {
  readonly threads: number;
  readonly frames: number;
  readonly elapsed: number;
  /** Total of all frames, from submission to result. */
  readonly latency: number;
  /** Total of all frames in `use`. */
  readonly used: number;
  /** Share of the time that the JS thread was busy, 0 to 1. */
  readonly busy: number;
}

/**
 * Runs one frame repeatedly with all slots of the engine in use, as LiveSegmenter does with a camera that is faster than the
 * engine. With a spare slot, the next frame is submitted before a result is used.
 *
 * @param use handles a result, for example by decoding it
 */
export async function measureThroughput(
  engine: Engine,
  frames: number,
  frame: Nv12Frame,
  use?: (inference: Inference) => unknown,
): Promise<Measurement> {
  const ahead = engine.spare > 0;
  let submitted = 0;
  let latency = 0;
  let used = 0;
  const submit = async (): Promise<Inference> => {
    submitted++;
    const start = performance.now();
    const inference = await engine.submit(frame);
    latency += performance.now() - start;
    return inference;
  };
  const lane = async (): Promise<void> => {
    let next: Promise<Inference> | undefined;
    while (next ?? submitted < frames) {
      const inference = await (next ?? submit());
      next = ahead && submitted < frames ? submit() : undefined;
      next?.catch(() => undefined); // awaited in the next iteration, unless this one throws
      try {
        const start = performance.now();
        use?.(inference);
        used += performance.now() - start;
      } finally {
        inference.release();
      }
    }
  };
  const before = performance.eventLoopUtilization();
  const start = performance.now();
  await Promise.all(Array.from({ length: engine.slots }, lane));
  const elapsed = performance.now() - start;
  const { utilization: busy } = performance.eventLoopUtilization(before);
  return { threads: engine.slots, frames, elapsed, latency, used, busy };
}
