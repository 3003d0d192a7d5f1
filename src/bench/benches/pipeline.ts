import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PerformanceObserver } from 'node:perf_hooks';
import { Decoder } from '../../decode/decoder.js';
import { BpuEngine } from '../../engine/bpu-engine.js';
import type { Engine, Inference } from '../../engine/engine.js';
import { record, X5_BUSY } from '../../engine/record.js';
import type { Nv12Frame } from '../../frame/nv12-frame.js';
import { packageRoot } from '../../package-root.js';
import { bytesPerRun, garbageCollector } from '../allocation.js';
import type { Bench, BenchContext, Result } from '../bench.js';
import { measureThroughput } from '../../pipeline/throughput.js';
import { benchHeads, type Heads, noiseFrame, stillEngine } from '../material.js';
import { quantile } from '../times.js';

const SLOTS = [1, 2, 3];
/** What the emulated BPU can do at most, frames a second. */
const MOST_FPS = 1e6 / X5_BUSY;

export const bench: Bench = {
  summary: 'the whole way of a 1920x1080 frame on the emulated BPU, as fast as a board with yolov8n-seg',
  async run(context) {
    const library = join(packageRoot, 'build/native/emulator/libdnn.so');
    if (!existsSync(library)) {
      context.note(`left out: no emulated libdnn at ${library}; npm run build:native builds it`);
      return [];
    }
    const heads = await benchHeads();
    const frame = noiseFrame(1920, 1080);
    const folder = mkdtempSync(join(tmpdir(), 'tros-yolo-seg-bench-'));
    try {
      const file = join(folder, 'model.bin');
      await record(stillEngine(heads), [frame], { file, name: 'bench' });
      const results: Result[] = [];
      for (const slots of SLOTS) {
        const engine = await BpuEngine.open({ file, library, slots, spare: 1 });
        try {
          results.push(...(await measureEngine(engine, heads, frame, context)));
        } finally {
          await engine.close();
        }
      }
      return results;
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

async function measureEngine(
  engine: Engine,
  { layout }: Heads,
  frame: Nv12Frame,
  { quick }: BenchContext,
): Promise<Result[]> {
  const decoder = new Decoder(layout);
  const decode = ({ tensors, letterbox }: Inference): unknown => decoder.decode(tensors, letterbox);
  // A minute for what the node does by itself: long enough for every kind of garbage collection.
  const frames = quick ? 6 : engine.slots === 2 ? 10_500 : 1750;
  const inFlight = `${engine.slots} at work`;
  await measureThroughput(engine, quick ? 2 : 100, frame, decode); // warms caches and compilers up

  const alone = await measureThroughput(engine, quick ? 6 : 350, frame);
  const aloneFps = (1000 * alone.frames) / alone.elapsed;
  const { engine: timed, begun } = timedEngine(engine);
  const added: number[] = [];
  const collections = watchCollections();
  const path = await measureThroughput(timed, frames, frame, (inference) => {
    decode(inference);
    added.push(performance.now() - begun.get(inference)! - inference.timings.inference);
  });
  const longest = await collections();
  const fps = (1000 * path.frames) / path.elapsed;
  added.sort((a, b) => a - b);
  const perRun = 8 * engine.slots;
  const bytes = await bytesPerRun(
    () => measureThroughput(engine, perRun, frame, decode),
    (perRun * path.elapsed) / path.frames,
  );
  return [
    { name: `network alone, ${inFlight}`, values: { FPS: aloneFps } },
    {
      // Times: what the way adds to the network's, from submission to instances.
      name: `whole path, ${inFlight}; added latency`,
      times: {
        runs: path.frames,
        median: quantile(added, 0.5),
        p95: quantile(added, 0.95),
        p99: quantile(added, 0.99),
      },
      bytes: bytes === undefined ? undefined : Math.round(bytes / perRun),
      values: {
        FPS: fps,
        '% of the BPU': (100 * fps) / MOST_FPS,
        'JS busy %': 100 * path.busy,
        'decode ms': path.used / path.frames,
        'longest GC ms': longest,
      },
    },
  ];
}

/** The engine, with the times at which frames were submitted. */
function timedEngine(engine: Engine): { engine: Engine; begun: WeakMap<Inference, number> } {
  const begun = new WeakMap<Inference, number>();
  const { kind, model, slots, spare } = engine;
  const submit = async (frame: Nv12Frame): Promise<Inference> => {
    const start = performance.now();
    const inference = await engine.submit(frame);
    begun.set(inference, start);
    return inference;
  };
  return { engine: { kind, model, slots, spare, free: slots, submit, close: () => engine.close() }, begun };
}

/** Watches from now on. @returns a function that ends it and tells the longest collection, in milliseconds */
function watchCollections(): () => Promise<number> {
  garbageCollector()();
  const start = performance.now();
  let longest = 0;
  const observer = new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) {
      if (startTime >= start) longest = Math.max(longest, duration);
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  return async () => {
    // Entries are delivered in a later turn.
    await new Promise((resolve) => setTimeout(resolve, 10));
    observer.disconnect();
    return longest;
  };
}
