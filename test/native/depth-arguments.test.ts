import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { addon, type Addon } from '../../src/native/addon.js';

/** As JavaScript sees it: it must stand any argument. */
const native = addon() as unknown as Record<keyof Addon, (...args: unknown[]) => unknown>;
const REFUSED = { name: 'TypeError', message: /^Expected .* but received .*\.$/s };
const ODD = [NaN, Infinity, -1, 0.5, 2 ** 31, 2 ** 53, '1', null] as const;

const ints = (...numbers: number[]): Int32Array => Int32Array.from(numbers);
/** One run of columns 1 to 3 in row 1 of a grid of 4 x 3. */
const runs = (): Int32Array[] => [ints(1, 3), ints(0, 2), ints(1, 2, 1, 3, 2)];
const DISC = ints(1, 0);

describe('arguments of the kernels of depth', () => {
  it('may be runs in order within the grid, and no others', () => {
    const fill = (edges: Int32Array, ends: Int32Array, shape: Int32Array, disc = DISC): Uint8Array => {
      const cells = new Uint8Array(12);
      native.depthFill(edges, ends, shape, disc, 4, 3, cells, 1);
      return cells;
    };
    const [edges, ends, shape] = runs() as [Int32Array, Int32Array, Int32Array];
    assert.deepEqual([...fill(edges, ends, shape)], [0, 1, 1, 0, 1, 1, 1, 1, 0, 1, 1, 0]);
    for (const bad of [
      ints(3, 1),
      ints(1, 5),
      ints(-1, 2),
      ints(1),
      ints(2, 2),
      ints(2 ** 31 - 1, -(2 ** 31)),
    ])
      assert.throws(() => fill(bad, ends, shape), REFUSED, bad.join());
    for (const bad of [ints(0, 1), ints(0, 4), ints(2, 2), ints(0), ints(0, -2), ints(0, 2 ** 30)])
      assert.throws(() => fill(edges, bad, shape), REFUSED, bad.join());
    for (const bad of [
      ints(1, 2),
      ints(3, 4, 1, 3, 2),
      ints(-1, 0, 1, 3, 2),
      ints(2, 1, 1, 3, 2),
      ints(0, 2 ** 30, 0, 0, 0),
    ])
      assert.throws(() => fill(edges, ends, bad), REFUSED, bad.join());
    for (const bad of [ints(), ints(-1), ints(2 ** 30)])
      assert.throws(() => fill(edges, ends, shape, bad), REFUSED, bad.join());
    // Two runs that overlap would be eroded into nonsense.
    assert.throws(() => fill(ints(0, 2, 1, 3), ints(0, 4), shape), REFUSED);
  });

  it('may be masks whose axes have all their cells, and no others', () => {
    const axis = ints(0, 1, 2, 3, 4);
    const lay = (crop: Int32Array, cells = ints(0, 2), columns = axis, rows = axis): unknown =>
      native.depthLay(cells, crop, columns, rows, new Int32Array(8), new Int32Array(8), new Int32Array(5));
    assert.equal(lay(ints(1, 1, 2, 2)), 2);
    assert.equal(lay(ints(1, 1, 2, 2), ints(0, 4)), 4);
    for (const bad of [
      ints(3, 0, 2, 1),
      ints(0, 3, 1, 2),
      ints(-1, 0, 1, 1),
      ints(0, 0, -1, 1),
      ints(0, 0, 2 ** 30, 2 ** 30),
    ])
      assert.throws(() => lay(bad), REFUSED, bad.join());
    // Runs out of order, that overlap, or without cells: each row could see all of them.
    for (const bad of [ints(2, 4, 0, 2), ints(0, 3, 1, 4), ints(0, 4, 0, 4), ints(1, 1, 2, 3)])
      assert.throws(() => lay(ints(0, 0, 4, 1), bad), REFUSED, bad.join());
    assert.throws(() => lay(ints(0, 0, 1, 2), ints(0, 2), axis, ints(0, 5, 2)), REFUSED);
    assert.throws(() => lay(ints(0, 0, 1, 2), ints(0, 2), axis, ints(0, -5, 2)), REFUSED);
    assert.throws(() => lay(ints(0, 0, 1, 2), ints(0, 2), axis, ints(0, 1, 2 ** 30)), REFUSED);
  });

  it('may be pictures and memories that are large enough, and no others', () => {
    const of = {
      collect: (
        length: number,
        points: number,
        used: unknown = 0,
        step: unknown = 1,
        label: unknown = 1,
      ): unknown =>
        native.depthCollect(
          ...[new Uint16Array(length).fill(5), 4, 3, new Uint16Array(12).fill(1), label, ...runs(), step],
          ...[new Uint32Array(points), new Float32Array(points), used, new Float64Array(1)],
        ),
      place: (to: unknown, at: unknown, tag: unknown = 0, rays = 0): unknown =>
        native.depthPlace(
          ...[
            new Uint32Array(2).fill(0xffffffff),
            new Float32Array(2).fill(1),
            0,
            to,
            4,
            new Float32Array(rays),
          ],
          ...[Float64Array.of(0, 0, 1, 1, 0, 9, 1, 1, 0, 0, 0, 1, 0), new Uint32Array(4), tag],
          ...[new Float32Array(14), at, new Float64Array(13)],
        ),
      outline: (to: unknown, low = 128): unknown =>
        native.depthOutline(
          ...[new Float32Array(14).fill(NaN), 0, to, 7, new Float64Array(8).fill(NaN)],
          ...[new Float64Array(low), new Float64Array(128), new Float64Array(4)],
        ),
    };
    assert.equal(of.collect(12, 2), 2);
    assert.equal(of.collect(12, 0), 2, 'says how many there are');
    assert.throws(() => of.collect(11, 2), REFUSED);
    assert.throws(() => of.collect(12, 2, 3), REFUSED);
    assert.equal(of.place(2, 0), 2);
    assert.equal(of.place(2, 0, 2 ** 32 - 1), 2);
    // Pixels beyond the rays have none.
    assert.equal(of.place(2, 0, 0, 24), 0);
    assert.throws(() => of.place(2, 1), REFUSED);
    of.outline(14);
    assert.throws(() => of.outline(13), REFUSED);
    assert.throws(() => of.outline(14, 127), REFUSED);
    for (const odd of ODD) {
      assert.throws(() => of.collect(12, 2, odd), REFUSED);
      assert.throws(() => of.collect(12, 2, 0, odd), REFUSED);
      assert.throws(() => of.collect(12, 2, 0, 1, odd), REFUSED);
      assert.throws(() => of.place(odd, 0), REFUSED);
      assert.throws(() => of.place(2, odd), REFUSED);
      assert.throws(() => of.outline(odd), REFUSED);
    }
  });

  it('may be projections onto grids that are large enough, of any numbers', () => {
    const data = new Float32Array(12).fill(2);
    const project = (
      numbers: Float32Array,
      { rays = 0, columns = 2, squares = 4, most = 12, count = 1, ends = 2, labels = 1 } = {},
    ): unknown =>
      native.depthProject(
        ...[data, 4, 3, 1, new Float32Array(rays), numbers, new Uint16Array(12).fill(labels), 4, 3],
        ...[new Float32Array(squares).fill(Infinity), columns, 1, 1.05, 0.05, count, new Int32Array(ends)],
        ...[new Uint32Array(most), new Float32Array(most)],
      );
    const cut = (numbers: Float32Array, marks = 12, target: unknown = new Float32Array(12)): unknown =>
      native.depthCut(data, 4, 3, new Float32Array(0), numbers, new Uint8Array(marks), 4, 3, 1, target);
    const same = Float32Array.of(
      ...[2, 1, 4, 4, 2, 1, 4, 4],
      ...[4, 0, 2.5, 0, 4, 1.5, 0, 0, 1],
      ...new Array<number>(12).fill(0),
    );
    assert.equal(project(same), 12);
    // Labels that no instance has are none.
    assert.equal(project(same, { labels: 2 }), 0);
    assert.equal(project(same, { labels: 65535, count: 2, ends: 3 }), 0);
    for (const bad of [
      { rays: 2 },
      { rays: 2 * 12 - 1 },
      { columns: 1 },
      { squares: 3 },
      { most: 11 },
      { count: 2 },
      { count: -1 },
      { count: NaN },
      { ends: 1 },
    ])
      assert.throws(() => project(same, bad), REFUSED, JSON.stringify(bad));
    assert.throws(() => project(same.subarray(1)), REFUSED);
    assert.throws(() => cut(same, 11), REFUSED);
    assert.throws(() => cut(same, 12, new Uint16Array(12)), REFUSED);
    assert.throws(() => cut(same, 12, new Float32Array(11)), REFUSED);
    assert.throws(() => cut(same, 12, data), REFUSED);
    const shared = new Float32Array(24);
    const inPart = (): unknown =>
      native.depthCut(
        ...[shared.subarray(0, 12), 4, 3, new Float32Array(0), same, new Uint8Array(12), 4, 3, 1],
        shared.subarray(11, 23),
      );
    assert.throws(inPart, REFUSED);
    for (const odd of [NaN, Infinity, -Infinity, 1e308, -1e308, 5e-324, 0]) {
      for (let at = 0; at < same.length; at++) {
        const numbers = same.with(at, odd);
        assert.ok(Number(project(numbers)) <= 12);
        cut(numbers);
      }
      project(same.map(() => odd));
      cut(same.map(() => odd));
    }
  });
});
