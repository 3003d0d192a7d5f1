import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import fc from 'fast-check';
import { PolygonTracer, simplifyRing } from '../../../src/vision/mask/polygon.js';
import { decodeCroppedRle, decodeRle, RleEncoder } from '../../../src/vision/mask/rle.js';
import type { Mask } from '../../../src/vision/mask/segmentation.js';

/** A crop somewhere on a grid, filled by chance or by a disc, which has long runs. */
const cropArbitrary = fc
  .record({
    gridWidth: fc.integer({ min: 1, max: 40 }),
    gridHeight: fc.integer({ min: 1, max: 40 }),
    left: fc.double({ min: 0, max: 1, noNaN: true }),
    top: fc.double({ min: 0, max: 1, noNaN: true }),
    right: fc.double({ min: 0, max: 1, noNaN: true }),
    bottom: fc.double({ min: 0, max: 1, noNaN: true }),
    density: fc.constantFrom(0, 0.3, 0.7, 1),
    seed: fc.nat(),
  })
  .map(({ gridWidth, gridHeight, left, top, right, bottom, density, seed }) => {
    const x = Math.floor(left * gridWidth);
    const y = Math.floor(top * gridHeight);
    const width = Math.round(right * (gridWidth - x));
    const height = Math.round(bottom * (gridHeight - y));
    let state = seed;
    const data = Uint8Array.from({ length: width * height }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32 < density ? 1 : 0;
    });
    return { mask: { x, y, width, height, data }, gridWidth, gridHeight };
  });

function onGrid(mask: Mask, gridWidth: number, gridHeight: number): Uint8Array {
  const whole = new Uint8Array(gridWidth * gridHeight);
  for (let y = 0; y < mask.height; y++) {
    for (let x = 0; x < mask.width; x++)
      whole[(mask.y + y) * gridWidth + mask.x + x] = mask.data[y * mask.width + x]!;
  }
  return whole;
}

describe('COCO RLE', () => {
  const encoder = new RleEncoder();

  it('is decoded to the encoded mask', () => {
    fc.assert(
      fc.property(cropArbitrary, ({ mask, gridWidth, gridHeight }) => {
        const decoded = decodeRle(encoder.encode(mask, gridWidth, gridHeight));
        assert.deepEqual([decoded.width, decoded.height], [gridWidth, gridHeight]);
        assert.deepEqual(decoded.data, onGrid(mask, gridWidth, gridHeight));
      }),
      { numRuns: 300 },
    );
  });

  it('can be decoded to the smallest crop, too', () => {
    fc.assert(
      fc.property(cropArbitrary, ({ mask, gridWidth, gridHeight }) => {
        const { counts } = encoder.encode(mask, gridWidth, gridHeight);
        const crop = decodeCroppedRle(counts, gridWidth, gridHeight);
        assert.deepEqual(onGrid(crop, gridWidth, gridHeight), onGrid(mask, gridWidth, gridHeight));
        const row = (y: number): boolean =>
          crop.data.subarray(y * crop.width, (y + 1) * crop.width).includes(1);
        if (crop.height > 0) assert.ok(row(0) && row(crop.height - 1));
      }),
      { numRuns: 300 },
    );
    assert.deepEqual(decodeCroppedRle([4, 2, 6], 3, 4), {
      x: 1,
      y: 0,
      width: 1,
      height: 2,
      data: Uint8Array.of(1, 1),
    });
    assert.throws(() => decodeCroppedRle([4, 2], 3, 4), /add up to 12/);
  });

  it('equals that of pycocotools 2.0', () => {
    // mask.encode(np.asfortranarray(m)) for these bitmaps of 5 rows and 7 columns, and 400 x 300 with a large rectangle.
    const rows = ['0000000', '0111000', '0101010', '0111001', '0000001'];
    const data = Uint8Array.from(rows.join(''), Number);
    assert.equal(encoder.encode({ x: 0, y: 0, width: 7, height: 5, data }, 7, 5).counts, '632NO0126NM1');
    const rectangle = { x: 33, y: 20, width: 200, height: 250, data: new Uint8Array(200 * 250).fill(1) };
    const { counts } = encoder.encode(rectangle, 400, 300);
    assert.equal(counts.slice(0, 12), 'Pf9j7b100000');
    assert.equal(
      encoder.encode({ x: 0, y: 0, width: 0, height: 0, data: new Uint8Array(0) }, 3, 2).counts,
      '6',
    );
    assert.equal(
      encoder.encode({ x: 0, y: 0, width: 3, height: 2, data: new Uint8Array(6).fill(1) }, 3, 2).counts,
      '06',
    );
  });

  it('is refused if its counts are not a mask', () => {
    assert.throws(() => decodeRle({ size: [2, 3], counts: '5' }), /add up to 6/);
    assert.throws(() => decodeRle({ size: [2, 3], counts: '7' }), /add up to 6/);
    assert.throws(() => decodeRle({ size: [2, 3], counts: 'o' }), /counts/);
    assert.throws(() => decodeRle({ size: [2, 3], counts: '\u0000' }), /Character 0/);
    assert.throws(() => decodeRle({ size: [2, 3], counts: 'oooooooooo1' }), /counts/);
  });
});

describe('polygons', () => {
  const tracer = new PolygonTracer();

  /** Even-odd filling of exact contours must give the mask back: cell centers are never on an edge. */
  function fill(mask: Mask, gridWidth: number, gridHeight: number): Uint8Array {
    const whole = new Uint8Array(gridWidth * gridHeight);
    for (const { points } of tracer.trace(mask, { tolerance: 0, minArea: 0 })) {
      for (let y = 0; y < gridHeight; y++) {
        for (let x = 0; x < gridWidth; x++) {
          let crossings = 0;
          for (let i = 0; i < points.length; i += 2) {
            const [ax, ay] = [points[i]!, points[i + 1]!];
            const [bx, by] = [points[(i + 2) % points.length]!, points[(i + 3) % points.length]!];
            if (ax === bx && ax > x + 0.5 && Math.min(ay, by) < y + 0.5 && Math.max(ay, by) > y + 0.5)
              crossings++;
          }
          whole[y * gridWidth + x]! ^= crossings % 2;
        }
      }
    }
    return whole;
  }

  it('enclose exactly the cells of the mask', () => {
    fc.assert(
      fc.property(cropArbitrary, ({ mask, gridWidth, gridHeight }) => {
        assert.deepEqual(fill(mask, gridWidth, gridHeight), onGrid(mask, gridWidth, gridHeight));
      }),
      { numRuns: 100 },
    );
  });

  it('distinguish holes from outer contours', () => {
    const rows = ['111110', '100010', '101010', '100010', '111110'];
    const mask = { x: 10, y: 20, width: 6, height: 5, data: Uint8Array.from(rows.join(''), Number) };
    const polygons = tracer.trace(mask, { tolerance: 0, minArea: 0 });
    assert.deepEqual(
      polygons.map(({ hole, points }) => [hole, points.length / 2]),
      [
        [false, 4],
        [false, 4],
        [true, 4],
      ],
    );
    const [outer] = tracer.trace(mask, { tolerance: 0, scaleX: 2, scaleY: 0.5 });
    const corners = [
      [30, 10],
      [30, 12.5],
      [20, 12.5],
      [20, 10],
    ];
    assert.deepEqual(outer!.points, corners.flat());
    assert.equal(tracer.trace(mask, { minArea: 2 }).length, 2);
  });

  it('are simplified within the tolerance', () => {
    const size = 200;
    const data = new Uint8Array(size * size);
    for (let i = 0; i < data.length; i++)
      data[i] = Math.hypot((i % size) - 100, Math.floor(i / size) - 100) < 80 ? 1 : 0;
    const mask = { x: 0, y: 0, width: size, height: size, data };
    const [exact] = tracer.trace(mask, { tolerance: 0 });
    const [simple] = tracer.trace(mask, { tolerance: 1 });
    assert.ok(
      simple!.points.length < exact!.points.length / 5,
      `${simple!.points.length} of ${exact!.points.length}`,
    );
    for (let i = 0; i < simple!.points.length; i += 2) {
      const radius = Math.hypot(simple!.points[i]! - 100.5, simple!.points[i + 1]! - 100.5);
      assert.ok(Math.abs(radius - 80) < 2);
    }
    assert.deepEqual(simplifyRing([0, 0, 1, 0, 1, 1], 5), [0, 0, 1, 0, 1, 1]);
  });

  it('of an empty mask are none', () => {
    assert.deepEqual(tracer.trace({ x: 0, y: 0, width: 0, height: 0, data: new Uint8Array(0) }), []);
  });
});
