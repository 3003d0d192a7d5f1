import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as settle } from 'node:timers/promises';
import fc from 'fast-check';
import type { Inference } from '../../src/engine/engine.js';
import { allocateNv12 } from '../../src/frame/convert.js';
import type { Nv12Frame } from '../../src/frame/nv12-frame.js';
import { type LiveFrame, LiveSegmenter, type LiveTimings } from '../../src/pipeline/live-segmenter.js';
import type { Segmenter } from '../../src/pipeline/segmenter.js';

const MISHAPS = ['none', 'prepare', 'decode', 'result'] as const;
type Mishap = (typeof MISHAPS)[number];

/** Frames by the pixels that were made of them: how the engine and the decoder know whom they have. */
const frameOf = new WeakMap<Nv12Frame, TestFrame>();

class TestFrame implements LiveFrame {
  prepared = 0;
  #ready: (() => void) | undefined;

  /**
   * @param slow whether `prepare` takes until `ready` is called
   * @param mishap what goes wrong with it
   */
  constructor(
    readonly id: number,
    readonly slow = false,
    readonly mishap: Mishap = 'none',
  ) {}

  prepare(): Nv12Frame | Promise<Nv12Frame> {
    this.prepared++;
    if (!this.slow) return this.#pixels();
    return new Promise<void>((resolve) => {
      this.#ready = () => {
        this.#ready = undefined;
        resolve();
      };
    }).then(() => this.#pixels());
  }

  get preparing(): boolean {
    return this.#ready !== undefined;
  }

  ready(): void {
    this.#ready?.();
  }

  #pixels(): Nv12Frame {
    if (this.mishap === 'prepare') throw new Error(`prepare ${this.id}`);
    const pixels = allocateNv12(2, 2);
    frameOf.set(pixels, this);
    return pixels;
  }
}

interface Pending {
  readonly frame: TestFrame;
  finish(): void;
  fail(): void;
}

/** An engine and a decoder that do nothing before they are told to. */
class TestSegmenter {
  /** In order of submission. */
  readonly pending: Pending[] = [];
  readonly submitted: number[] = [];
  /** Submitted and not released. */
  used = 0;
  most = 0;
  /** One for all frames, as the real decoder has it. */
  readonly #segmentation = { id: -1 };
  readonly engine: { slots: number; submit(pixels: Nv12Frame): Promise<Inference> };
  readonly decoder = {
    decode: (tensors: readonly unknown[]): { id: number } => {
      const { id, mishap } = tensors[0] as TestFrame;
      if (mishap === 'decode') throw new Error(`decode ${id}`);
      this.#segmentation.id = id;
      return this.#segmentation;
    },
  };

  constructor(slots: number) {
    this.engine = { slots, submit: (pixels) => this.#submit(pixels) };
  }

  get segmenter(): Segmenter {
    return this as unknown as Segmenter;
  }

  #submit(pixels: Nv12Frame): Promise<Inference> {
    const frame = frameOf.get(pixels)!;
    this.submitted.push(frame.id);
    this.used++;
    this.most = Math.max(this.most, this.used);
    return new Promise((resolve, reject) => {
      let lent = true;
      const release = (): void => {
        if (lent) this.used--;
        lent = false;
      };
      const done = (act: () => void) => (): void => {
        this.pending.splice(this.pending.indexOf(entry), 1);
        act();
      };
      const entry: Pending = {
        frame,
        finish: done(() =>
          resolve({
            tensors: [frame],
            letterbox: undefined,
            timings: { preprocess: 1, inference: 2 },
            release,
          } as unknown as Inference),
        ),
        fail: done(() => {
          release();
          reject(new Error(`engine ${frame.id}`));
        }),
      };
      this.pending.push(entry);
    });
  }
}

/** A LiveSegmenter with a record of what its handlers were told: `3` for the result of frame 3, `!decode 3` for a failure. */
class Bench {
  readonly told: string[][];
  readonly timings: LiveTimings[] = [];
  readonly live: LiveSegmenter<TestFrame>;
  engines: TestSegmenter[];

  constructor(slots: number, cameras = 1) {
    this.engines = [new TestSegmenter(slots)];
    this.told = Array.from({ length: cameras }, () => []);
    this.live = new LiveSegmenter<TestFrame>(this.engine.segmenter, cameras, {
      result: (camera, frame, pixels, segmentation, timings) => {
        assert.equal(frameOf.get(pixels!), frame);
        assert.equal((segmentation as unknown as { id: number }).id, frame.id, 'its own segmentation');
        if (frame.mishap === 'result') throw new Error(`result ${frame.id}`);
        this.told[camera]!.push(String(frame.id));
        this.timings.push(timings);
      },
      failure: (camera, frame, error) => {
        assert.match(error.message, new RegExp(` ${frame.id}$`));
        this.told[camera]!.push(`!${error.message}`);
      },
    });
  }

  /** The one in use. */
  get engine(): TestSegmenter {
    return this.engines.at(-1)!;
  }

  offer(...ids: number[]): void {
    for (const id of ids) this.live.offer(0, new TestFrame(id));
  }

  async finish(): Promise<void> {
    this.engine.pending[0]!.finish();
    await settle();
  }
}

describe('LiveSegmenter', () => {
  it('keeps the newest frame while the engine is busy, and counts those it drops', async () => {
    const bench = new Bench(1);
    bench.offer(0, 1, 2, 3);
    assert.deepEqual(bench.engine.submitted, [0]);
    await bench.finish();
    await bench.finish();
    assert.deepEqual(bench.told, [['0', '3']]);
    assert.deepEqual(bench.live.counts(0), { offered: 4, dropped: 2, answered: 2, failed: 0, discarded: 0 });
  });

  it('never makes the pixels of a frame that is dropped, and those of others once', async () => {
    const bench = new Bench(1);
    const frames = [0, 1, 2].map((id) => new TestFrame(id));
    for (const frame of frames) bench.live.offer(0, frame);
    await bench.finish();
    assert.deepEqual(
      frames.map(({ prepared }) => prepared),
      [1, 0, 1],
    );
  });

  it('fills as many slots as the engine has', () => {
    const bench = new Bench(3);
    bench.offer(0, 1, 2, 3);
    assert.deepEqual(bench.engine.submitted, [0, 1, 2]);
    assert.equal(bench.live.inFlight, 3);
    assert.equal(bench.live.counts(0).dropped, 0);
  });

  it('submits the next frame before it tells of the last one', async () => {
    const bench = new Bench(1);
    let seen: number[] = [];
    bench.told[0]!.push = (...texts): number => {
      seen = [...bench.engine.submitted];
      return texts.length;
    };
    bench.offer(0, 1);
    await bench.finish();
    assert.deepEqual(seen, [0, 1]);
  });

  it('lets cameras take turns, however fast one of them is', async () => {
    const bench = new Bench(1, 3);
    let id = 0;
    const flood = (): void => {
      for (const camera of [0, 0, 0, 1, 2, 0]) bench.live.offer(camera, new TestFrame(id++));
    };
    flood();
    for (let i = 0; i < 30; i++) {
      await bench.finish();
      flood();
    }
    assert.deepEqual(
      bench.told.map(({ length }) => length),
      [10, 10, 10],
    );
  });

  it('says how long a frame waited and what was spent on it', async () => {
    const bench = new Bench(1);
    bench.offer(0, 1);
    await new Promise((resolve) => setTimeout(resolve, 30));
    await bench.finish();
    await bench.finish();
    const [first, second] = bench.timings;
    assert.ok(first!.wait >= 0 && first!.wait < 25, `${first!.wait} ms`);
    assert.ok(second!.wait >= 25, `${second!.wait} ms`);
    assert.deepEqual([second!.preprocess, second!.inference, second!.decode >= 0], [1, 2, true]);
  });

  it('lets no frame overtake one of its camera that is being made ready, but those of others', async () => {
    const bench = new Bench(4, 2);
    const slow = new TestFrame(0, true);
    bench.live.offer(0, slow);
    bench.offer(1, 2);
    bench.live.offer(1, new TestFrame(10));
    await settle();
    assert.deepEqual(bench.engine.submitted, [10]);
    slow.ready();
    await settle();
    assert.deepEqual(bench.engine.submitted, [10, 0, 2]);
    assert.equal(bench.live.counts(0).dropped, 1);
  });

  it('keeps that order when a slot falls free in the moment the frame is ready', async () => {
    const bench = new Bench(2, 2);
    const slow = new TestFrame(0, true);
    bench.live.offer(0, slow);
    bench.live.offer(1, new TestFrame(10));
    bench.offer(1);
    slow.ready();
    await bench.finish();
    assert.deepEqual(bench.engine.submitted, [10, 0, 1]);
  });

  it('goes on after each kind of failure, and tells of it once', async () => {
    const bench = new Bench(1);
    const frames = [
      new TestFrame(0, false, 'prepare'),
      new TestFrame(1, true, 'prepare'),
      new TestFrame(2, false, 'decode'),
      new TestFrame(3, false, 'result'),
      new TestFrame(4),
      new TestFrame(5),
    ];
    for (const frame of frames) {
      bench.live.offer(0, frame);
      frame.ready();
      await settle();
      if (frame.id === 4) bench.engine.pending[0]?.fail();
      else bench.engine.pending[0]?.finish();
      await settle();
    }
    assert.deepEqual(bench.told, [['!prepare 0', '!prepare 1', '!decode 2', '!result 3', '!engine 4', '5']]);
    assert.deepEqual(bench.live.counts(0), { offered: 6, dropped: 0, answered: 1, failed: 5, discarded: 0 });
    assert.deepEqual([bench.live.inFlight, bench.engine.used], [0, 0]);
  });

  it('tells of a submit that throws instead of rejecting', async () => {
    const bench = new Bench(1);
    bench.engine.engine.submit = () => {
      throw new Error('no such slot 0');
    };
    bench.offer(0);
    await settle();
    assert.deepEqual([bench.told, bench.live.inFlight], [[['!no such slot 0']], 0]);
  });

  it('changes the engine when nothing is in flight, and loses nothing but what is replaced', async () => {
    const bench = new Bench(2);
    const [former] = bench.engines as [TestSegmenter];
    bench.offer(0, 1);
    const next = new TestSegmenter(1);
    const replaced = bench.live.replace(next.segmenter);
    bench.offer(2, 3);
    await settle();
    former.pending[0]!.finish();
    await settle();
    assert.deepEqual([former.submitted, next.submitted], [[0, 1], []], 'waits for all of them');
    former.pending[0]!.finish();
    assert.equal(await replaced, former.segmenter);
    assert.deepEqual([bench.live.segmenter, next.submitted], [next.segmenter, [3]]);
    bench.engines.push(next);
    await bench.finish();
    assert.deepEqual(bench.told, [['0', '1', '3']]);
    assert.equal(bench.live.counts(0).dropped, 1);
  });

  it('changes an idle engine at once', async () => {
    const bench = new Bench(1);
    const next = new TestSegmenter(1);
    await bench.live.replace(next.segmenter);
    bench.offer(0);
    assert.deepEqual(next.submitted, [0]);
  });

  it('pauses until it is resumed, with the newest frame waiting', async () => {
    const bench = new Bench(2);
    bench.offer(0);
    let paused = false;
    const pause = bench.live.pause().then(() => (paused = true));
    bench.offer(1, 2);
    await settle();
    assert.equal(paused, false);
    await bench.finish();
    await pause;
    assert.deepEqual(bench.engine.submitted, [0]);
    bench.live.resume();
    assert.deepEqual(bench.engine.submitted, [0, 2]);
  });

  it('stops for good: what is in flight is answered, what waits or comes later is discarded', async () => {
    const bench = new Bench(1);
    const slow = new TestFrame(0, true);
    bench.live.offer(0, slow);
    bench.offer(1, 2);
    let stopped = false;
    const stop = bench.live.stop().then(() => (stopped = true));
    bench.offer(3);
    slow.ready();
    await settle();
    assert.equal(stopped, false);
    await bench.finish();
    await stop;
    bench.live.resume();
    bench.offer(4);
    assert.deepEqual([bench.told, bench.engine.submitted], [[['0']], [0]]);
    assert.deepEqual(bench.live.counts(0), { offered: 5, dropped: 1, answered: 1, failed: 0, discarded: 3 });
    await bench.live.stop();
  });
});

const CAMERAS = 3;
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      act: fc.constant('offer' as const),
      camera: fc.nat(CAMERAS - 1),
      slow: fc.boolean(),
      mishap: fc.oneof({ weight: 3, arbitrary: fc.constant('none' as const) }, fc.constantFrom(...MISHAPS)),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ act: fc.constantFrom('finish' as const, 'ready' as const), which: fc.nat(3) }),
  },
  { weight: 1, arbitrary: fc.record({ act: fc.constantFrom('fail', 'pause', 'resume', 'rest') }) },
  {
    weight: 1,
    arbitrary: fc.record({ act: fc.constant('replace' as const), slots: fc.integer({ min: 1, max: 3 }) }),
  },
);
type Step = { act: string; camera?: number; slow?: boolean; mishap?: Mishap; which?: number; slots?: number };

/** Drives a LiveSegmenter through a schedule and judges it after every step. */
class Schedule {
  readonly bench: Bench;
  readonly frames: TestFrame[][] = Array.from({ length: CAMERAS }, () => []);
  #id = 0;
  #running = true;
  /** A change of engine that waits for the frames in flight. */
  #replacing: Promise<unknown> | undefined;

  constructor(slots: number) {
    this.bench = new Bench(slots, CAMERAS);
  }

  get all(): TestFrame[] {
    return this.frames.flat();
  }

  async take(step: Step): Promise<void> {
    const { bench } = this;
    switch (step.act) {
      case 'offer': {
        const frame = new TestFrame(this.#id++, step.slow, step.mishap);
        this.frames[step.camera!]!.push(frame);
        bench.live.offer(step.camera!, frame);
        break;
      }
      case 'finish':
        bench.engine.pending[0]?.finish(); // engines settle in order
        break;
      case 'fail':
        bench.engine.pending[0]?.fail();
        break;
      case 'ready': {
        const preparing = this.all.filter((frame) => frame.preparing);
        preparing[step.which! % preparing.length]?.ready();
        break;
      }
      case 'rest':
        await settle();
        break;
      case 'pause':
        if (this.#replacing) break;
        this.#running = false;
        void bench.live.pause();
        break;
      case 'resume':
        if (this.#replacing) break;
        this.#running = true;
        bench.live.resume();
        break;
      case 'replace': {
        if (this.#replacing || !this.#running) break;
        this.#running = false;
        const next = new TestSegmenter(step.slots!);
        const former = bench.engine;
        this.#replacing = bench.live.replace(next.segmenter).then((returned) => {
          assert.equal(returned, former.segmenter);
          assert.equal(former.used, 0, 'the former engine is free');
          bench.engines.push(next);
          this.#running = true;
          this.#replacing = undefined;
        });
        break;
      }
    }
    this.#judge();
  }

  #judge(): void {
    const { live, engine, engines } = this.bench;
    for (const { most, engine } of engines) assert.ok(most <= engine.slots, 'more in flight than slots');
    const waiting = this.frames.map((frames, camera) => {
      const { offered, answered, failed, dropped, discarded } = live.counts(camera);
      assert.equal(offered, frames.length);
      return offered - answered - failed - dropped - discarded;
    });
    const open = waiting.reduce((sum, count) => sum + count, 0) - live.inFlight;
    assert.ok(open >= 0 && open <= CAMERAS, `${open} frames wait`);
    const preparing = this.all.some((frame) => frame.preparing);
    if (this.#running && !preparing && engine.used === live.inFlight && live.inFlight < engine.engine.slots) {
      assert.equal(open, 0, 'a frame waits though the engine has a slot');
    }
  }

  /** Lets everything come to its end. */
  async end(): Promise<void> {
    const { bench } = this;
    for (let i = 0; bench.live.inFlight > 0 || this.#replacing || i < 3; i++) {
      assert.ok(i < 1000, 'it never comes to rest');
      await settle();
      for (const frame of this.all) frame.ready();
      bench.engine.pending[0]?.finish();
      if (!this.#replacing) {
        this.#running = true;
        bench.live.resume();
      }
    }
    await settle();
    this.#judge();
  }

  judgeEnd(): void {
    const { told, live, engines } = this.bench;
    const submitted = engines.flatMap((engine) => engine.submitted);
    for (const [camera, frames] of this.frames.entries()) {
      const counts = live.counts(camera);
      const texts = told[camera]!;
      assert.equal(counts.answered, texts.filter((text) => !text.startsWith('!')).length);
      assert.equal(counts.failed, texts.filter((text) => text.startsWith('!')).length);
      assert.equal(counts.dropped, frames.length - texts.length);
      const ids = texts.map((text) => Number(/\d+$/.exec(text)![0]));
      assert.equal(new Set(ids).size, ids.length, 'a frame is told of twice');
      const ofEngine = ids.filter((id) => submitted.includes(id));
      assert.deepEqual(
        ofEngine,
        [...ofEngine].sort((a, b) => a - b),
        'out of order',
      );
      if (frames.length > 0) assert.ok(ids.includes(frames.at(-1)!.id), 'the newest frame is lost');
      for (const { id, prepared } of frames) assert.equal(prepared, ids.includes(id) ? 1 : 0);
    }
    for (const { used } of engines) assert.equal(used, 0, 'a slot is not released');
  }
}

describe('LiveSegmenter on any schedule', () => {
  it('keeps its promises', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.array(step, { maxLength: 60 }),
        async (slots, steps) => {
          const schedule = new Schedule(slots);
          for (const next of steps) await schedule.take(next);
          await schedule.end();
          schedule.judgeEnd();
        },
      ),
      { numRuns: 300, includeErrorInReport: true },
    );
  });
});
