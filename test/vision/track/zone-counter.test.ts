import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import type { EndedTrack, Instance } from '../../../src/vision/mask/segmentation.js';
import type { ZoneClassCount, ZoneEvent } from '../../../src/vision/mask/zone-counts.js';
import { ZoneCounter } from '../../../src/vision/track/zone-counter.js';
import { distanceTo, isInside } from '../../../src/vision/track/zone-geometry.js';
import { parseZones, type ZoneShape } from '../../../src/vision/track/zone-shape.js';
import { block, frameOf } from './frames.js';

const shapes = (zone: string[], line: string[] = []): ZoneShape[] =>
  parseZones({ zone, line }, { zone: 'zones', line: 'lines' });

/** In the middle of 640x360: 213 to 427, 120 to 240. */
const MIDDLE = 'middle=0.333,0.333 0.667,0.333 0.667,0.667 0.333,0.667';

/** An object of 40 x 80 that stands at a point. */
const at = (x: number, y: number, trackId = 1, classId = 0): Instance => ({
  ...block(x - 20, y - 80, 40, 80, 0.9, classId),
  trackId,
});

class Walk {
  readonly events: ZoneEvent[] = [];
  #time = 0;

  constructor(readonly counter: ZoneCounter) {}

  /** A frame every second. */
  step(instances: Instance[], ended: EndedTrack[] = []): this {
    this.counter.update({ ...frameOf(...instances), ended }, this.#time++);
    this.events.push(...this.counter.events);
    return this;
  }

  get told(): string[] {
    return this.events.map(({ zone, type, trackId, dwell }) => `${trackId} ${type} ${zone} ${dwell}`);
  }

  classes(i = 0): readonly ZoneClassCount[] {
    return this.counter.zones[i]!.classes;
  }
}

describe('counting in zones', () => {
  it('warns of zones and lines that lie outside of the picture, until they are in it', () => {
    const zones = ['far=900,100 990,100 990,300 900,300', 'below=10,360 20,360 20,500', MIDDLE];
    const counter = new ZoneCounter(shapes(zones, ['gate=639,0 700,700']));
    assert.equal(counter.warning, undefined, 'no picture yet');
    new Walk(counter).step([]);
    assert.match(
      counter.warning!,
      /in the picture of 640x360 but received far, below outside of it\. .*pixels/,
    );
    counter.update({ ...frameOf(), width: 1920, height: 1080 }, 9);
    assert.equal(counter.warning, undefined);
    counter.update({ ...frameOf(), width: 640, height: 360 }, 10);
    counter.setShapes(shapes([MIDDLE]), 'bottom');
    new Walk(counter).step([]);
    assert.equal(counter.warning, undefined);
  });

  it('reports who enters and leaves, and how long they stayed', () => {
    const walk = new Walk(new ZoneCounter(shapes([MIDDLE])));
    walk.step([at(100, 180)]).step([at(150, 180)]);
    assert.deepEqual(walk.classes(), []);
    walk.step([at(300, 180)]).step([at(320, 180)]);
    assert.deepEqual(walk.classes(), [
      { classId: 0, present: 1, entered: 1, left: 0, meanDwell: 0, longestStay: 1 },
    ]);
    walk.step([at(340, 180)]).step([at(500, 180)]);
    assert.deepEqual(walk.told, ['1 entered middle 0', '1 left middle 3']);
    assert.deepEqual(walk.classes(), [
      { classId: 0, present: 0, entered: 1, left: 1, meanDwell: 3, longestStay: 0 },
    ]);
  });

  it('counts by class, with the mean duration of stays', () => {
    const walk = new Walk(new ZoneCounter(shapes([MIDDLE])));
    walk.step([at(300, 180, 1), at(320, 180, 2, 5)]).step([at(300, 180, 1), at(500, 180, 2, 5)]);
    walk.step([at(300, 180, 1), at(320, 180, 3, 5)]).step([at(500, 180, 1)]);
    walk.step([at(320, 180, 3, 5)]).step([at(500, 180, 3, 5)]);
    assert.deepEqual(
      walk
        .classes()
        .map(({ classId, present, entered, left, meanDwell }) => [
          ...[classId, present, entered, left, meanDwell],
        ]),
      [
        [0, 0, 1, 1, 3],
        [5, 0, 2, 2, 2],
      ],
    );
  });

  it('uses the point where an object stands, or its center', () => {
    const feet = new Walk(new ZoneCounter(shapes([MIDDLE]), 'bottom'));
    const middle = new Walk(new ZoneCounter(shapes([MIDDLE]), 'center'));
    // Feet below the zone, middle in it.
    for (const walk of [feet, middle]) walk.step([at(320, 260)]);
    assert.deepEqual([feet.told, middle.told], [[], ['1 entered middle 0']]);
  });

  it('does not count an object on the edge repeatedly', () => {
    const walk = new Walk(new ZoneCounter(shapes([MIDDLE])));
    walk.step([at(150, 180)]);
    for (let i = 0; i < 20; i++) walk.step([at(213.12 + (i % 2 === 0 ? 2 : -2), 180)]);
    assert.deepEqual(walk.told, []);
    walk.step([at(220, 180)]);
    for (let i = 0; i < 20; i++) walk.step([at(213.12 + (i % 2 === 0 ? 2 : -2), 180)]);
    assert.deepEqual(walk.told, ['1 entered middle 0']);
    // A zone that is smaller than what noise may be is entered all the same.
    const small = new Walk(new ZoneCounter(shapes(['small=300,170 304,170 304,174 300,174'])));
    small
      .step([at(280, 172)])
      .step([at(302, 172)])
      .step([at(330, 172)]);
    assert.deepEqual(small.told, ['1 entered small 0', '1 left small 1']);
  });

  it('counts objects at the border of the picture', () => {
    const half = new Walk(new ZoneCounter(shapes(['half=0.5,0 1,0 1,1 0.5,1'])));
    half
      .step([at(100, 360)])
      .step([at(300, 360)])
      .step([at(340, 360)])
      .step([at(620, 360)]);
    assert.deepEqual(half.told, ['1 entered half 0']);
    const whole = new Walk(new ZoneCounter(shapes(['whole=0,0 640,0 640,360 0,360'])));
    whole.step([at(20, 360), at(620, 360, 2)]);
    assert.deepEqual(whole.told, ['1 entered whole 0', '2 entered whole 0']);
  });

  it('keeps lost objects inside, and lets them leave when their tracks end', () => {
    const walk = new Walk(new ZoneCounter(shapes([MIDDLE])));
    walk
      .step([at(320, 180)])
      .step([at(320, 180)])
      .step([]);
    const { present, entered, left } = walk.classes()[0]!;
    assert.deepEqual([present, entered, left], [0, 1, 0]);
    walk.step([at(320, 180)]).step([]);
    assert.deepEqual(walk.told, ['1 entered middle 0']);
    walk.step([], [{ trackId: 1, classId: 0 }]);
    assert.deepEqual(walk.told, ['1 entered middle 0', '1 left middle 3']);
    walk.step([], [{ trackId: 1, classId: 0 }]);
    assert.deepEqual([walk.classes()[0]!.present, walk.told.length], [0, 2]);
  });

  it('ignores objects without an id', () => {
    const walk = new Walk(new ZoneCounter(shapes([MIDDLE])));
    walk.step([at(320, 180, 0)]).step([{ ...at(320, 180), trackId: undefined }]);
    assert.deepEqual(walk.told, []);
  });

  it('follows the size of the picture if corners are shares of it', () => {
    const counter = new ZoneCounter(shapes([MIDDLE, 'pixels=10,20 30,20 30,40']));
    counter.update({ ...frameOf(), width: 1000, height: 2000 }, 0);
    assert.deepEqual(Array.from(counter.zones[0]!.corners), [333, 666, 667, 666, 667, 1334, 333, 1334]);
    assert.deepEqual(Array.from(counter.zones[1]!.corners), [10, 20, 30, 20, 30, 40]);
  });

  it('keeps the counts of unchanged zones, and resets changed ones', () => {
    const walk = new Walk(new ZoneCounter(shapes([MIDDLE, 'all=0,0 1,0 1,1 0,1'])));
    walk.step([at(320, 180)]);
    walk.counter.setShapes(shapes(['all=0,0 1,0 1,1 0,0.9', MIDDLE]), 'bottom');
    assert.deepEqual(
      walk.counter.zones.map(({ name, classes }) => [name, classes.length]),
      [
        ['all', 0],
        ['middle', 1],
      ],
    );
  });

  it('counts no crossing when the anchor changes', () => {
    const zones = shapes([], ['gate=0,160 640,160']);
    const walk = new Walk(new ZoneCounter(zones, 'bottom'));
    walk.step([at(320, 180)]);
    walk.counter.setShapes(zones, 'center');
    walk.step([at(320, 180)]);
    assert.deepEqual(walk.told, []);
    walk.step([at(320, 220)]);
    assert.deepEqual(walk.told, ['1 entered gate 0']);
    // Nothing changes with other parameters.
    walk.counter.setShapes(zones, 'center');
    walk.step([at(320, 180)]);
    assert.deepEqual(walk.told, ['1 entered gate 0', '1 left gate 0']);
  });

  it('resets counts to 0, but keeps the objects inside', () => {
    const walk = new Walk(new ZoneCounter(shapes([MIDDLE])));
    walk.step([at(320, 180, 1), at(330, 180, 2)]).step([at(320, 180, 1), at(600, 180, 2)]);
    walk.counter.resetCounts();
    assert.deepEqual(walk.classes(), [
      { classId: 0, present: 1, entered: 1, left: 0, meanDwell: 0, longestStay: 1 },
    ]);
  });

  it('considers objects present that are not detected for a moment', () => {
    const counter = new ZoneCounter(shapes([MIDDLE]));
    counter.update(frameOf(at(320, 180)), 0);
    counter.update(frameOf(), 0.2);
    assert.equal(counter.zones[0]!.classes[0]!.present, 1);
    counter.update(frameOf(), 0.3);
    assert.equal(counter.zones[0]!.classes[0]!.present, 0);
  });

  it('never has more objects inside than entered and did not leave', () => {
    const step = fc.record({
      x: fc.integer({ min: 0, max: 640 }),
      y: fc.integer({ min: 0, max: 360 }),
      id: fc.integer({ min: 1, max: 4 }),
      over: fc.integer({ min: 0, max: 12 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const walk = new Walk(new ZoneCounter(shapes([MIDDLE], ['cut=0,0 1,1'])));
        for (const { x, y, id, over } of steps) {
          walk.step([at(x, y, id, id % 2)], over > 0 && over < 5 ? [{ trackId: over, classId: 0 }] : []);
          for (const { present, entered, left } of walk.classes()) {
            assert.ok(present >= 0 && present <= entered - left);
          }
          for (const { present } of walk.classes(1)) assert.equal(present, 0);
        }
      }),
    );
  });
});

describe('counting across lines', () => {
  const across = (line: string, ...ways: [number, number][]): string[] => {
    const walk = new Walk(new ZoneCounter(shapes([], [line])));
    for (const [x, y] of ways) walk.step([at(x, y)]);
    return walk.told.map((text) => text.split(' ')[1]!);
  };
  const GATE = 'gate=100,200 500,200';

  it('reports the direction: downward is entering for a line to the right', () => {
    assert.deepEqual(across(GATE, [300, 150], [300, 250]), ['entered']);
    assert.deepEqual(across(GATE, [300, 250], [300, 150]), ['left']);
    assert.deepEqual(across('gate=500,200 100,200', [300, 150], [300, 250]), ['left']);
  });

  it('counts no object that passes beside it or turns back', () => {
    assert.deepEqual(across(GATE, [50, 150], [50, 250]), []);
    assert.deepEqual(across(GATE, [300, 150], [300, 198], [300, 202], [300, 150]), []);
  });

  it('counts an object that lingers on it once', () => {
    const ways = Array.from({ length: 20 }, (_, i): [number, number] => [300, 200 + (i % 2 === 0 ? 2 : -2)]);
    assert.deepEqual(across(GATE, [300, 150], ...ways, [300, 230], [300, 260]), ['entered']);
  });

  it('counts a crossing at a corner once, and in and out again not at all', () => {
    const bent = 'bent=100,200 300,200 500,200';
    assert.deepEqual(across(bent, [300, 150], [300, 250]), ['entered']);
    assert.deepEqual(across('angle=100,100 300,200 500,100', [100, 160], [500, 160]), []);
  });
});

describe('geometry of zones', () => {
  it('finds points inside of any polygon', () => {
    const notched = [0, 0, 10, 0, 10, 10, 5, 5, 0, 10];
    const inside = (x: number, y: number): boolean => isInside(notched, x, y);
    assert.deepEqual(
      [inside(5, 4), inside(5, 6), inside(1, 8), inside(9, 8), inside(-1, 5)],
      [...[true, false, true, true, false]],
    );
  });

  it('measures distances to edges, including the closing one', () => {
    const corners = [0, 0, 10, 0, 10, 10];
    assert.equal(distanceTo(corners, false, 5, -3), 3);
    assert.equal(distanceTo(corners, false, 13, 14), 5);
    assert.ok(distanceTo(corners, true, 5, 5) < 1e-9);
    assert.equal(distanceTo(corners, false, 5, 5), 5);
    // Without the first edge, and without all.
    assert.equal(distanceTo(corners, false, 5, -3, Uint8Array.of(1, 0, 0)), Math.sqrt(34));
    assert.equal(distanceTo(corners, true, 5, -3, Uint8Array.of(1, 1, 1)), Infinity);
  });
});
