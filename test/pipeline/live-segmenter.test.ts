import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { setImmediate as settle } from 'node:timers/promises';
import { Bench, TestFrame, TestSegmenter } from './live-bench.js';

describe('LiveSegmenter', () => {
  it('keeps the newest frame while the engine is busy, and counts dropped ones', async () => {
    const bench = new Bench(1);
    bench.offer(0, 1, 2, 3);
    assert.deepEqual(bench.engine.submitted, [0]);
    await bench.finish();
    await bench.finish();
    assert.deepEqual(bench.outcomes, [['0', '3']]);
    assert.deepEqual(bench.live.counts(0), { offered: 4, dropped: 2, answered: 2, failed: 0, discarded: 0 });
  });

  it('keeps as many frames as its queue holds, oldest first, and discards them when it is stopped', async () => {
    const bench = new Bench(1, { queue: 3 });
    bench.offer(0, 1, 2, 3);
    for (let frame = 0; frame < 4; frame++) await bench.finish();
    assert.deepEqual(bench.outcomes, [['0', '1', '2', '3']]);
    bench.offer(4, 5, 6, 7, 8, 9);
    const stopped = bench.live.stop();
    await bench.finish();
    await stopped;
    assert.deepEqual(bench.outcomes, [['0', '1', '2', '3', '4']]);
    assert.deepEqual(bench.live.counts(0), { offered: 10, dropped: 2, answered: 5, failed: 0, discarded: 3 });
  });

  it('never prepares a dropped frame, and others once', async () => {
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

  it('submits the next frame before it delivers the last one', async () => {
    const bench = new Bench(1);
    let seen: number[] = [];
    bench.outcomes[0]!.push = (...texts): number => {
      seen = [...bench.engine.submitted];
      return texts.length;
    };
    bench.offer(0, 1);
    await bench.finish();
    assert.deepEqual(seen, [0, 1]);
  });

  it('submits the next frame before it decodes the last one where the engine has a spare slot', async () => {
    const bench = new Bench(1, { spare: 1 });
    const decode = bench.engine.decoder.decode;
    let seen: number[] = [];
    bench.engine.decoder.decode = (tensors) => {
      seen = [...bench.engine.submitted];
      return decode(tensors);
    };
    bench.offer(0, 1, 2);
    assert.deepEqual(bench.engine.submitted, [0]);
    await bench.finish();
    assert.deepEqual(seen, [0, 2]);
    await bench.finish();
    assert.deepEqual(bench.outcomes, [['0', '2']]);
  });

  it('serves cameras in turn, however fast one of them is', async () => {
    const bench = new Bench(1, { cameras: 3 });
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
      bench.outcomes.map(({ length }) => length),
      [10, 10, 10],
    );
  });

  it('reports how long a frame waited and was processed', async () => {
    const bench = new Bench(1);
    const { decode } = bench.engine.decoder;
    bench.engine.decoder.decode = (tensors) => {
      bench.time += 4;
      return decode(tensors);
    };
    bench.offer(0);
    bench.time += 10;
    bench.offer(1);
    bench.time += 30;
    await bench.finish();
    await bench.finish();
    assert.deepEqual(bench.timings, [
      { wait: 0, preprocess: 1, inference: 2, decode: 4 },
      // Submitted when the first one was decoded.
      { wait: 34, preprocess: 1, inference: 2, decode: 4 },
    ]);
  });

  it('counts the preparation of a frame as waiting', async () => {
    const bench = new Bench(1);
    const slow = new TestFrame(0, true);
    bench.live.offer(0, slow);
    bench.time += 7;
    slow.ready();
    await settle();
    await bench.finish();
    assert.equal(bench.timings[0]!.wait, 7);
  });

  it('lets no frame overtake one of its camera that is being prepared, but frames of other cameras may', async () => {
    const bench = new Bench(4, { cameras: 2 });
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

  it('keeps that order when a slot becomes free at the moment the frame is prepared', async () => {
    const bench = new Bench(2, { cameras: 2 });
    const slow = new TestFrame(0, true);
    bench.live.offer(0, slow);
    bench.live.offer(1, new TestFrame(10));
    bench.offer(1);
    slow.ready();
    await bench.finish();
    assert.deepEqual(bench.engine.submitted, [10, 0, 1]);
  });

  it('continues after each kind of failure, and reports it once', async () => {
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
    assert.deepEqual(bench.outcomes, [
      ['!prepare 0', '!prepare 1', '!decode 2', '!result 3', '!engine 4', '5'],
    ]);
    assert.deepEqual(bench.live.counts(0), { offered: 6, dropped: 0, answered: 1, failed: 5, discarded: 0 });
    assert.deepEqual([bench.live.inFlight, bench.engine.used], [0, 0]);
  });

  it('reports a submit that throws instead of rejecting', async () => {
    const bench = new Bench(1);
    bench.engine.engine.submit = () => {
      throw new Error('no such slot 0');
    };
    bench.offer(0);
    await settle();
    assert.deepEqual([bench.outcomes, bench.live.inFlight], [[['!no such slot 0']], 0]);
  });

  it('changes the engine when nothing is in flight, and drops only replaced frames', async () => {
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
    assert.deepEqual(bench.outcomes, [['0', '1', '3']]);
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

  it('stops permanently: frames in flight get results, waiting and later ones are discarded', async () => {
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
    assert.deepEqual([bench.outcomes, bench.engine.submitted], [[['0']], [0]]);
    assert.deepEqual(bench.live.counts(0), { offered: 5, dropped: 1, answered: 1, failed: 0, discarded: 3 });
    await bench.live.stop();
  });
});
