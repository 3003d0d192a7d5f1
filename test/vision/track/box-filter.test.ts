import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { BoxFilters } from '../../../src/vision/track/box-filter.js';

const box = (filters: BoxFilters): number[] => {
  const found = { x1: 0, y1: 0, x2: 0, y2: 0 };
  filters.box(0, found);
  return [found.x1, found.y1, found.x2, found.y2];
};

/** Follows a box of 40x100 whose left edge is at `left(seconds)`. */
function follow(left: (seconds: number) => number, times: readonly number[], width = 40): BoxFilters {
  const filters = new BoxFilters(1);
  times.forEach((time, i) => {
    const x = left(time);
    if (i === 0) filters.start(0, x, 100, x + width, 200);
    else {
      filters.predict(0, time - times[i - 1]!, 1);
      filters.correct(0, x, 100, x + width, 200, 1);
    }
  });
  return filters;
}

describe('box filters', () => {
  const frames = Array.from({ length: 31 }, (_, i) => i / 30);

  it('find the speed in pixels per second, at any rate and with frames missing', () => {
    for (const times of [frames, frames.filter((_, i) => i % 3 === 0), frames.filter((_, i) => i % 7 < 4)]) {
      const filters = follow((time) => 50 + 120 * time, times);
      assert.ok(Math.abs(filters.speedX(0) - 120) < 8, `${filters.speedX(0)}`);
      assert.ok(Math.abs(filters.speedY(0)) < 1e-9);
    }
  });

  it('predict the position', () => {
    const filters = follow((time) => 50 + 120 * time, frames);
    filters.predict(0, 0.5, 1);
    const [x1, y1, x2, y2] = box(filters) as [number, number, number, number];
    assert.ok(Math.abs(x1 - 230) < 6, `${x1}`);
    assert.ok(Math.abs(x2 - 270) < 6, `${x2}`);
    assert.deepEqual([Math.round(y1), Math.round(y2)], [100, 200]);
  });

  it('become less certain with time', () => {
    const filters = follow(() => 50, frames);
    const known = filters.deviationX(0);
    filters.predict(0, 0.1, 1);
    const soon = filters.deviationX(0);
    filters.predict(0, 0.9, 1);
    assert.ok(known < soon && soon < filters.deviationX(0));
  });

  it('keep size and speed of an object that goes behind an edge', () => {
    const filters = follow((time) => 50 + 120 * time, frames);
    // It walks on, and nothing of it is seen right of x = 220.
    for (let i = 1; i <= 10; i++) {
      const left = 170 + 4 * i;
      filters.predict(0, 1 / 30, 1);
      filters.correct(0, left, 100, Math.min(left + 40, 220), 200, 1);
    }
    assert.ok(filters.width(0) > 30, `width ${filters.width(0)}`);
    assert.ok(filters.speedX(0) > 100, `speed ${filters.speedX(0)}`);
  });

  it('keep the speed of an object that comes out from behind an edge', () => {
    const filters = new BoxFilters(1);
    filters.start(0, 100, 100, 110, 200);
    for (let i = 1; i <= 10; i++) {
      filters.predict(0, 1 / 30, 1);
      filters.correct(0, 100, 100, Math.min(140, 110 + 4 * i), 200, 1);
    }
    // Its left edge is covered and stands still: so little may be known of its speed, but not that it runs.
    assert.ok(Math.abs(filters.speedX(0)) < 40, `speed ${filters.speedX(0)}`);
    assert.ok(Math.abs(filters.width(0) - 40) < 3, `width ${filters.width(0)}`);
  });

  it('never have a side below a pixel', () => {
    const filters = new BoxFilters(1);
    filters.start(0, 10, 10, 10, 10);
    filters.correct(0, 10, 10, 10, 10, 1);
    filters.predict(0, 60, 1);
    assert.ok(filters.width(0) >= 1 && filters.height(0) >= 1);
    assert.ok(box(filters).every(Number.isFinite));
  });
});
