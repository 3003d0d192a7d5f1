import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { DepthPicture } from '../../../src/vision/depth/depth-picture.js';
import { DepthMasker } from '../../../src/vision/depth/masked-depth.js';
import { scaledTo } from '../../../src/vision/depth/intrinsics.js';
import {
  type ObjectInSpace,
  POINT_WORDS,
  type Registration,
  REGISTERED,
  SpaceMeasurer,
} from '../../../src/vision/depth/objects-in-space.js';
import { compose, IDENTITY, rotate, type RigidTransform } from '../../../src/vision/depth/rigid-transform.js';
import {
  alsoSeen,
  between,
  COLOR,
  CUBOIDS,
  depthOf,
  distanceTo,
  look,
  noise,
  random,
  segmentationOf,
  surfaceMean,
  type View,
  type WorldCamera,
} from './world.js';

const camera: WorldCamera = { intrinsics: COLOR };
const view = look(camera, CUBOIDS);
const segmentation = segmentationOf(view, CUBOIDS);

/** A depth camera beside the color camera, turned and rolled a little, with other intrinsics. */
const beside: WorldCamera = {
  intrinsics: { width: 480, height: 360, fx: 300, fy: 310, cx: 236, cy: 181 },
  pose: { x: 0.06, y: 0.01, z: -0.02, qx: 0.01, qy: -0.03, qz: 0.02, qw: Math.sqrt(1 - 0.0014) },
};
const seenBeside = look(beside, CUBOIDS);
const { world, toWorld } = between(beside, camera);
const toColor = compose(world, toWorld);
/** Upward in the depth camera's frame: its pose, undone. */
const [upX, upY, upZ] = rotate({ ...beside.pose!, qx: -0.01, qy: 0.03, qz: -0.02 }, 0, -1, 0);

function projected(transform: RigidTransform): Registration {
  return { kind: 'projected', color: COLOR, toColor: transform };
}

/** The largest distance between an object's centroid and the mean of its visible surface, as a share of its distance. */
function centroidError(objects: readonly ObjectInSpace[], seen: View): number {
  return Math.max(
    ...objects.map(({ centroid, instance, distance, points }) => {
      assert.ok(points > 0, `instance ${instance} has points`);
      const [x, y, z] = surfaceMean(seen, segmentation.objects[instance]!);
      return Math.hypot(centroid.x - x, centroid.y - y, centroid.z - z) / distance;
    }),
  );
}

/** Points of the cloud that lie farther than `meters` from the surface of the object that they are said to belong to. */
function strayPoints({ cloud, objects }: SpaceMeasurer, seenFrom: WorldCamera, meters: number): number {
  let strays = 0;
  for (const { instance, firstPoint, points } of objects) {
    const cuboid = CUBOIDS[segmentation.objects[instance]!]!;
    for (let at = POINT_WORDS * firstPoint; at < POINT_WORDS * (firstPoint + points); at += POINT_WORDS) {
      if (distanceTo(seenFrom, cuboid, [cloud[at]!, cloud[at + 1]!, cloud[at + 2]!]) > meters) strays++;
    }
  }
  return strays;
}

/** Heading of a box: the angle of its x axis from the camera's, about the vertical, in degrees. */
function heading({ orientation: { x, y, z, w } }: ObjectInSpace): number {
  const axis = [1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)];
  return (Math.atan2(axis[0]!, axis[2]!) * 180) / Math.PI;
}

/** Stereo: noise that grows with the square of the distance, holes, and edges that lie between near and far. */
function asStereo({ width, height, data }: DepthPicture, seed: number): DepthPicture {
  const next = random(seed);
  const seen = Uint16Array.from(data);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      const beyond = data[x + 2 < width ? at + 2 : at]!;
      const here = data[at]!;
      const meters = here / 1000;
      if (next() < 0.05) seen[at] = next() < 0.5 ? 0 : 65535;
      else if (Math.abs(here - beyond) > 300) seen[at] = here + (beyond - here) * next();
      else seen[at] = here + 1000 * 0.0025 * meters * meters * noise(next);
    }
  }
  // Two blocks without any texture.
  for (const [left, top] of [
    [180, 240],
    [360, 200],
  ] as const)
    for (let y = top; y < top + 24; y++) seen.fill(65535, y * width + left, y * width + left + 24);
  return { width, height, data: seen };
}

/** Those of the six whose two upright faces are seen whole, with sizes along the box's axes: away, across, up. */
const WHOLE: readonly {
  readonly object: number;
  readonly size: readonly number[];
  readonly heading: number;
}[] = [{ object: 2, size: [0.9, 0.5, 0.8], heading: -0.6 }];

function checkBoxes(objects: readonly ObjectInSpace[], tolerance: number): void {
  for (const { object, size, heading: yaw } of WHOLE) {
    const found = objects.find(({ instance }) => segmentation.objects[instance] === object)!;
    const got = [found.size.x, found.size.y, found.size.z];
    for (const [axis, length] of size.entries()) {
      const error = Math.abs(got[axis]! / length - 1);
      assert.ok(error < tolerance, `object ${object}: ${got.join(' x ')} of ${size.join(' x ')}`);
    }
    const degrees = (yaw * 180) / Math.PI;
    assert.ok(Math.abs(heading(found) - degrees) < 3, `heading ${heading(found)} of ${degrees}`);
  }
}

describe('SpaceMeasurer', () => {
  for (const kind of ['millimeters', 'meters'] as const) {
    it(`measures a registered pair in ${kind}: centroids to 1 % of the distance, boxes to 5 %, no stray point`, () => {
      const measurer = new SpaceMeasurer();
      const objects = measurer.measure(segmentation, depthOf(view, kind), COLOR, REGISTERED);
      assert.equal(objects.length, CUBOIDS.length);
      const error = centroidError(objects, view);
      assert.ok(error < 0.01, `${error}`);
      checkBoxes(objects, 0.05);
      assert.ok(measurer.points > 15_000, `${measurer.points} points`);
      assert.equal(strayPoints(measurer, camera, 0.002), 0);
      // The face that looks at the camera is all that is seen of this one: 0.6 x 1.2.
      const flat = objects.find(({ instance }) => segmentation.objects[instance] === 1)!;
      assert.ok(Math.abs(flat.size.y / 0.6 - 1) < 0.02 && Math.abs(flat.size.z / 1.2 - 1) < 0.02);
      assert.ok(flat.size.x < 0.01, `${flat.size.x} thick`);
      assert.ok(Math.abs(flat.area / 0.72 - 1) < 0.02, `${flat.area} m²`);
      assert.ok(Math.abs(flat.distance - Math.hypot(0.1, 0.6, 2.9)) < 0.01, `${flat.distance} m`);
      assert.ok(flat.coverage > 0.99);
    });
  }

  it('measures with a depth picture of another size, in proportion', () => {
    const small = { ...COLOR, ...scaledTo(COLOR, { width: 320, height: 176 }) };
    const seen = look({ intrinsics: small }, CUBOIDS);
    const measurer = new SpaceMeasurer();
    const objects = measurer.measure(segmentation, depthOf(seen, 'meters'), COLOR, REGISTERED, {
      band: 2,
      step: 1,
    });
    assert.ok(centroidError(objects, seen) < 0.01, `${centroidError(objects, seen)}`);
    assert.equal(strayPoints(measurer, camera, 0.003), 0);
  });

  it('measures with a depth camera of another place, orientation and lens', () => {
    const measurer = new SpaceMeasurer();
    const up = { x: upX, y: upY, z: upZ };
    const depth = depthOf(seenBeside, 'millimeters');
    const objects = measurer.measure(segmentation, depth, beside.intrinsics, projected(toColor), { up });
    const error = centroidError(objects, alsoSeen(seenBeside, view));
    assert.ok(error < 0.01, `${error}`);
    assert.ok(measurer.points > 8_000, `${measurer.points} points`);
    assert.equal(strayPoints(measurer, beside, 0.002), 0);
    const flat = objects.find(({ instance }) => segmentation.objects[instance] === 1)!;
    assert.ok(Math.abs(flat.size.y / 0.6 - 1) < 0.05 && Math.abs(flat.size.z / 1.2 - 1) < 0.05);
  });

  it('measures what stereo gives: noise, holes, mixed edges', () => {
    const measurer = new SpaceMeasurer();
    const objects = measurer.measure(
      segmentation,
      asStereo(depthOf(view, 'millimeters'), 3),
      COLOR,
      REGISTERED,
    );
    const error = centroidError(objects, view);
    assert.ok(error < 0.01, `${error}`);
    // Five deviations of the noise at the far end.
    assert.equal(strayPoints(measurer, camera, 0.4), 0);
    for (const { coverage } of objects) assert.ok(coverage > 0.6 && coverage < 0.98, `${coverage}`);
  });

  it('gives covariances that hold the truth: within three deviations, for four noisy pictures', () => {
    const measurer = new SpaceMeasurer();
    for (let seed = 1; seed <= 4; seed++) {
      const objects = measurer.measure(
        segmentation,
        asStereo(depthOf(view, 'millimeters'), seed),
        COLOR,
        REGISTERED,
      );
      for (const { centroid, covariance: c, instance } of objects) {
        const [x, y, z] = surfaceMean(view, segmentation.objects[instance]!);
        const off = [centroid.x - x, centroid.y - y, centroid.z - z];
        for (const [axis, variance] of [c[0]!, c[3]!, c[5]!].entries())
          assert.ok(Math.abs(off[axis]!) < 3 * Math.sqrt(variance), `${off[axis]} of ${Math.sqrt(variance)}`);
      }
    }
  });

  it('gives covariances that hold what is wrong everywhere alike: 1 % too far', () => {
    const measurer = new SpaceMeasurer();
    const depth = depthOf(view, 'meters');
    const data = Float32Array.from(depth.data, (value) => 1.01 * value);
    for (const object of measurer.measure(segmentation, { ...depth, data }, COLOR, REGISTERED)) {
      const { centroid, covariance, instance, points } = object;
      const off = centroid.z - surfaceMean(view, segmentation.objects[instance]!)[2];
      const patches = (4 * points) / 49;
      assert.ok(
        off < 1.2 * Math.sqrt(covariance[5]!),
        `${off} m of ${Math.sqrt(covariance[5]!)}, ${patches} patches`,
      );
    }
  });

  it('leaves out what shines through holes: five of a hundred pixels at the wall', () => {
    const next = random(5);
    const depth = depthOf(view, 'millimeters');
    const data = Uint16Array.from(depth.data, (value) => (next() < 0.05 ? 11_000 : value));
    const measurer = new SpaceMeasurer();
    measurer.measure(segmentation, { ...depth, data }, COLOR, REGISTERED);
    assert.ok(measurer.points > 14_000);
    assert.equal(strayPoints(measurer, camera, 0.002), 0);
  });

  it('leaves out what the color camera does not see: a wall behind a thing, from far aside', () => {
    const things = [{ center: [0, 0.6, 2], size: [0.5, 1.2, 0.3], yaw: 0, classId: 0 }] as const;
    const aside: WorldCamera = { intrinsics: COLOR, pose: { ...IDENTITY, x: 0.9 } };
    const wall = [...things, { center: [0, 0, 4], size: [9, 9, 0.1], yaw: 0, classId: 1 }] as const;
    const color = look(camera, wall);
    const found = segmentationOf(color, things);
    const there = between(aside, camera);
    const depth = depthOf(look(aside, wall), 'meters');
    const measurer = new SpaceMeasurer();
    // Without a gate, so that only the projection decides.
    const gate = { tail: 0, margin: 0, slack: 1e6 };
    const registration = projected(compose(there.world, there.toWorld));
    measurer.measure(found, depth, COLOR, registration, { gate });
    assert.ok(measurer.points > 500, `${measurer.points}`);
    const { cloud } = measurer;
    for (let i = 0; i < measurer.points; i++)
      assert.ok(cloud[POINT_WORDS * i + 2]! < 3, `${cloud[POINT_WORDS * i + 2]} m`);
  });

  it('is wrong, visibly, when the transform is: mirrored, inverted, turned or shifted', () => {
    const measurer = new SpaceMeasurer();
    const depth = depthOf(seenBeside, 'millimeters');
    const wrong: Readonly<Record<string, RigidTransform>> = {
      'mirrored: the translation has the other sign': {
        ...toColor,
        x: -toColor.x,
        y: -toColor.y,
        z: -toColor.z,
      },
      'the rotation is inverted': { ...toColor, qx: -toColor.qx, qy: -toColor.qy, qz: -toColor.qz },
      none: IDENTITY,
    };
    for (const [what, transform] of Object.entries(wrong)) {
      measurer.measure(segmentation, depth, beside.intrinsics, projected(transform));
      const strays = strayPoints(measurer, beside, 0.01);
      assert.ok(strays > 100, `${what}: ${strays} stray points`);
    }
  });

  it('gives points of overlapping masks to the better score, and none near its edge to the other', () => {
    const width = 60;
    const plate = (x: number, columns: number, classId: number) => ({
      ...{ classId, score: 0.9 - 0.1 * classId, box: { x1: x, y1: 5, x2: x + columns, y2: 35 } },
      mask: { x, y: 5, width: columns, height: 30, data: new Uint8Array(columns * 30).fill(1) },
    });
    const found = {
      width,
      height: 40,
      maskWidth: width,
      maskHeight: 40,
      instances: [plate(20, 20, 0), plate(5, 50, 1)],
    };
    const depth = { width, height: 40, data: new Float32Array(width * 40).fill(2) };
    const intrinsics = { width, height: 40, fx: 100, fy: 100, cx: 0, cy: 0 };
    const measurer = new SpaceMeasurer();
    const [front, behind] = measurer.measure(found, depth, intrinsics, REGISTERED, { step: 1, band: 3 });
    const columns = ({ firstPoint, points }: ObjectInSpace): number[] =>
      Array.from({ length: points }, (_, i) =>
        Math.round(50 * measurer.cloud[POINT_WORDS * (firstPoint + i)]!),
      );
    assert.deepEqual([Math.min(...columns(front!)), Math.max(...columns(front!))], [23, 36]);
    assert.ok(columns(behind!).every((column) => column < 17 || column > 42));
    assert.deepEqual([Math.min(...columns(behind!)), Math.max(...columns(behind!))], [8, 51]);
  });

  it('keeps an object at the border of the picture up to the border', () => {
    const mask = { x: 0, y: 0, width: 30, height: 20, data: new Uint8Array(600).fill(1) };
    const instance = { classId: 0, score: 1, box: { x1: 0, y1: 0, x2: 30, y2: 20 }, mask };
    const found = { width: 60, height: 40, maskWidth: 60, maskHeight: 40, instances: [instance] };
    const depth = { width: 60, height: 40, data: new Uint16Array(2400).fill(1000) };
    const measurer = new SpaceMeasurer();
    const intrinsics = { width: 60, height: 40, fx: 1, fy: 1, cx: 0, cy: 0 };
    const [object] = measurer.measure(found, depth, intrinsics, REGISTERED, { step: 1, band: 2 });
    assert.equal(object!.points, 28 * 18);
    assert.equal(measurer.cloud[0], 0);
  });

  it('turns boxes alike whether the camera looks straight down or nearly so', () => {
    const flat = { ...COLOR, data: new Float32Array(COLOR.width * COLOR.height).fill(3) };
    const boxes = [0, 0.01].map((tilt) => {
      const up = { x: 0, y: -Math.sin(tilt), z: -Math.cos(tilt) };
      const { orientation } = new SpaceMeasurer().measure(segmentation, flat, COLOR, REGISTERED, { up })[0]!;
      return { ...orientation };
    });
    const [down, nearly] = boxes as [(typeof boxes)[0], (typeof boxes)[0]];
    const dot = down.x * nearly.x + down.y * nearly.y + down.z * nearly.z + down.w * nearly.w;
    assert.ok(Math.abs(dot) > 0.99, String(dot));
  });

  it('takes the largest float, as drivers write it, for no measurement', () => {
    const data = new Float32Array(COLOR.width * COLOR.height).fill(3.4e38);
    const found = new SpaceMeasurer().measure(segmentation, { ...COLOR, data }, COLOR, REGISTERED);
    assert.deepEqual(
      found.map(({ points }) => points),
      found.map(() => 0),
    );
  });

  it('grows masks by pixels of the depth picture, whatever the cells of the mask', () => {
    const [width, height] = [COLOR.width / 8, COLOR.height / 8];
    const small = scaledTo(COLOR, { width, height });
    const [x, y, side] = [160, 80, 80];
    const mask = { x, y, width: side, height: side, data: new Uint8Array(side * side).fill(1) };
    const one = {
      ...{ width: COLOR.width, height: COLOR.height, maskWidth: COLOR.width, maskHeight: COLOR.height },
      instances: [{ classId: 0, score: 1, box: { x1: x, y1: y, x2: x + side, y2: y + side }, mask }],
    };
    const depth = { width, height, data: new Uint16Array(width * height).fill(2000) };
    const target = new Uint16Array(width * height);
    new DepthMasker().mask(one, depth, projected(IDENTITY), small, 'instances', { margin: 2 }, target);
    const row = target.subarray(15 * width, 16 * width);
    assert.deepEqual([row.indexOf(0), row.lastIndexOf(0)], [20 - 2, 29 + 2]);
  });

  it('survives focal lengths that cannot be', () => {
    const depth = depthOf(view, 'meters');
    for (const fx of [1e-9, 1e12]) {
      for (const [own, color] of [
        [{ ...COLOR, fx }, COLOR],
        [COLOR, { ...COLOR, fx }],
      ] as const) {
        const registration = { kind: 'projected', color, toColor: IDENTITY } as const;
        const found = new SpaceMeasurer().measure(segmentation, depth, own, registration);
        assert.equal(found.length, segmentation.instances.length);
        const target = depth.data.slice();
        new DepthMasker().mask(segmentation, depth, registration, own, 'instances', { margin: 2 }, target);
      }
    }
  });

  it('says nothing of objects whose depth is not known', () => {
    const depth = depthOf(view, 'millimeters');
    const measurer = new SpaceMeasurer();
    for (const value of [0, 65535]) {
      const objects = measurer.measure(
        segmentation,
        { ...depth, data: new Uint16Array(depth.data.length).fill(value) },
        COLOR,
        REGISTERED,
      );
      assert.ok(objects.every(({ points, coverage }) => points === 0 && coverage === 0));
      assert.equal(measurer.points, 0);
    }
    for (const value of [NaN, Infinity, -1]) {
      const data = new Float32Array(depth.data.length).fill(value);
      assert.ok(
        measurer
          .measure(segmentation, { ...depth, data }, COLOR, REGISTERED)
          .every(({ points }) => points === 0),
      );
    }
    assert.deepEqual(measurer.measure({ ...segmentation, instances: [] }, depth, COLOR, REGISTERED), []);
  });
});
