import assert from 'node:assert/strict';
import fc from 'fast-check';
import { beforeEach, describe, it } from 'mocha';
import { Random } from '../../../src/media/scene/random.js';
import type { Instance, Segmentation } from '../../../src/vision/mask/segmentation.js';
import { BoxFilters } from '../../../src/vision/track/box-filter.js';
import { SteadyShapes } from '../../../src/vision/track/steady-shapes.js';
import { block, frameOf } from './frames.js';

describe('steady shapes', () => {
  let shapes: SteadyShapes;
  let filters: BoxFilters;
  let time: number;
  beforeEach(() => {
    shapes = new SteadyShapes();
    filters = new BoxFilters(4);
    time = 0;
  });

  /** A frame of one object after another 1/30 s. */
  const next = (instance: Instance, grid: Partial<Segmentation> = {}, constant = 0.3): Instance => {
    const { x1, y1, x2, y2 } = instance.box;
    if (time === 0) filters.start(0, x1, y1, x2, y2);
    else {
      filters.predict(0, 1 / 30, 1);
      filters.correct(0, x1, y1, x2, y2, 1);
    }
    time += 1 / 30;
    shapes.begin();
    const steady = shapes.smooth(instance, 0, filters, time, constant, { ...frameOf(instance), ...grid });
    shapes.end();
    return steady;
  };
  const tracked = (instance: Instance, trackId = 1): Instance => ({ ...instance, trackId });
  const cells = ({ mask: { x, y, width, data } }: Instance): string[] =>
    [...data].flatMap((value, i) => (value === 1 ? [`${x + (i % width)},${y + Math.floor(i / width)}`] : []));

  it('are the detected ones at first, and stay the same while nothing changes', () => {
    const instance = tracked(block(100, 50, 40, 90));
    for (let i = 0; i < 5; i++) {
      const { box, mask, found, ...rest } = next(instance);
      assert.equal(found, instance, 'as it came');
      assert.deepEqual(rest, { classId: 0, score: 0.9, trackId: 1 });
      assert.deepEqual(box, instance.box);
      const { x, y, width, height, data, runs } = mask;
      assert.deepEqual({ x, y, width, height }, { x: 100, y: 50, width: 40, height: 90 });
      assert.deepEqual(runs, Int32Array.of(0, 3600));
      assert.deepEqual(data, instance.mask.data);
    }
  });

  it('do not follow noise', () => {
    const random = new Random(1);
    const before = { found: 100, steady: 100, cells: 100 };
    const changes = { found: 0, steady: 0, cells: 0 };
    for (let i = 0; i < 200; i++) {
      const noise = (): number => random.integer(3) - 1;
      const found = tracked(block(100 + noise(), 50 + noise(), 40 + noise(), 90 + noise()));
      const { box, mask } = next(found);
      const now = { found: found.box.x1, steady: box.x1, cells: mask.x };
      for (const of of ['found', 'steady', 'cells'] as const) changes[of] += Math.abs(now[of] - before[of]);
      Object.assign(before, now);
    }
    assert.ok(changes.steady < changes.found / 5, JSON.stringify(changes));
    assert.ok(changes.cells < changes.found / 3, JSON.stringify(changes));
  });

  it('have the detected mask again after a frame without one', () => {
    const small = tracked(block(100, 50, 40, 3));
    const none = { ...small, mask: { x: 100, y: 51, width: 0, height: 0, data: new Uint8Array(0) } };
    for (let i = 0; i < 5; i++) next(small);
    assert.equal(next(none).mask.width, 0);
    const { mask } = next(small);
    assert.deepEqual([mask.x, mask.y, mask.width, mask.height], [100, 50, 40, 3]);
  });

  it('follow a jump at once', () => {
    for (let i = 0; i < 20; i++) next(tracked(block(100, 50, 40, 90)));
    const jumped = tracked(block(160, 80, 40, 90));
    const { box, mask } = next(jumped);
    assert.deepEqual(box, jumped.box);
    assert.deepEqual([mask.x, mask.y, mask.width, mask.height], [160, 80, 40, 90]);
  });

  it('do not lag behind a steady motion', () => {
    const off: number[] = [];
    for (let i = 0; i < 60; i++) {
      const found = tracked(block(20 + 8 * i, 50 + 2 * i, 40, 90));
      const { box, mask } = next(found);
      if (i > 30) off.push(Math.abs(box.x1 - found.box.x1), Math.abs(mask.x - found.mask.x));
    }
    assert.ok(Math.max(...off) <= 1, off.join());
  });

  it('do not lag behind an object that comes closer', () => {
    for (let i = 0; i < 60; i++) {
      // Its left side stays where it is, so only its growth moves the right one.
      const found = tracked(block(100, 50, 200 + i, 200));
      const { mask } = next(found);
      if (i > 40) assert.ok(Math.abs(mask.width - found.mask.width) <= 1, `${mask.width} of ${200 + i}`);
    }
  });

  it('smooth less the faster an object moves', () => {
    // By how much of two pixels a box moves that is found two pixels off its way.
    const taken = (x: number, y: number): number => {
      time = 0;
      shapes = new SteadyShapes();
      for (let i = 0; i < 60; i++) next(tracked(block(20 + x * i, 20 + y * i, 60, 60)));
      const place = 20 + x * 60;
      return (next(tracked(block(place + 2, 20 + y * 60, 60, 60))).box.x1 - place) / 2;
    };
    // 5 pixels in 1/30 s are 2.5 sides a second, each of which adds 3 to the rate of 1 / 0.3 s at which errors are forgotten.
    for (const [x, y, rate] of [
      [0, 0, 1],
      [4, 3, 8.5],
      [0, 5, 8.5],
    ] as const) {
      const expected = 1 - Math.exp((-2 * rate) / 30 / 0.3);
      assert.ok(Math.abs(taken(x, y) - expected) < 0.01, `${x}, ${y}: ${taken(x, y)}, not ${expected}`);
    }
  });

  it('start with the detected shape for a new object in the slot', () => {
    next(tracked(block(100, 50, 40, 90)));
    const other = tracked(block(103, 51, 42, 88), 2);
    assert.deepEqual(next(other).box, other.box);
  });

  it('start over after half a second without detections, and with masks on another grid', () => {
    next(tracked(block(100, 50, 40, 90)));
    time += 0.6;
    const later = tracked(block(102, 50, 40, 90));
    assert.deepEqual(next(later).box, later.box);
    const coarse = tracked({ ...block(103, 50, 40, 90), mask: block(51, 25, 20, 45).mask });
    const { mask } = next(coarse, { maskWidth: 320, maskHeight: 180 });
    assert.deepEqual([mask.x, mask.y, mask.width, mask.height], [51, 25, 20, 45]);
  });

  it('do not follow the noise of a horizontal outline, whose edges jump far from row to row', () => {
    // A step: 20 cells wide above, 60 below, and nobody knows exactly where the one becomes the other.
    const step = (level: number): Instance => {
      const runs = Array.from({ length: 40 }, (_, y) => [60 * y, 60 * y + (y < level ? 20 : 60)]);
      const data = new Uint8Array(2400);
      for (const [from, to] of runs) data.fill(1, from, to);
      const { mask, ...rest } = block(100, 50, 60, 40);
      return tracked({ ...rest, mask: { ...mask, data, runs: undefined } });
    };
    const area = ({ mask }: Instance): number => mask.data.reduce((sum, value) => sum + value, 0);
    let [before, changes] = [0, 0];
    for (let i = 0; i < 60; i++) {
      const now = area(next(step(i % 2 === 0 ? 20 : 21)));
      if (i > 20) changes += Math.abs(now - before);
      before = now;
    }
    // What was found changes by 40 cells in each of the 39 frames.
    assert.ok(changes / 39 < 40 / 3, String(changes / 39));
  });

  it('keep a gap between legs that comes and goes for one frame', () => {
    const whole = tracked(block(100, 50, 40, 4));
    for (let i = 0; i < 10; i++) next(whole);
    const runs = Int32Array.of(0, 60, 62, 160);
    const data = new Uint8Array(160).fill(1);
    data.fill(0, 60, 62);
    const split = { ...whole, mask: { ...whole.mask, runs, data } };
    assert.deepEqual(next(split).mask.runs, Int32Array.of(0, 160));
    for (let i = 0; i < 10; i++) next(split);
    assert.deepEqual(next(split).mask.runs, runs);
  });

  it('always have masks that a decoder could produce', () => {
    const bits = (row: string): number[] => [...row].map(Number);
    const any = fc.record({
      x: fc.integer({ min: 0, max: 30 }),
      y: fc.integer({ min: 0, max: 20 }),
      rows: fc.array(fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 12, maxLength: 12 }), {
        maxLength: 10,
      }),
    });
    fc.assert(
      fc.property(fc.array(any, { minLength: 2, maxLength: 12 }), (frames) => {
        shapes = new SteadyShapes();
        time = 0;
        for (const { x, y, rows } of frames) {
          const data = Uint8Array.from(rows.flat());
          const size = rows.length > 0 ? { width: 12, height: rows.length } : { width: 0, height: 0 };
          const found = tracked({
            ...block(x, y, 12, Math.max(1, rows.length)),
            mask: { x, y, ...size, data },
          });
          const { mask, box } = next(found, { width: 40, height: 30, maskWidth: 40, maskHeight: 30 });
          assert.ok(box.x1 >= 0 && box.y1 >= 0 && box.x1 <= box.x2 && box.y1 <= box.y2);
          assert.ok(box.x2 <= 40 && box.y2 <= 30);
          assert.ok(mask.x >= 0 && mask.y >= 0 && mask.x + mask.width <= 40 && mask.y + mask.height <= 30);
          const edges = [...mask.runs!];
          assert.deepEqual(
            edges,
            [...new Set(edges)].sort((a, b) => a - b),
          );
          assert.ok((edges.at(-1) ?? 0) <= mask.width * mask.height);
          assert.equal(
            cells({ ...found, mask }).length,
            edges.reduce((sum, edge, i) => sum + (i % 2 === 0 ? -edge : edge), 0),
          );
          if (mask.width > 0) {
            const columns = new Set(cells({ ...found, mask }).map((cell) => Number(cell.split(',')[0])));
            assert.ok(columns.has(mask.x) && columns.has(mask.x + mask.width - 1), 'tight');
          }
        }
      }),
      {
        numRuns: 300,
        examples: [
          // A run that came to lie before the one before it: what is left out must not make the mask wider.
          [
            [
              { x: 0, y: 0, rows: ['100100001000', '001000001001'].map(bits) },
              { x: 0, y: 0, rows: [bits('000001010100')] },
              { x: 0, y: 0, rows: [] },
              { x: 0, y: 0, rows: [] },
            ],
          ],
        ],
      },
    );
  });

  it('use the same memory in every frame', () => {
    const instance = tracked(block(100, 50, 40, 90));
    const first = next(instance);
    const { box, mask } = first;
    const { buffer } = mask.runs!;
    for (let i = 0; i < 50; i++) {
      const again = next(tracked(block(100 + (i % 3), 50, 40, 90)));
      assert.ok(again === first && again.box === box && again.mask === mask);
      assert.equal(again.mask.runs!.buffer, buffer);
    }
  });
});
