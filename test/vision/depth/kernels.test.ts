import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { nativeDepthKernels } from '../../../src/native/depth-kernels.js';
import type { DepthPicture } from '../../../src/vision/depth/depth-picture.js';
import type { Distortion } from '../../../src/vision/depth/distortion.js';
import type { Intrinsics } from '../../../src/vision/depth/intrinsics.js';
import { DepthMasker } from '../../../src/vision/depth/masked-depth.js';
import { type Registration, REGISTERED, SpaceMeasurer } from '../../../src/vision/depth/objects-in-space.js';
import { compose } from '../../../src/vision/depth/rigid-transform.js';
import { KeptSegmentation } from '../../../src/vision/depth/kept-segmentation.js';
import type { Instance, Segmentation } from '../../../src/vision/mask/segmentation.js';
import { random } from './world.js';

const LENS: Distortion = { k1: -0.28, k2: 0.07, p1: 0.001, p2: -0.002, k3: 0.01, k4: 0.02, k5: -0.01, k6: 0 };

interface Case {
  readonly segmentation: Segmentation;
  readonly depth: DepthPicture;
  readonly camera: Intrinsics;
  readonly registration: Registration;
  readonly step: number;
  readonly band: number;
  readonly margin: number;
}

/** Ellipses with holes that overlap, of any size on the grid. */
function blobs(width: number, height: number, count: number, next: () => number): Segmentation {
  const instances: Instance[] = [];
  for (let i = 0; i < count; i++) {
    const x = Math.floor(next() * (width - 1));
    const y = Math.floor(next() * (height - 1));
    const w = 1 + Math.floor(next() * (width - x - 1));
    const h = 1 + Math.floor(next() * (height - y - 1));
    const holes = next() < 0.3 ? 0.1 : 0;
    const data = Uint8Array.from({ length: w * h }, (_, at) => {
      const inside = Math.hypot((2 * (at % w) + 1) / w - 1, (2 * Math.floor(at / w) + 1) / h - 1) < 1.1;
      return inside && next() >= holes ? 1 : 0;
    });
    const box = { x1: x, y1: y, x2: x + w, y2: y + h };
    instances.push({ classId: i % 3, score: 1 - i / 10, box, mask: { x, y, width: w, height: h, data } });
  }
  const found = { width, height, maskWidth: width, maskHeight: height, instances };
  return next() < 0.5 ? found : new KeptSegmentation().copy(found);
}

function pictureOf(width: number, height: number, floats: boolean, next: () => number): DepthPicture {
  const odd = floats ? [NaN, 0, -1, Infinity, 3.4e38] : [0, 65535];
  const value = (at: number): number => {
    if (next() < 0.1) return odd[Math.floor(next() * odd.length)]!;
    const meters = 1 + ((at % width) / width) * 2 + (next() < 0.05 ? 5 : 0.02 * next());
    return floats ? meters : Math.round(1000 * meters);
  };
  const length = width * height;
  return {
    ...{ width, height },
    data: floats
      ? Float32Array.from({ length }, (_, at) => value(at))
      : Uint16Array.from({ length }, (_, at) => value(at)),
  };
}

const cases = fc
  .record({
    seed: fc.integer(),
    width: fc.integer({ min: 8, max: 90 }),
    height: fc.integer({ min: 8, max: 60 }),
    scale: fc.constantFrom(1, 1, 0.5, 1.7),
    floats: fc.boolean(),
    kind: fc.constantFrom('registered', 'projected'),
    lens: fc.constantFrom('none', 'depth', 'color', 'both'),
    step: fc.integer({ min: 1, max: 3 }),
    band: fc.integer({ min: 0, max: 3 }),
    margin: fc.integer({ min: 0, max: 4 }),
    count: fc.integer({ min: 0, max: 4 }),
  })
  .map(({ seed, width, height, scale, floats, kind, lens, count, ...options }): Case => {
    const next = random(seed);
    const mask = { width: Math.ceil(scale * width), height: Math.ceil(scale * height) };
    const camera = (side: { width: number; height: number }, own: 'depth' | 'color'): Intrinsics => ({
      ...side,
      ...{ fx: 0.8 * side.width, fy: 0.82 * side.width, cx: side.width / 2 + next(), cy: side.height / 2 },
      distortion: lens === own || lens === 'both' ? LENS : undefined,
    });
    const small = (): number => 0.1 * (next() - 0.5);
    const [qx, qy, qz] = [small(), small(), small()];
    const qw = Math.sqrt(1 - qx * qx - qy * qy - qz * qz);
    const toColor = { x: small(), y: small(), z: small(), qx, qy, qz, qw };
    return {
      segmentation: blobs(mask.width, mask.height, count, next),
      depth: pictureOf(width, height, floats, next),
      camera: camera({ width, height }, 'depth'),
      registration:
        kind === 'registered' ? REGISTERED : { kind: 'projected', color: camera(mask, 'color'), toColor },
      ...options,
    };
  });

/**
 * Pictures of many blocks: those whose pixels all come to lie beside masks or on them are decided as wholes in C++. Depths are near and far
 * in patches, so that a block's bounds matter.
 */
const large = fc
  .record({
    seed: fc.integer(),
    width: fc.integer({ min: 100, max: 260 }),
    height: fc.integer({ min: 60, max: 140 }),
    scale: fc.constantFrom(1, 0.4, 1.7),
    floats: fc.boolean(),
    gaps: fc.constantFrom(0, 0.002, 0.05),
    lens: fc.constantFrom('none', 'none', 'color', 'both'),
    roll: fc.constantFrom(0, 0, 90, 180),
    // By focal lengths below 0: blocks have no bounds then.
    mirrored: fc.constantFrom(false, false, false, true),
  })
  .map(({ seed, width, height, scale, floats, gaps, lens, roll, mirrored }): Omit<Case, 'step' | 'band'> => {
    const next = random(seed);
    const mask = { width: Math.ceil(scale * width), height: Math.ceil(scale * height) };
    const focal = { fx: 0.8, fy: 0.82 };
    const camera = (
      side: { width: number; height: number },
      distorted: boolean,
      flip: boolean,
    ): Intrinsics => ({
      ...side,
      ...{
        fx: (flip ? -1 : 1) * focal.fx * side.width,
        fy: focal.fy * side.width,
        cx: side.width / 2,
        cy: side.height / 2,
      },
      distortion: distorted ? LENS : undefined,
    });
    const instances = Array.from({ length: 1 + Math.floor(3 * next()) }, (_, i): Instance => {
      const w = Math.ceil((0.1 + 0.4 * next()) * mask.width);
      const h = Math.ceil((0.1 + 0.4 * next()) * mask.height);
      const x = Math.floor(next() * (mask.width - w));
      const y = Math.floor(next() * (mask.height - h));
      const data = new Uint8Array(w * h).fill(1);
      const box = { x1: x, y1: y, x2: x + w, y2: y + h };
      return { classId: 0, score: 1 - i / 10, box, mask: { x, y, width: w, height: h, data } };
    });
    const patches = Array.from({ length: 64 }, () => [0.4, 1, 3, 8][Math.floor(4 * next())]!);
    const values = Array.from({ length: width * height }, (_, at) => {
      if (next() < gaps)
        return floats ? [NaN, -1, Infinity][Math.floor(3 * next())]! : next() < 0.5 ? 0 : 65535;
      const patch = 8 * (Math.floor(at / width / 40) % 8) + (Math.floor((at % width) / 56) % 8);
      const meters = patches[patch]! * (next() < 0.01 ? 1.5 : 1);
      return floats ? meters : Math.round(1000 * meters);
    });
    const turn = (): number => 0.1 * (next() - 0.5);
    const [qx, qy, qz] = [turn(), turn(), turn()];
    const little = { x: 0, y: 0, z: 0, qx, qy, qz, qw: Math.sqrt(1 - qx * qx - qy * qy - qz * qz) };
    const [sine, cosine] = [Math.sin((roll * Math.PI) / 360), Math.cos((roll * Math.PI) / 360)];
    const around = { x: next() - 0.5, y: 0.4 * (next() - 0.5), z: 0.2 * (next() - 0.5) };
    const toColor = compose({ ...around, qx: 0, qy: 0, qz: sine, qw: cosine }, little);
    return {
      segmentation: { width, height, maskWidth: mask.width, maskHeight: mask.height, instances },
      depth: { width, height, data: floats ? Float32Array.from(values) : Uint16Array.from(values) },
      camera: camera({ width, height }, lens === 'both', mirrored),
      registration: {
        kind: 'projected',
        color: camera(mask, lens !== 'none', mirrored),
        toColor,
      },
      margin: Math.floor(3 * next()),
    };
  });

function bytesOf(data: Uint16Array | Float32Array): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

describe('kernels of depth', () => {
  const kernels = nativeDepthKernels();
  const measurers = [new SpaceMeasurer(), new SpaceMeasurer(kernels)] as const;
  const maskers = [new DepthMasker(), new DepthMasker(kernels)] as const;

  it('find the same points, boxes and covariances as TypeScript, to the bit', () => {
    let points = 0;
    fc.assert(
      fc.property(cases, ({ segmentation, depth, camera, registration, step, band }) => {
        const tags = Uint32Array.from({ length: 4 * segmentation.instances.length }, (_, i) => i + 1);
        const [reference, native] = measurers.map((measurer) => {
          const options = { step, band, leastPoints: 4 };
          const objects = measurer.measure(segmentation, depth, camera, registration, options, tags);
          return { objects: structuredClone(objects), cloud: bytesOf(measurer.cloud).toString('base64') };
        });
        assert.deepEqual(native, reference);
        points += measurers[1].points;
      }),
      { numRuns: 150 },
    );
    assert.ok(points > 1000, `${points} points were compared`);
  });

  it('group the points of many squares as TypeScript does, to the bit, rotated and mirrored cameras included', () => {
    let points = 0;
    fc.assert(
      fc.property(large, fc.constantFrom(1, 2, 3, 4), (given, step) => {
        const { segmentation, depth, camera, registration, margin: band } = given;
        const [reference, native] = measurers.map((measurer) => {
          const options = { step, band, leastPoints: 4 };
          const objects = measurer.measure(segmentation, depth, camera, registration, options);
          return { objects: structuredClone(objects), cloud: bytesOf(measurer.cloud).toString('base64') };
        });
        assert.deepEqual(native, reference);
        points += measurers[1].points;
      }),
      { numRuns: 60 },
    );
    assert.ok(points > 1000, `${points} points were compared`);
  });

  it('take instances, and everything else, out of depth pictures as TypeScript does, to the bit', () => {
    fc.assert(
      fc.property(cases, fc.boolean(), ({ segmentation, depth, camera, registration, margin }, others) => {
        const chosen = (classId: number): boolean => classId !== 1;
        const [reference, native] = maskers.map((masker) => {
          const target = depth.data.slice().fill(7);
          const part = others ? 'others' : 'instances';
          masker.mask(segmentation, depth, registration, camera, part, { chosen, margin }, target);
          return bytesOf(target);
        });
        assert.ok(native!.equals(reference!));
      }),
      { numRuns: 150 },
    );
  });

  it('decide whole blocks of a projected picture as TypeScript decides their pixels, to the bit', () => {
    let taken = 0;
    fc.assert(
      fc.property(large, fc.boolean(), ({ segmentation, depth, camera, registration, margin }, others) => {
        const part = others ? 'others' : 'instances';
        const [reference, native] = maskers.map((masker) => {
          const target = depth.data.slice().fill(7);
          masker.mask(segmentation, depth, registration, camera, part, { margin }, target);
          return target;
        });
        assert.ok(bytesOf(native!).equals(bytesOf(reference!)));
        taken += reference!.filter((value) => value > 0).length / depth.data.length;
      }),
      { numRuns: 120 },
    );
    assert.ok(taken > 10 && taken < 110, `${taken} pictures' worth of pixels stayed`);
  });
});
