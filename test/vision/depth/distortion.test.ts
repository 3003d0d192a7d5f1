import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { type Distortion, distort, distortionOf, undistort } from '../../../src/vision/depth/distortion.js';
import type { Intrinsics } from '../../../src/vision/depth/intrinsics.js';
import { largestRadius2, RayTable } from '../../../src/vision/depth/ray-table.js';
import { Projection, Projector } from '../../../src/vision/depth/projection.js';
import { DepthMasker } from '../../../src/vision/depth/masked-depth.js';
import { REGISTERED, SpaceMeasurer } from '../../../src/vision/depth/objects-in-space.js';
import { isRegistration, registrationOf, SameView } from '../../../src/vision/depth/registration.js';
import { IDENTITY } from '../../../src/vision/depth/rigid-transform.js';
import type { Segmentation } from '../../../src/vision/mask/segmentation.js';

const NONE = { k1: 0, k2: 0, p1: 0, p2: 0, k3: 0, k4: 0, k5: 0, k6: 0 };
/** A wide lens, as webcams have it. */
const BARREL: Distortion = { ...NONE, k1: -0.35, k2: 0.12, p1: 0.001, p2: -0.0008 };
const RATIONAL: Distortion = {
  ...NONE,
  k1: 0.5,
  k2: -0.05,
  p1: 0.0002,
  k3: 0.003,
  k4: 0.8,
  k5: 0.08,
  k6: -0.01,
};
const SIZE = { width: 320, height: 200 };
const PINHOLE: Intrinsics = { ...SIZE, fx: 210, fy: 208, cx: 161, cy: 98 };
const WIDE: Intrinsics = { ...PINHOLE, distortion: BARREL };

/** A plate of 1 m x 0.6 m that faces the camera, 2 m away, as a camera sees it: each ray by its definition. */
function plate(camera: Intrinsics): { depth: Uint16Array; found: Segmentation } {
  const { width, height, fx, fy, cx, cy, distortion } = camera;
  const depth = new Uint16Array(width * height).fill(4000);
  const data = new Uint8Array(width * height);
  const seen = new Float64Array(2);
  // From the plate to the picture, in steps far below a pixel: shares nothing with undistort().
  for (let x = 0.2; x <= 1.2; x += 0.002) {
    for (let y = -0.4; y <= 0.2; y += 0.002) {
      seen.set([x / 2, y / 2]);
      if (distortion) distort(distortion, x / 2, y / 2, seen);
      const column = Math.round(seen[0]! * fx + cx);
      const row = Math.round(seen[1]! * fy + cy);
      if (column < 0 || row < 0 || column >= width || row >= height) continue;
      data[row * width + column] = 1;
      depth[row * width + column] = 2000;
    }
  }
  const box = { x1: 0, y1: 0, x2: width, y2: height };
  const instance = { classId: 0, score: 1, box, mask: { x: 0, y: 0, width, height, data } };
  return { depth, found: { ...SIZE, maskWidth: width, maskHeight: height, instances: [instance] } };
}

describe('distortion', () => {
  it('is undone: each pixel has the ray that is seen there', () => {
    const seen = new Float64Array(2);
    for (const distortion of [BARREL, RATIONAL, { ...NONE, k1: 0.2, k2: -0.1, p1: 0.002 }]) {
      const rays = new RayTable().of({ ...PINHOLE, distortion });
      for (let at = 0; at < SIZE.width * SIZE.height; at += 97) {
        distort(distortion, rays[2 * at]!, rays[2 * at + 1]!, seen);
        const { fx, fy, cx, cy } = PINHOLE;
        const [column, row] = [at % SIZE.width, Math.floor(at / SIZE.width)];
        const off = Math.hypot(seen[0]! * fx + cx - column, seen[1]! * fy + cy - row);
        assert.ok(off < 0.001, `pixel ${column}, ${row}: ${off}`);
      }
    }
  });

  it('agrees with OpenCV', () => {
    // What cv::projectPoints of OpenCV 4.6.0 gives for rays (0.5, -0.25, 1) and (-0.7, 0.4, 1), D = [k1, k2, p1, p2, k3, k4, k5, k6].
    const seen = new Float64Array(2);
    for (const [d, first, second] of [
      [
        [-0.35, 0.12, 0.001, -0.0008],
        [0.450271875, -0.2249484375],
        [-0.578104, 0.330698],
      ],
      [
        [0.5, -0.05, 0.0002, 0, 0.003, 0.8, 0.08, -0.01],
        [0.457783810610105, -0.228829405305053],
        [-0.588930545134235, 0.336661740076706],
      ],
      [
        [-0.28, 0.07, 0.001, -0.002, 0.01, 0.02, -0.01, 0.03],
        [0.455117247685831, -0.227558623842916],
        [-0.58908728375108, 0.33652844785776],
      ],
      [
        [0.11, -0.23, 0.015, -0.02, 0.07],
        [0.487025146484375, -0.241950073242188],
        [-0.736484125, 0.4231695],
      ],
    ] as const) {
      const lens = distortionOf('rational_polynomial', d)!;
      distort(lens, 0.5, -0.25, seen);
      assert.ok(Math.hypot(seen[0]! - first[0], seen[1]! - first[1]) < 1e-12, `${d.join()}: ${seen.join()}`);
      distort(lens, -0.7, 0.4, seen);
      assert.ok(
        Math.hypot(seen[0]! - second[0], seen[1]! - second[1]) < 1e-12,
        `${d.join()}: ${seen.join()}`,
      );
    }
  });

  it('of another model, or of more coefficients than are understood, is none', () => {
    for (const model of ['equidistant', 'constructor', '__proto__'])
      assert.equal(distortionOf(model, [0]), undefined, model);
    assert.equal(distortionOf('plumb_bob', [0, 0, 0, 0, 0, 0, 0, 0, 0.1]), undefined);
  });

  it('has no ray where the polynomials turn back, and is never projected from there', () => {
    const strong = { ...NONE, k1: -0.9 };
    const ray = new Float64Array(2);
    undistort(strong, 0.9, 0, ray);
    assert.ok(Number.isNaN(ray[0]));
    // x (1 - 0.9 x²) is 0.3 again at 0.86: what is there lies beside the picture.
    const narrow = { width: 100, height: 20, fx: 160, fy: 160, cx: 49.5, cy: 9.5, distortion: strong };
    const limit = largestRadius2(narrow);
    assert.ok(limit > 0.3 ** 2 && limit < 0.5 ** 2, `${limit}`);
    const numbers = new Projection().between({ ...narrow, distortion: undefined }, narrow, IDENTITY, 1);
    const projector = new Projector(new Float32Array(0), numbers, narrow.width);
    assert.ok(projector.project(49.5 + 160 * 0.2, 9.5, 1));
    assert.ok(!projector.project(49.5 + 160 * 0.86, 9.5, 1));
    const rays = new RayTable().of({ ...SIZE, fx: 60, fy: 60, cx: 160, cy: 100, distortion: strong });
    assert.ok(rays.some((value) => Number.isNaN(value)) && rays.some((value) => value > 0.1));
  });

  it('is never left out: coefficients of which hardly any ray is seen', () => {
    const odd = { ...PINHOLE, distortion: { ...NONE, k1: -1000 } };
    const numbers = new Projection().between(PINHOLE, odd, IDENTITY, 1);
    const projector = new Projector(new Float32Array(0), numbers, SIZE.width);
    assert.ok(!projector.project(PINHOLE.cx + 60, PINHOLE.cy, 1), `${projector.u}, ${projector.v}`);
  });

  it('is made once for a camera, and anew for another', () => {
    const table = new RayTable();
    const rays = table.of(WIDE);
    assert.equal(table.of({ ...WIDE, distortion: { ...BARREL } }), rays);
    assert.notEqual(table.of({ ...WIDE, distortion: { ...BARREL, k1: -0.3 } }), rays);
    assert.equal(table.of(PINHOLE).length, 0);
  });
});

describe('depth of a distorted camera', () => {
  const { depth, found } = plate(WIDE);
  const picture = { ...SIZE, data: depth };

  it('is measured where it is: a plate aside, of 1 m x 0.6 m', () => {
    const options = { step: 1, band: 1 };
    const measurer = new SpaceMeasurer();
    const [object] = measurer.measure(found, picture, WIDE, REGISTERED, options);
    const { center, size } = object!;
    assert.ok(Math.hypot(center.x - 0.7, center.y + 0.1, center.z - 2) < 0.015, JSON.stringify(center));
    assert.ok(Math.abs(size.y - 1) < 0.04 && Math.abs(size.z / 0.6 - 1) < 0.04, JSON.stringify(size));
    // As if there were no distortion, it is not.
    const { center: wrong } = measurer.measure(found, picture, PINHOLE, REGISTERED, options)[0]!;
    assert.ok(Math.hypot(wrong.x - 0.7, wrong.y + 0.1) > 0.03, JSON.stringify(wrong));
  });

  it('of the same place and frame, but one picture rectified, is projected, and lies on its mask', () => {
    const rectified = plate(PINHOLE);
    const placed = { ...SIZE, frameId: 'camera' };
    const lookup = () => IDENTITY;
    for (const [own, color, seen, masks] of [
      [WIDE, PINHOLE, depth, rectified.found],
      [PINHOLE, WIDE, rectified.depth, found],
    ] as const) {
      const registration = registrationOf('auto', placed, placed, own, color, lookup);
      assert.ok(isRegistration(registration));
      assert.equal(registration.kind, 'projected');
      const target = new Uint16Array(seen.length);
      const input = { ...SIZE, data: seen };
      new DepthMasker().mask(masks, input, registration, own, 'instances', { margin: 1 }, target);
      /** Pixels of the plate that are left, and of the wall that are not. */
      const wrong = (): number =>
        seen.reduce((sum, value, at) => sum + ((value === 2000) === (target[at] !== 0) ? 1 : 0), 0);
      // The wall loses what the margin takes: about a pixel and a half around the plate.
      assert.ok(wrong() < 800, `${wrong()} pixels`);
      new DepthMasker().mask(masks, input, REGISTERED, own, 'instances', { margin: 1 }, target);
      assert.ok(wrong() > 1000, `${wrong()} pixels if taken for registered`);
    }
  });
});

describe('registrationOf', () => {
  const color = { width: 640, height: 400, frameId: 'camera' };
  const depth = { width: 320, height: 200, frameId: 'camera' };
  const lookup = () => IDENTITY;
  const kindOf = (
    own: Intrinsics | undefined,
    other: Intrinsics | undefined,
    mode: 'auto' | 'registered' = 'auto',
  ) => {
    const found = registrationOf(mode, color, depth, own, other, lookup);
    return isRegistration(found) ? found.kind : found.expected;
  };
  /** PINHOLE for pictures of 640 x 400. */
  const twice = { width: 640, height: 400, fx: 420, fy: 416, cx: 322.5, cy: 196.5 };

  it('takes pictures of one frame as registered if they show the same, whatever the size', () => {
    assert.equal(kindOf(PINHOLE, twice), 'registered');
    // Half a pixel more or less, and what drivers round.
    assert.equal(kindOf(PINHOLE, { ...twice, cx: 322, cy: 196, fx: 420.4 }), 'registered');
    assert.equal(kindOf(WIDE, { ...twice, distortion: BARREL }), 'registered');
  });

  it('projects pictures of one frame that show something else: other focal length, middle, distortion', () => {
    for (const other of [
      { ...twice, fx: 460, fy: 456 },
      { ...twice, cx: 340 },
      { ...twice, cy: 170 },
      { ...twice, distortion: BARREL },
    ]) {
      assert.equal(kindOf(PINHOLE, other), 'projected', JSON.stringify(other));
      assert.equal(kindOf(PINHOLE, other, 'registered'), 'registered', 'it is said to be');
    }
  });

  it('compares two cameras once, not for each frame', () => {
    let reads = 0;
    const distortion = {
      ...BARREL,
      get k1() {
        reads++;
        return BARREL.k1;
      },
    };
    const view = new SameView();
    const compare = (fx = twice.fx) =>
      registrationOf('auto', color, depth, WIDE, { ...twice, fx, distortion }, lookup, view);
    assert.equal(isRegistration(compare()) && reads > 1000, true, `${reads} reads`);
    reads = 0;
    for (let frame = 0; frame < 10; frame++) assert.deepEqual(compare(), REGISTERED);
    assert.ok(reads <= 20, `${reads} reads`);
    assert.notDeepEqual(compare(460), REGISTERED);
    assert.deepEqual(compare(), REGISTERED);
  });

  it('goes by frames and sizes while the intrinsics of one are not known', () => {
    assert.equal(kindOf(PINHOLE, undefined), 'registered');
    assert.equal(kindOf(undefined, twice), 'registered');
  });
});
