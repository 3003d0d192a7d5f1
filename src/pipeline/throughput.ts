import { performance } from 'node:perf_hooks';
import type { Engine, Inference } from '../engine/engine.js';
import type { Nv12Frame } from '../vision/picture/nv12-frame.js';

/** A run of frames, as fast as they go. Milliseconds. */
export interface Measurement {
  readonly threads: number;
  readonly frames: number;
  readonly elapsed: number;
  /** Of all frames together, from submission to result. */
  readonly latency: number;
  /** Of all frames together, in `use`. */
  readonly used: number;
  /** Share of the time that the JS thread was busy, 0 to 1. */
  readonly busy: number;
}

/**
 * Runs one frame again and again with all slots of the engine in use, as LiveSegmenter does with a camera that is faster
 * than the engine: where there is a spare slot, the next frame is submitted before a result is used.
 *
 * @param use decodes, for instance
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
      next?.catch(() => undefined); // it is awaited in the next turn, unless this one throws
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
