import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { trackScene, type TrackFrame } from '../../../src/media/scene/track-scene.js';
import { TRACK_SCENES } from '../../../src/media/scene/walkers.js';
import { Random } from '../../../src/media/scene/random.js';
import type { EndedTrack, Instance, Segmentation } from '../../../src/vision/mask/segmentation.js';
import { TrackIds, Tracker } from '../../../src/vision/track/tracker.js';
import type { TrackOptions } from '../../../src/vision/track/options.js';
import { countArrays } from './allocations.js';
import { block, frameOf, stampAt } from './frames.js';

/** Feeds frames: seconds and instances. @returns the ids of each frame, in the order of the instances as they were given */
function follow(
  frames: readonly (readonly [seconds: number, ...instances: Instance[]])[],
  tracker = new Tracker(),
): number[][] {
  return frames.map(([seconds, ...instances]) => {
    tracker.update(stampAt(seconds), frameOf(...instances));
    return instances.map(({ trackId }) => trackId!);
  });
}

/** So many frames, 30 a second, from `from` seconds on. */
function frames(
  count: number,
  make: (i: number) => Instance[],
  from = 0,
): (readonly [number, ...Instance[]])[] {
  return Array.from({ length: count }, (_, i) => [from + i / 30, ...make(i)]);
}

/** Ids of all frames of a scene, by object: the instances' own order differs. */
function idsOf(scene: readonly TrackFrame[], reorder: (instances: Instance[]) => Instance[]): string[] {
  const tracker = new Tracker();
  return scene.map(({ stamp, found }) => {
    const instances = reorder(found.instances.map((instance) => ({ ...instance })));
    tracker.update(stamp, { ...found, instances });
    return instances
      .map(({ box, score, trackId }) => `${score} ${box.x1} ${box.y1}: ${trackId}`)
      .sort()
      .join('\n');
  });
}

describe('tracker', () => {
  it('gives an object its id with the second frame, and keeps it', () => {
    const ids = follow(frames(10, (i) => [block(100 + 5 * i, 100, 40, 90)])).flat();
    assert.deepEqual(ids, [0, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
  });

  it('gives it at once or later, as configured', () => {
    const ids = (hits: number): number[] =>
      follow(
        frames(5, () => [block(100, 100, 40, 90)]),
        new Tracker({ hits }),
      ).flat();
    assert.deepEqual(ids(1), [1, 1, 1, 1, 1]);
    assert.deepEqual(ids(4), [0, 0, 0, 1, 1]);
  });

  it('gives no id to an object seen once', () => {
    const ids = follow(frames(9, (i) => (i % 3 === 0 ? [block(100, 100, 40, 90)] : []))).flat();
    assert.deepEqual(ids, [0, 0, 0]);
  });

  it('starts no track with a poor detection, but continues one', () => {
    const alone = follow(frames(5, () => [block(100, 100, 40, 90, 0.2)])).flat();
    assert.deepEqual(alone, [0, 0, 0, 0, 0]);
    const faded = follow(frames(6, (i) => [block(100, 100, 40, 90, i < 3 ? 0.9 : 0.2)])).flat();
    assert.deepEqual(faded, [0, 1, 1, 1, 1, 1]);
  });

  it('ignores detections below the lowest score', () => {
    const faded = follow(frames(4, (i) => [block(100, 100, 40, 90, i < 2 ? 0.9 : 0.05)])).flat();
    assert.deepEqual(faded, [0, 1, 0, 0]);
  });

  it('distinguishes classes at the same place', () => {
    const ids = follow(frames(3, () => [block(100, 100, 40, 90, 0.9, 0), block(100, 100, 40, 90, 0.8, 7)]));
    assert.deepEqual(ids.at(-1), [1, 2]);
  });

  it('finds an object again within the lost time, and never later', () => {
    const gap = (seconds: number, options: TrackOptions): number[] => {
      const before = frames(6, () => [block(100, 100, 40, 90)]);
      const after = frames(4, () => [block(100, 100, 40, 90)], 5 / 30 + seconds);
      // Frames without it in between, ten a second.
      const between = Array.from({ length: Math.floor(10 * seconds) }, (_, i) => [0.2 + i / 10] as const);
      return follow([...before, ...between, ...after], new Tracker(options)).flat();
    };
    assert.equal(gap(1.8, { lostTime: 2 }).at(-1), 1);
    assert.equal(gap(2.2, { lostTime: 2 }).at(-1), 2);
    assert.equal(gap(0.4, { lostTime: 0.5 }).at(-1), 1);
    assert.equal(gap(0.6, { lostTime: 0.5 }).at(-1), 2);
    assert.deepEqual(
      follow(
        frames(4, () => [block(100, 100, 40, 90)]),
        new Tracker({ lostTime: 0 }),
      ).flat(),
      [0, 1, 1, 1],
      'what is seen in every frame is never lost',
    );
  });

  it('keeps the ids of two objects that pass each other, with the help of their masks', () => {
    // Boxes that are the same in the middle; the left half of one mask, the right half of the other.
    const half = (x: number, left: boolean): Instance => {
      const instance = block(x, 100, 60, 90, left ? 0.9 : 0.89);
      const runs = Array.from({ length: 90 }, (_, y) =>
        left ? [y * 60, y * 60 + 30] : [y * 60 + 30, y * 60 + 60],
      );
      const data = new Uint8Array(60 * 90);
      for (const [from, to] of runs) data.fill(1, from, to);
      return { ...instance, mask: { ...instance.mask, data, runs: Int32Array.from(runs.flat()) } };
    };
    const places = (i: number): [number, number] => [150 + 4 * Math.min(i, 25), 350 - 4 * Math.min(i, 25)];
    // From frame 25 on the boxes are one; the order of the scores turns.
    const ids = follow(
      frames(40, (i) => {
        const [a, b] = places(i);
        const pair = [half(a, true), half(b, false)];
        if (i > 25 && i % 2 === 0) pair[1]!.score = 0.95;
        return pair;
      }),
    );
    assert.deepEqual(ids[5], [1, 2]);
    for (const later of ids.slice(5)) assert.deepEqual(later, [1, 2]);
  });

  it('reports ended tracks once', () => {
    const tracker = new Tracker({ lostTime: 0.5 });
    const ended: EndedTrack[][] = [];
    for (let i = 0; i < 40; i++) {
      tracker.update(stampAt(i / 30), frameOf(...(i < 10 ? [block(100, 100, 40, 90, 0.9, 3)] : [])));
      ended.push([...tracker.ended]);
      if (i === 5) assert.deepEqual([tracker.live, tracker.lost], [1, 0]);
      if (i === 15) assert.deepEqual([tracker.live, tracker.lost], [0, 1]);
    }
    assert.deepEqual(ended.flat(), [{ trackId: 1, classId: 3 }]);
    assert.deepEqual(ended[25], [{ trackId: 1, classId: 3 }]);
    assert.deepEqual([tracker.live, tracker.lost], [0, 0]);
  });

  it('starts over on request, and reports the ended tracks with the next frame', () => {
    const tracker = new Tracker();
    follow(
      frames(3, () => [block(100, 100, 40, 90)]),
      tracker,
    );
    tracker.reset();
    tracker.reset();
    const ids = follow(
      frames(3, () => [block(100, 100, 40, 90)], 1),
      tracker,
    );
    assert.deepEqual(ids.flat(), [0, 2, 2]);
    assert.equal(tracker.resets, 1);
  });

  it('reports tracks that a reset ended with the next frame, and with no other', () => {
    const tracker = new Tracker();
    follow(
      frames(3, () => [block(100, 100, 40, 90)]),
      tracker,
    );
    tracker.reset();
    tracker.update(stampAt(1), frameOf());
    assert.deepEqual(tracker.ended, [{ trackId: 1, classId: 0 }]);
    tracker.update(stampAt(1.1), frameOf());
    assert.deepEqual(tracker.ended, []);
  });

  it('starts over when stamps go back, as in a bag that loops', () => {
    const tracker = new Tracker();
    const once = frames(30, () => [block(100, 100, 40, 90)]);
    const ids = follow([...once, ...once], tracker).flat();
    assert.deepEqual(ids.slice(28, 33), [1, 1, 0, 2, 2]);
    assert.equal(tracker.resets, 1);
  });

  it('starts over when stamps jump ahead by more than the lost time', () => {
    const ids = follow([
      ...frames(5, () => [block(100, 100, 40, 90)]),
      ...frames(3, () => [block(100, 100, 40, 90)], 100),
    ]).flat();
    assert.deepEqual(ids, [0, 1, 1, 1, 1, 0, 2, 2]);
  });

  it('starts over with pictures of another size', () => {
    const tracker = new Tracker();
    follow(
      frames(3, () => [block(100, 100, 40, 90)]),
      tracker,
    );
    const instance = block(100, 100, 40, 90);
    tracker.update(stampAt(0.2), { ...frameOf(instance), width: 1280, height: 720 });
    assert.equal(instance.trackId, 0);
    assert.equal(tracker.resets, 1);
  });

  it('keeps ids when stamps stand still, as with drivers that set none', () => {
    const tracker = new Tracker();
    const ids: number[] = [];
    for (let i = 0; i < 20; i++) {
      const instance = block(100 + 4 * i, 100, 40, 90);
      tracker.update({ sec: 0, nanosec: 0 }, frameOf(instance));
      ids.push(instance.trackId!);
    }
    assert.deepEqual(new Set(ids.slice(1)), new Set([1]));
  });

  it('accepts masks of other sizes, or none, from one frame to the next', () => {
    const tracker = new Tracker();
    const ids: number[] = [];
    for (let i = 0; i < 12; i++) {
      const pair = [block(100, 100, 40, 90), block(120, 100, 40, 90, 0.8)];
      if (i % 3 === 1)
        for (const one of pair) one.mask = { x: 0, y: 0, width: 0, height: 0, data: new Uint8Array(0) };
      const frame = frameOf(...pair);
      tracker.update(stampAt(i / 30), i % 3 === 2 ? { ...frame, maskWidth: 1280, maskHeight: 720 } : frame);
      ids.push(...pair.map(({ trackId }) => trackId!));
    }
    assert.deepEqual(new Set(ids.slice(2)), new Set([1, 2]));
  });

  it('shares its ids with other cameras', () => {
    const ids = new TrackIds();
    const [left, right] = [new Tracker({}, ids), new Tracker({}, ids)];
    const one = (): (readonly [number, ...Instance[]])[] => frames(2, () => [block(100, 100, 40, 90)]);
    assert.deepEqual(follow(one(), left).at(-1), [1]);
    assert.deepEqual(follow(one(), right).at(-1), [2]);
  });

  it('refuses options out of range and keeps the old ones', () => {
    const tracker = new Tracker({ hits: 3 });
    assert.throws(() => tracker.setOptions({ hits: 0 }), /an integer from 1 to 100 for hits but received 0/);
    assert.throws(() => tracker.setOptions({ lostTime: -1 }), /lostTime/);
    assert.throws(() => new Tracker({ overlap: 2 }), /a number from 0 to 1 for overlap/);
    assert.equal(tracker.settings.hits, 3);
  });

  it('is limited to the best 256 detections of a frame and 512 tracks', () => {
    const tracker = new Tracker({ hits: 1 });
    const crowd = (dx: number): Instance[] =>
      Array.from({ length: 400 }, (_, i) =>
        block((i % 25) * 25 + dx, Math.floor(i / 25) * 22, 10, 10, 1 - i / 1000),
      );
    for (let i = 0; i < 6; i++) tracker.update(stampAt(i / 30), frameOf(...crowd((i % 3) * 11)));
    assert.ok(tracker.live <= 256);
    assert.ok(tracker.live + tracker.lost <= 512);
    const last = crowd(0);
    tracker.update(stampAt(7 / 30), frameOf(...last));
    assert.equal(last.at(-1)!.trackId, 0);
  });

  // What a tracker is for, on scenes whose truth is known; figures are those of `tros-yolo-seg eval --tracks`.
  for (const kind of TRACK_SCENES) {
    it(`does not care about the order of detections: ${kind}`, () => {
      const scene = trackScene({ kind, seed: 5, rate: 10, seconds: 12 });
      const random = new Random(1);
      const expected = idsOf(scene, (instances) => instances);
      assert.deepEqual(
        idsOf(scene, (instances) => instances.reverse()),
        expected,
      );
      assert.deepEqual(
        idsOf(scene, (instances) => random.shuffle(instances)),
        expected,
      );
      assert.ok(expected.some((frame) => /: [1-9]/.test(frame)));
    });
  }

  it('does not care about the order of detections, whatever they are', () => {
    const instance = fc
      .record({
        x: fc.integer({ min: 0, max: 6 }),
        y: fc.integer({ min: 0, max: 6 }),
        size: fc.integer({ min: 1, max: 5 }),
        score: fc.constantFrom(0.05, 0.2, 0.5, 0.9),
        classId: fc.integer({ min: 0, max: 1 }),
      })
      .map(({ x, y, size, score, classId }) => block(20 * x, 20 * y, 20 * size, 30 * size, score, classId));
    // No two are alike, for those cannot be told apart.
    const frame = fc.uniqueArray(instance, {
      maxLength: 6,
      selector: ({ box, score, classId }) => `${box.x1} ${box.y1} ${box.x2} ${score} ${classId}`,
    });
    const reordered = fc
      .array(frame, { minLength: 2, maxLength: 8 })
      .chain((all) =>
        fc.tuple(
          fc.constant(all),
          fc.tuple(
            ...all.map((one) => fc.shuffledSubarray(one, { minLength: one.length, maxLength: one.length })),
          ),
        ),
      );
    fc.assert(
      fc.property(reordered, ([straight, shuffled]) => {
        const ids = (all: readonly Instance[][]): string[] => {
          const tracker = new Tracker();
          return all.map((instances, i) => {
            const own = instances.map((one) => ({ ...one }));
            tracker.update(stampAt(i / 10), { ...frameOf(), instances: own });
            return own
              .map(({ box, score, classId, trackId }) => JSON.stringify([box, score, classId, trackId]))
              .sort()
              .join();
          });
        };
        assert.deepEqual(ids(shuffled), ids(straight));
      }),
      { numRuns: 200 },
    );
  });

  it('keeps ids however frames are dropped, up to half a second in a row', () => {
    // Three that walk, well apart.
    const all = frames(90, (i) => [
      block(20 + 3 * i, 40, 40, 80, 0.9),
      block(580 - 4 * i, 140, 40, 80, 0.85),
      block(300, 20 + 2 * i, 40, 60, 0.8, 1),
    ]);
    const gaps = fc.array(fc.integer({ min: 1, max: 15 }), { minLength: 90, maxLength: 90 });
    fc.assert(
      fc.property(gaps, (steps) => {
        let next = 10;
        let at = 0;
        const kept = all.filter((_, i) => {
          if (i < 10) return true;
          if (i < next) return false;
          next = i + steps[at++]!;
          return true;
        });
        const tracker = new Tracker();
        const ids = kept.map(([seconds, ...instances]) => {
          const own = instances.map((one) => ({ ...one }));
          tracker.update(stampAt(seconds), frameOf(...own));
          return own.map(({ trackId }) => trackId);
        });
        for (const frame of ids.slice(1)) assert.deepEqual(frame, [1, 2, 3]);
      }),
      { numRuns: 100 },
    );
  });

  it('neither grows nor loses tracks in 10,000 frames of noise', () => {
    const random = new Random(7);
    const tracker = new Tracker();
    const seen = new Set<number>();
    const over = new Set<number>();
    let most = 0;
    const makeFrame = (): Segmentation => {
      const instances = Array.from({ length: random.integer(12) }, () => {
        const [width, height] = [8 + random.integer(60), 8 + random.integer(60)];
        const at = (side: number, own: number): number => random.integer(side - own);
        return block(at(640, width), at(360, height), width, height, random.next(), random.integer(3));
      });
      return frameOf(...instances);
    };
    let late = 0;
    for (let frame = 0; frame < 10_000; frame++) {
      const found = makeFrame();
      const { count } = countArrays(() => tracker.update(stampAt(frame / 30), found));
      if (frame >= 2000) late += count;
      for (const { trackId } of found.instances) if (trackId) seen.add(trackId);
      for (const { trackId } of tracker.ended) {
        assert.ok(!over.has(trackId), 'ended twice');
        over.add(trackId);
      }
      assert.equal(seen.has([...over].at(-1) ?? 0) || over.size === 0, true);
      most = Math.max(most, tracker.live + tracker.lost);
    }
    assert.ok(most <= 512);
    // All that began is over or still there.
    assert.equal(seen.size, over.size + tracker.live + tracker.lost);
    // A slot that no track has had before gets room for a mask: there are 512 at most, and few after 2000 frames.
    assert.ok(late < 20, `${late} arrays`);
  });
});
