import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import type { Addon } from '../../src/native/addon.js';
import { addon } from '../../src/native/addon.js';
import { repository } from '../data.js';

/** As JavaScript sees it: it must stand any argument. */
const native = addon() as unknown as Record<keyof Addon, (...args: unknown[]) => unknown>;
const REFUSED = { name: 'TypeError', message: /^Expected .* but received .*\.$/s };
const NO_SCALES = new Float64Array(0);

/** Version, type, height, width, channels, strides of rows, cells and channels, first channel. */
const block = (type: number, ...rest: number[]): Int32Array => Int32Array.of(1, type, ...rest);

describe('runs passed to the addon for their contours', () => {
  const outlines = (runs: Int32Array, width: number): unknown =>
    native.decodeOutlines(runs, width, 0, 0, 0, 0, new Int32Array(1024), 0, new Int32Array(64));

  it('are refused below the lowest row of a mask, before memory is allocated', () => {
    // Few enough rows that memory is not used up should this fail: 2 ** 30 of them took 16 GB.
    assert.throws(() => outlines(Int32Array.of(0, 1, 2 ** 21 - 1, 2 ** 21), 1), {
      ...REFUSED,
      message: /runs in order, each of a cell or more, within 32768 rows/,
    });
    assert.throws(() => outlines(Int32Array.of(0, 2 ** 21), 1), REFUSED);
    for (const width of [1, 7, 2 ** 15]) {
      const end = width * 2 ** 15;
      assert.equal(outlines(Int32Array.of(end - 1, end), width), 1);
      assert.throws(() => outlines(Int32Array.of(end, end + 1), width), REFUSED);
    }
  });

  it('are refused if they are unordered, empty or incomplete', () => {
    for (const runs of [
      [4, 3],
      [4, 4],
      [-1, 3],
      [0, 5, 4, 6],
      [0, 5, 7],
      [0, 5, 2 ** 21, 2 ** 21 + 1],
    ]) {
      assert.throws(() => outlines(Int32Array.from(runs), 8), REFUSED, runs.join());
    }
    // Each of those that touch has a contour of its own.
    assert.equal(outlines(Int32Array.of(0, 5, 5, 6), 8), 2);
  });
});

describe('blocks of heads passed to the addon', () => {
  const scan = (numbers: Int32Array, values: unknown, scales = NO_SCALES, lowest: unknown = 0): unknown =>
    native.decodeScan(
      values,
      numbers,
      scales,
      new Float64Array(numbers[4]!).fill(0),
      lowest,
      new Float32Array(64),
      new Uint16Array(64),
      new Int32Array(64),
      0,
    );

  it('are refused if strides let elements overlap', () => {
    const one = new Int8Array(1);
    assert.throws(() => scan(block(1, 4096, 4096, 1, 0, 0, 0, 0), one), {
      ...REFUSED,
      message: /16777216 elements that lie within 1\b/,
    });
    assert.throws(() => scan(block(1, 2, 3, 4, 1, 1, 1, 0), new Int8Array(100)), REFUSED);
    // Strides of axes of one element say nothing.
    assert.equal(scan(block(1, 1, 1, 4, 0, 0, 1, 0), new Int8Array(4).fill(1)), 1);
    assert.equal(scan(block(1, 2, 3, 4, 12, 4, 1, 0), new Int8Array(24).fill(1)), 6);
  });

  it('may have scales and limits that are NaN', () => {
    const arrays = [Float32Array, Int8Array, Uint8Array, Int16Array, Uint16Array, Int32Array];
    const odd = [NaN, Infinity, -Infinity, 0, -0, 1e308, -1e308, 5e-324];
    arrays.forEach((Type, type) => {
      const values = new Type(24).fill(1);
      for (const planes of [false, true]) {
        const numbers = planes ? block(type, 2, 3, 4, 3, 1, 6, 0) : block(type, 2, 3, 4, 12, 4, 1, 0);
        for (const lowest of odd) {
          assert.ok(Number(scan(numbers, values, NO_SCALES, lowest)) <= 6);
          for (const scale of odd) {
            const scales = Float64Array.of(scale, 1, 1, 1, 0, 0, scale, 0);
            assert.ok(Number(scan(numbers, values, scales, lowest)) <= 6);
          }
        }
        // What has no limit that is a number is looked at: its other numbers decide.
        assert.equal(scan(numbers, values, NO_SCALES, NaN), 6);
      }
    });
  });
});

describe('counts passed to the addon', () => {
  it('may be any number', () => {
    const odd = [NaN, Infinity, -Infinity, -1, 0.5, 2 ** 31, 2 ** 32, 2 ** 53, 1e308, '1', undefined];
    const cells = Int32Array.of(0, 1);
    const corner = (): Float32Array => new Float32Array(2);
    const corners = [corner(), corner(), corner(), corner()] as const;
    const numbers = block(0, 1, 2, 4, 8, 4, 1, 0);
    const boxes = (stride: unknown, bins: unknown, from: unknown, to: unknown): unknown => {
      const values = new Float32Array(8).fill(1);
      const valid = new Uint8Array(2);
      return native.decodeBoxes(values, numbers, NO_SCALES, stride, bins, cells, from, to, ...corners, valid);
    };
    boxes(8, 1, 0, 2);
    const suppress = (count: unknown, most: unknown): unknown => {
      const classes = new Uint16Array(2);
      return native.decodeSuppress(
        ...([corner(), classes, ...corners, new Uint8Array(2), count, 0.5, most, cells] as const),
      );
    };
    suppress(2, 2);
    for (const value of odd) {
      assert.throws(() => boxes(value, 1, 0, 2), REFUSED);
      assert.throws(() => boxes(8, value, 0, 2), REFUSED);
      assert.throws(() => boxes(8, 1, value, 2), REFUSED);
      assert.throws(() => boxes(8, 1, 0, value), REFUSED);
      assert.throws(() => suppress(value, 2), REFUSED);
      assert.throws(() => suppress(2, value), REFUSED);
    }
  });
});

describe('axes of a mask passed to the addon', () => {
  it('may have any values: each row of the mask is read once', () => {
    const protos = 200;
    // Every other band reaches from top to bottom.
    const first = Int32Array.from({ length: protos + 2 }, (_, i) => (i % 2 === 0 ? 0 : 2 ** 15));
    const logits = new Float32Array(protos * protos).map((_, i) => (i % 3) - 1);
    const crop = Int32Array.of(0, 0, 2 ** 15, 2 ** 15, 0, protos - 1, 0, protos - 1);
    for (const scale of [1, 1e-300, 1e300, Infinity, NaN, -7]) {
      const scales = Float64Array.of(scale, scale, scale, scale);
      const pairs = native.decodeRuns(crop, logits, first, first, scales, new Int32Array(0)) as number;
      assert.ok(pairs <= protos * 2 ** 15, `${pairs}`);
    }
  });
});

describe('arrays that another thread changes', () => {
  it('are read once: the checked values are the used ones', function () {
    this.timeout(120_000);
    const { status, signal, stdout, stderr } = spawnSync(
      process.execPath,
      [join(repository, 'dist/test/native/decode-race.js')],
      { encoding: 'utf8' },
    );
    assert.equal(status, 0, `${signal}: ${stderr}`);
    const { answers, refusals, others } = JSON.parse(stdout) as Record<string, number>;
    assert.equal(answers! + refusals!, 80_000);
    assert.equal(others, 0, 'answers of numbers that were changed after they had been checked');
  });
});
