import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import {
  compose,
  invert,
  interpolate,
  setMatrix,
  rotate,
  type RigidTransform,
} from '../../../src/vision/depth/rigid-transform.js';
import { isTransform, TransformBuffer } from '../../../src/vision/depth/transform-buffer.js';

const S = 1_000_000_000n;

function about(axis: 'x' | 'y' | 'z', degrees: number, x = 0, y = 0, z = 0): RigidTransform {
  const half = (degrees * Math.PI) / 360;
  const q = { qx: 0, qy: 0, qz: 0, qw: Math.cos(half) };
  return { x, y, z, ...q, [`q${axis}`]: Math.sin(half) };
}

function apply(transform: RigidTransform, point: readonly [number, number, number]): number[] {
  const [x, y, z] = rotate(transform, ...point);
  return [x + transform.x, y + transform.y, z + transform.z];
}

function near(actual: readonly number[], expected: readonly number[], tolerance = 1e-9): void {
  assert.equal(actual.length, expected.length);
  actual.forEach((value, i) =>
    assert.ok(Math.abs(value - expected[i]!) < tolerance, `${actual.join(' ')} not ${expected.join(' ')}`),
  );
}

function found(buffer: TransformBuffer, target: string, source: string, stamp?: bigint): RigidTransform {
  const result = buffer.lookup(target, source, stamp);
  assert.ok(isTransform(result), isTransform(result) ? '' : result.missing);
  return result;
}

const anyTransform = fc
  .tuple(...Array.from({ length: 7 }, () => fc.double({ min: -2, max: 2, noNaN: true })))
  .filter(([, , , qx, qy, qz, qw]) => Math.hypot(qx!, qy!, qz!, qw!) > 0.1)
  .map(([x, y, z, qx, qy, qz, qw]): RigidTransform => {
    const length = Math.hypot(qx!, qy!, qz!, qw!);
    return { x: x!, y: y!, z: z!, qx: qx! / length, qy: qy! / length, qz: qz! / length, qw: qw! / length };
  });

describe('rigid transforms', () => {
  it('turn as matrices do: 90 degrees about z takes x to y', () => {
    near(apply(about('z', 90, 1, 2, 3), [1, 0, 0]), [1, 3, 3]);
    const matrix = new Float64Array(12);
    setMatrix(matrix, about('z', 90, 1, 2, 3));
    near([...matrix], [0, -1, 0, 1, 0, 0, 0, 0, 1, 1, 2, 3]);
  });

  it('compose and invert', () => {
    fc.assert(
      fc.property(anyTransform, anyTransform, (a, b) => {
        const point = [0.3, -1, 2] as const;
        near(apply(compose(a, b), point), apply(a, apply(b, point) as [number, number, number]));
        near(apply(invert(a), apply(a, point) as [number, number, number]), point);
      }),
    );
  });

  it('are interpolated on the shorter arc', () => {
    near(
      apply(interpolate(about('y', 10, 0), about('y', 50, 4), 0.25), [1, 0, 0]),
      apply(about('y', 20, 1), [1, 0, 0]),
    );
    const { qx, qy, qz, qw, ...rest } = about('y', 50, 4);
    const negative = { ...rest, qx: -qx, qy: -qy, qz: -qz, qw: -qw };
    near(apply(interpolate(about('y', 10), negative, 0.25), [1, 0, 0]), apply(about('y', 20, 1), [1, 0, 0]));
    near(
      apply(interpolate(about('y', 10), about('y', 10, 2), 0.5), [1, 0, 0]),
      apply(about('y', 10, 1), [1, 0, 0]),
    );
  });
});

describe('TransformBuffer', () => {
  /** map - odom - base - camera_link - color and depth; all but base fixed. */
  function tree(): TransformBuffer {
    const buffer = new TransformBuffer();
    buffer.add('map', 'odom', 0n, about('z', 90, 1, 0, 0), true);
    buffer.add('odom', 'base', 10n * S, about('z', 0, 0, 0, 0), false);
    buffer.add('odom', 'base', 11n * S, about('z', 90, 2, 0, 0), false);
    buffer.add('/base', '/camera_link', 0n, about('z', 0, 0.1, 0, 0.5), true);
    buffer.add('camera_link', 'color', 0n, about('x', -90, 0, 0.02, 0), true);
    buffer.add('camera_link', 'depth', 0n, about('x', -90, 0, -0.03, 0), true);
    return buffer;
  }

  it('goes up and down the tree', () => {
    // The depth camera is 5 cm to the right of the color camera.
    near(
      apply(found(tree(), 'color', 'depth', 5n), [0, 0, 0]),
      apply(invert(about('x', -90, 0, 0.02, 0)), [0, -0.03, 0]),
    );
    near(apply(found(tree(), 'camera_link', 'color'), [0, 0, 1]), [0, 1.02, 0]);
    near(apply(found(tree(), 'color', 'camera_link'), [0, 1.02, 0]), [0, 0, 1]);
    near(apply(found(tree(), 'base', 'base', 3n), [1, 2, 3]), [1, 2, 3]);
  });

  it('interpolates between samples, and takes them at their own stamps', () => {
    near(apply(found(tree(), 'odom', 'base', 10n * S), [1, 0, 0]), [1, 0, 0]);
    near(apply(found(tree(), 'odom', 'base', 11n * S), [1, 0, 0]), [2, 1, 0]);
    const half = Math.SQRT1_2;
    near(apply(found(tree(), 'odom', 'base', 10_500_000_000n), [1, 0, 0]), [1 + half, half, 0]);
    near(apply(found(tree(), 'map', 'base', 10_500_000_000n), [1, 0, 0]), [1 - half, 1 + half, 0]);
    near(apply(found(tree(), 'odom', 'base'), [1, 0, 0]), [2, 1, 0]);
  });

  it('does not extrapolate, and says whether it is worth waiting', () => {
    const later = tree().lookup('map', 'depth', 11_020_000_000n);
    assert.ok(!isTransform(later));
    assert.deepEqual(later, {
      later: true,
      missing: 'the transform of base in odom at 11.020000000, 0.020 s after the newest',
    });
    const early = tree().lookup('map', 'depth', 9n * S);
    assert.deepEqual(early, {
      later: false,
      missing: 'the transform of base in odom at 9.000000000, 1.000 s before the oldest that is kept',
    });
    const unknown = tree().lookup('color', 'lidar');
    assert.deepEqual(unknown, {
      later: true,
      missing: 'a transform from lidar (unknown to tf) to color (in the tree of map)',
    });
    const apart = tree();
    apart.add('world', 'lidar', 0n, about('x', 0), true);
    for (const [target, source, missing] of [
      ['lidar', 'map', 'a transform from map (the root of another tree) to lidar (in the tree of world)'],
      ['left', 'right', 'a transform from right (unknown to tf) to left (unknown to tf)'],
    ] as const) {
      assert.deepEqual(apart.lookup(target, source), { later: true, missing });
    }
  });

  it('forgets what is older than ten seconds, and takes samples out of order', () => {
    const buffer = new TransformBuffer(undefined, 3n * S);
    for (const second of [5n, 3n, 4n]) buffer.add('a', 'b', second * S, about('x', 0, Number(second)), false);
    near(apply(found(buffer, 'a', 'b', 3_500_000_000n), [0, 0, 0]), [3.5, 0, 0]);
    buffer.add('a', 'b', 14n * S, about('x', 0, 14), false);
    assert.ok(!isTransform(buffer.lookup('a', 'b', 3_500_000_000n)));
    near(apply(found(buffer, 'a', 'b', 4_500_000_000n), [0, 0, 0]), [4.5, 0, 0]);
  });

  it('refuses what is no transform, and circles', () => {
    const buffer = new TransformBuffer();
    const zero = { x: 0, y: 0, z: 0, qx: 0, qy: 0, qz: 0, qw: 0 };
    assert.equal(buffer.add('a', 'b', 0n, zero, true), false);
    assert.equal(buffer.add('a', 'b', 0n, { ...about('x', 0), x: NaN }, true), false);
    assert.equal(buffer.add('a', 'a', 0n, about('x', 0), true), false);
    assert.equal(buffer.add('', 'a', 0n, about('x', 0), true), false);
    buffer.add('a', 'b', 0n, about('x', 0), true);
    buffer.add('b', 'c', 0n, about('x', 0), true);
    buffer.add('c', 'a', 0n, about('x', 0), true);
    const circle = buffer.lookup('x', 'a');
    assert.ok(!isTransform(circle));
    assert.match(circle.missing, /without a circle: a in c in b in a/);
  });

  it('takes a frame that gets another parent out of the old tree', () => {
    const buffer = tree();
    buffer.add('gripper', 'depth', 0n, about('x', 0, 7), true);
    near(apply(found(buffer, 'gripper', 'depth'), [0, 0, 0]), [7, 0, 0]);
    assert.ok(!isTransform(buffer.lookup('color', 'depth')));
  });

  it('begins a new history of a frame whose stamps go back, and of no other frame', () => {
    const buffer = tree();
    buffer.add('map', 'odom', 12n * S, about('z', 0, 5, 0, 0), false);
    for (const second of [3n, 4n])
      buffer.add('odom', 'base', second * S, about('z', 0, Number(second)), false);
    near(apply(found(buffer, 'odom', 'base', 3_500_000_000n), [0, 0, 0]), [3.5, 0, 0]);
    assert.ok(!isTransform(buffer.lookup('odom', 'base', 10n * S)), 'it is of before');
    near(apply(found(buffer, 'map', 'odom', 12n * S), [0, 0, 0]), [5, 0, 0]);
    found(buffer, 'color', 'depth');
    // One wrong stamp far ahead does not keep those that follow out.
    buffer.add('odom', 'base', 9999n * S, about('z', 0, 0), false);
    buffer.add('odom', 'base', 5n * S, about('z', 0, 5), false);
    near(apply(found(buffer, 'odom', 'base', 5n * S), [0, 0, 0]), [5, 0, 0]);
  });

  it('forgets moving frames that nobody tells of any longer', () => {
    const buffer = tree();
    for (let i = 0; i < 20_000; i++)
      buffer.add('odom', `person_${i}`, 12n * S + (BigInt(i) * S) / 10n, about('z', 0, i), false);
    assert.ok(buffer.frames < 1000, String(buffer.frames));
    near(apply(found(buffer, 'odom', 'person_19999'), [0, 0, 0]), [19_999, 0, 0]);
    found(buffer, 'color', 'depth');
  });
});
