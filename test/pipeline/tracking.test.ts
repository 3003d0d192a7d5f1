import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'mocha';
import { CameraTracking, decodeForTracking, type TrackingOptions } from '../../src/pipeline/tracking.js';
import type { Instance, Segmentation } from '../../src/vision/mask/segmentation.js';
import { countArrays } from '../vision/track/allocations.js';
import { block, frameOf, stampAt } from '../vision/track/frames.js';
import { parseZones } from '../../src/vision/track/zone-shape.js';

describe('the tracks of a camera', () => {
  let frame: number;
  beforeEach(() => (frame = 0));

  const next = (tracking: CameraTracking, ...instances: Instance[]): Segmentation =>
    tracking.apply(stampAt(frame++ / 30), frameOf(...instances));
  const open = (options: Partial<TrackingOptions> = {}): CameraTracking => {
    const tracking = new CameraTracking();
    tracking.setOptions({ reported: { score: 0.25 }, ...options });
    return tracking;
  };
  const ids = ({ instances }: Segmentation): unknown[] =>
    instances.map(({ score, trackId }) => [score, trackId]);

  it('are given to reported instances, and add no poor detections', () => {
    const tracking = open();
    next(tracking, block(100, 100, 40, 90));
    const found = next(tracking, block(102, 100, 40, 90), block(400, 100, 40, 90, 0.2));
    assert.deepEqual(ids(found), [[0.9, 1]]);
    assert.deepEqual([found.width, found.maskHeight], [640, 360]);
  });

  it('continue with poor detections that are not reported', () => {
    const tracking = open({ lostTime: 0.1 });
    next(tracking, block(100, 100, 40, 90));
    next(tracking, block(100, 100, 40, 90));
    // Longer than a lost track is kept.
    for (let i = 0; i < 10; i++) assert.deepEqual(ids(next(tracking, block(100, 100, 40, 90, 0.15))), []);
    assert.deepEqual(ids(next(tracking, block(100, 100, 40, 90))), [[0.9, 1]]);
  });

  it('are reported down to the lower score on request, once they were reported', () => {
    const tracking = open({ steadyScores: true, highScore: 0.2, reported: { score: 0.5 } });
    const seen = [0.3, 0.3, 0.3, 0.6, 0.3, 0.15].map((score) =>
      ids(next(tracking, block(100, 100, 40, 90, score))),
    );
    assert.deepEqual(seen, [[], [], [], [[0.6, 1]], [[0.3, 1]], [[0.15, 1]]]);
  });

  it('respect the lowest scores of individual classes', () => {
    const tracking = open({ reported: { score: 0.25, classScores: { 3: 0.8 } } });
    const found = next(tracking, block(0, 0, 40, 40, 0.5, 3), block(100, 0, 40, 40, 0.3, 1));
    assert.deepEqual(
      found.instances.map(({ classId }) => classId),
      [1],
    );
  });

  it('report which ones have ended', () => {
    const tracking = open({ lostTime: 0.1 });
    next(tracking, block(100, 100, 40, 90));
    next(tracking, block(100, 100, 40, 90));
    const ended = Array.from({ length: 8 }, () => [...next(tracking).ended!]);
    assert.deepEqual(ended.flat(), [{ trackId: 1, classId: 0 }]);
    assert.deepEqual(tracking.counts, { live: 0, lost: 0, switched: 0, resets: 0 });
  });

  it('are counted', () => {
    const tracking = open();
    next(tracking, block(100, 100, 40, 90), block(300, 100, 40, 90));
    next(tracking, block(100, 100, 40, 90), block(300, 100, 40, 90));
    next(tracking, block(100, 100, 40, 90));
    assert.deepEqual(tracking.counts, { live: 1, lost: 1, switched: 0, resets: 0 });
    tracking.reset();
    assert.deepEqual(tracking.counts, { live: 0, lost: 0, switched: 0, resets: 1 });
  });

  it('end when tracking is switched off, and leave no id behind', () => {
    const tracking = open();
    const instance = block(100, 100, 40, 90);
    next(tracking, instance);
    assert.deepEqual(ids(next(tracking, instance)), [[0.9, 1]]);
    tracking.setOptions(undefined);
    assert.equal(tracking.counts, undefined);
    // The decoder fills the same objects again.
    const found = frameOf(instance);
    assert.deepEqual(tracking.apply(stampAt(1), found).ended, [{ trackId: 1, classId: instance.classId }]);
    assert.equal(instance.trackId, 0);
    assert.equal(tracking.apply(stampAt(2), found), found, 'told once');
    tracking.setOptions({ reported: {} });
    next(tracking, instance);
    assert.deepEqual(ids(next(tracking, instance)), [[0.9, 2]]);
  });

  it('are not reported as ended if no result had them', () => {
    const tracking = open({ reported: { score: 0.95 } });
    const instance = block(100, 100, 40, 90);
    next(tracking, instance);
    next(tracking, instance);
    tracking.reset();
    assert.deepEqual(next(tracking).ended, []);
  });

  it('have steady boxes and masks on request, and the detected ones otherwise', () => {
    const noisy = (i: number): Instance => block(100 + (i % 2), 100, 40 + (i % 3), 90);
    const last = (steadyShapes: number): Segmentation => {
      frame = 0;
      const tracking = open({ steadyShapes });
      let result = next(tracking, noisy(0));
      for (let i = 1; i < 40; i++) result = next(tracking, noisy(i));
      return result;
    };
    assert.deepEqual(last(0).instances[0]!.box, noisy(39).box);
    const { box, mask, trackId, score } = last(0.3).instances[0]!;
    assert.deepEqual([trackId, score], [1, 0.9]);
    assert.ok(box.x1 > 100.2 && box.x1 < 100.8, String(box.x1));
    assert.ok([100, 101].includes(mask.x), String(mask.x));
    assert.equal(mask.runs!.length, 2);
    assert.throws(() => open({ steadyShapes: 3 }), /a number from 0 to 2 for steadyShapes/);
  });

  it('are counted in zones, until tracking is switched off', () => {
    const zones = parseZones(
      { zone: ['left=0,0 0.5,0 0.5,1 0,1'], line: ['top=0,0.1 1,0.1'] },
      { zone: 'zones', line: 'lines' },
    );
    const tracking = open({ zones });
    const seen: string[] = [];
    const step = (x: number): Segmentation => {
      const result = next(tracking, block(x, 100, 40, 90));
      for (const { zone, type, trackId } of result.zoneEvents!) seen.push(`${trackId} ${type} ${zone}`);
      return result;
    };
    for (let i = 0; i < 60; i++) step(200 + 3 * i);
    assert.deepEqual(seen, ['1 entered left', '1 left left']);
    for (let i = 0; i < 60; i++) step(377 - 3 * i);
    const { zones: counted } = step(200);
    assert.deepEqual(
      counted!.map(({ name, classes }) => [name, classes[0]?.present, classes[0]?.entered]),
      [
        ['left', 1, 2],
        ['top', undefined, undefined],
      ],
    );
    assert.equal(tracking.zones, counted);
    tracking.resetCounts();
    assert.equal(tracking.zones[0]!.classes[0]!.entered, 1);
    tracking.setOptions(undefined);
    const { zoneEvents, zones: last } = tracking.apply(stampAt(9), frameOf());
    assert.deepEqual(
      zoneEvents!.map(({ type }) => type),
      ['left'],
    );
    // Messages tell it with the zones.
    assert.deepEqual(
      last!.map(({ classes }) => classes[0]?.left),
      [1, undefined],
    );
    assert.deepEqual([tracking.apply(stampAt(10), frameOf()).zones, tracking.zones], [undefined, []]);
  });

  it('allocate no memory until they are switched on, and none per frame', () => {
    const arrays = countArrays(() => {
      const tracking = new CameraTracking();
      tracking.apply(stampAt(0), frameOf());
      tracking.setOptions(undefined);
      tracking.reset();
      tracking.resetCounts();
    });
    assert.deepEqual(arrays, { count: 0, bytes: 0 });
    const tracking = open({ steadyShapes: 0.3, zones: [] });
    const pair = (i: number): Instance[] => [block(100 + i, 100, 40, 90), block(300, 100, 40, 90)];
    const frames = Array.from({ length: 30 }, (_, i) => frameOf(...pair(i % 4)));
    const results = new Set<Segmentation>();
    const run = (): void => {
      for (const one of frames) results.add(tracking.apply(stampAt(frame++ / 30), one));
    };
    run();
    assert.deepEqual(countArrays(run), { count: 0, bytes: 0 });
    assert.equal(results.size, 1);
  });

  it('refuse options out of range', () => {
    assert.throws(() => open({ lostTime: 61 }), /a number from 0 to 60 for lostTime but received 61/);
  });

  it('need a decoder that also finds poor detections', () => {
    assert.deepEqual(decodeForTracking({ iou: 0.5 }, 0.1), { iou: 0.5, score: 0.1, classScores: undefined });
    assert.deepEqual(decodeForTracking({ score: 0.05, classScores: { 1: 0.7, 2: 0.01 } }, 0.1), {
      score: 0.05,
      classScores: { 1: 0.1, 2: 0.01 },
    });
  });
});
