import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { setImmediate as settle } from 'node:timers/promises';
import fc from 'fast-check';
import { Bench, type Mishap, MISHAPS, TestFrame, TestSegmenter } from './live-bench.js';

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
    arbitrary: fc.record({
      act: fc.constant('replace' as const),
      slots: fc.integer({ min: 1, max: 3 }),
      spare: fc.nat(2),
    }),
  },
);
interface Step {
  act: string;
  camera?: number;
  slow?: boolean;
  mishap?: Mishap;
  which?: number;
  slots?: number;
  spare?: number;
}

/** Drives a LiveSegmenter through a schedule and judges it after every step. */
class Schedule {
  readonly bench: Bench;
  readonly frames: TestFrame[][] = Array.from({ length: CAMERAS }, () => []);
  #id = 0;
  #running = true;
  /** A change of engine that waits for the frames in flight. */
  #replacing: Promise<unknown> | undefined;

  constructor(slots: number, spare: number) {
    this.bench = new Bench(slots, { cameras: CAMERAS, spare });
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
        const next = new TestSegmenter(step.slots!, step.spare);
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
    this.#check();
  }

  #check(): void {
    const { live, engine } = this.bench;
    const waiting = this.frames.map((frames, camera) => {
      const { offered, answered, failed, dropped, discarded } = live.counts(camera);
      assert.equal(offered, frames.length);
      return offered - answered - failed - dropped - discarded;
    });
    const open = waiting.reduce((sum, count) => sum + count, 0) - live.inFlight;
    assert.ok(open >= 0 && open <= CAMERAS, `${open} frames wait`);
    const preparing = this.all.some((frame) => frame.preparing);
    // A result that is on its way lets the next frame in when it is there.
    const delivered = engine.pending.length === engine.used;
    if (this.#running && !preparing && delivered && engine.used === live.inFlight && engine.engine.free > 0) {
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
    this.#check();
  }

  checkEnd(): void {
    const { outcomes, live, engines } = this.bench;
    const submitted = engines.flatMap((engine) => engine.submitted);
    for (const [camera, frames] of this.frames.entries()) {
      const counts = live.counts(camera);
      const texts = outcomes[camera]!;
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
  it('keeps its guarantees', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.nat(2),
        fc.array(step, { maxLength: 60 }),
        async (slots, spare, steps) => {
          const schedule = new Schedule(slots, spare);
          for (const next of steps) await schedule.take(next);
          await schedule.end();
          schedule.checkEnd();
        },
      ),
      { numRuns: 300, includeErrorInReport: true },
    );
  });
});
