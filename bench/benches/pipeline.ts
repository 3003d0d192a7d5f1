import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PerformanceObserver } from 'node:perf_hooks';
import { Decoder } from '../../src/vision/decode/decoder.js';
import { BpuEngine } from '../../src/engine/bpu/bpu-engine.js';
import { record, X5_BUSY, X5_OVERHEAD } from '../../tools/record/record.js';
import type { Nv12Frame } from '../../src/vision/picture/nv12-frame.js';
import { packageRoot } from '../../src/base/package-root.js';
import { measureThroughput } from '../../src/pipeline/throughput.js';
import { bytesPerRun, garbageCollector } from '../allocation.js';
import type { Bench, BenchContext, Result } from '../bench.js';
import { CameraRun, type PathRun, submittedRun } from '../engine-runs.js';
import { benchHeads, type Heads, noiseFrame, stillEngine } from '../material.js';
import { quantile } from '../../src/base/numbers.js';

const SLOTS = [1, 2, 3];
/** Maximum rate of the emulated BPU in frames per second. */
const MOST_FPS = 1e6 / X5_BUSY;
/** Cameras that together send a little more than that: frames per second of each. */
const CAMERAS = 4;
const CAMERA_FPS = 45;
/** Of a faster board, an S100 perhaps: everything in half of the time. */
const FASTER = 2;
/** Ten seconds of a saturated BPU; a minute of the node's work: long enough for every kind of garbage collection. */
const SHORT = 1750;
const LONG = 10_500;
const LONG_SECONDS = 60;

export const bench: Bench = {
  summary: 'the whole path of a 1920x1080 frame on the emulated BPU, as fast as a board with yolov8n-seg',
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
      const faster = join(folder, 'faster.bin');
      const [busy, overhead] = [X5_BUSY, X5_OVERHEAD].map((time) => Math.round(time / FASTER));
      await record(stillEngine(heads), [frame], { file: faster, name: 'bench', busy, overhead });
      results.push(
        await measureCameras(file, library, heads, frame, context, { cameras: CAMERAS, fps: MOST_FPS }),
      );
      results.push(await measureCameras(faster, library, heads, frame, context, { fps: FASTER * MOST_FPS }));
      return results;
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

async function measureEngine(
  engine: BpuEngine,
  { layout }: Heads,
  frame: Nv12Frame,
  { quick }: BenchContext,
): Promise<Result[]> {
  const decoder = new Decoder(layout, {}, engine.kernels);
  engine.planAhead(decoder.plan);
  const atWork = `${engine.slots} at work`;
  await submittedRun(engine, decoder, frame, quick ? 2 : 100); // warms caches and compilers up
  const alone = await measureThroughput(engine, quick ? 6 : 350, frame);
  const results: Result[] = [
    { name: `network alone, ${atWork}`, values: { FPS: (1000 * alone.frames) / alone.elapsed } },
  ];

  const frames = quick ? 6 : engine.slots === 2 ? LONG : SHORT;
  const some = 8 * engine.slots;
  const submit = (count: number): Promise<PathRun> => submittedRun(engine, decoder, frame, count);
  results.push(await measurePath(`frames of JavaScript, ${atWork}`, submit, frames, some));

  const camera = new CameraRun(engine, decoder, frame);
  try {
    await camera.frames(quick ? 2 : 100);
    const take = (count: number): Promise<PathRun> => camera.frames(count);
    results.push(await measurePath(`native subscription, ${atWork}`, take, frames, some));
  } finally {
    await camera.close();
  }
  return results;
}

/** Two at work, and cameras in C++. @param setting how many cameras, and the rate of the BPU */
async function measureCameras(
  file: string,
  library: string,
  { layout }: Heads,
  frame: Nv12Frame,
  { quick }: BenchContext,
  { cameras, fps }: { cameras?: number; fps: number },
): Promise<Result> {
  const engine = await BpuEngine.open({ file, library, slots: 2, spare: 1 });
  try {
    const decoder = new Decoder(layout, {}, engine.kernels);
    engine.planAhead(decoder.plan);
    const run = new CameraRun(
      engine,
      decoder,
      frame,
      cameras ? { cameras, period: 1000 / CAMERA_FPS } : undefined,
    );
    try {
      await run.frames(quick ? 2 : 100);
      const name = cameras
        ? `${cameras} native cameras of ${CAMERA_FPS} FPS, 2 at work`
        : `native camera, 2 at work, a BPU of ${Math.round(fps)} FPS`;
      const frames = quick ? 6 : Math.round(LONG_SECONDS * fps);
      return await measurePath(name, (count) => run.frames(count), frames, 16, fps);
    } finally {
      await run.close();
    }
  } finally {
    await engine.close();
  }
}

/** @param some number of frames, small enough that nothing is collected while bytes are counted */
async function measurePath(
  name: string,
  run: (frames: number) => Promise<PathRun>,
  frames: number,
  some: number,
  most = MOST_FPS,
): Promise<Result> {
  const collections = watchCollections();
  const { elapsed, decode, busy, added } = await run(frames);
  const longest = await collections();
  const fps = (1000 * frames) / elapsed;
  added.sort((a, b) => a - b);
  const bytes = await bytesPerRun(() => run(some), (some * elapsed) / frames);
  return {
    // Times: the latency added to the network's, from slot to instances.
    name: `whole path, ${name}; added latency`,
    times: {
      runs: frames,
      median: quantile(added, 0.5),
      p95: quantile(added, 0.95),
      p99: quantile(added, 0.99),
    },
    bytes: bytes === undefined ? undefined : Math.round(bytes / some),
    values: {
      FPS: fps,
      '% of the BPU': (100 * fps) / most,
      'JS busy %': 100 * busy,
      'decode ms': decode / frames,
      'longest GC ms': longest,
    },
  };
}

/** Starts watching. @returns a function that stops and returns the longest collection, in milliseconds */
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
