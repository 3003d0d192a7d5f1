import type { Random } from './random.js';

/** One closed polygon as x, y pairs. Holes have the opposite orientation to their outline. */
export type Contour = Float64Array;

/** A filled shape around the origin, about one unit in radius. */
export interface Outline {
  readonly contours: readonly Contour[];
  /** Distance of the farthest point from the origin. */
  readonly reach: number;
  /** Area, without holes. */
  readonly area: number;
}

/** The classes of the generated camera, in order of class id. */
export const SCENE_CLASSES = ['circle', 'square', 'triangle', 'star', 'ring', 'cross'] as const;

/** Vertices of a round contour: the chord of a 400 pixel radius is off by a quarter pixel at most. */
const ROUND = 96;

function polygon(vertices: number, radius: (index: number) => number, phase = 0): Contour {
  const contour = new Float64Array(2 * vertices);
  for (let i = 0; i < vertices; i++) {
    const angle = phase + (2 * Math.PI * i) / vertices;
    contour[2 * i] = radius(i) * Math.cos(angle);
    contour[2 * i + 1] = radius(i) * Math.sin(angle);
  }
  return contour;
}

function outline(...contours: Contour[]): Outline {
  let reach = 0;
  let doubleArea = 0;
  for (const c of contours) {
    for (let i = 0; i < c.length; i += 2) {
      const next = (i + 2) % c.length;
      reach = Math.max(reach, Math.hypot(c[i]!, c[i + 1]!));
      doubleArea += c[i]! * c[next + 1]! - c[next]! * c[i + 1]!;
    }
  }
  return { contours, reach, area: Math.abs(doubleArea) / 2 };
}

function circle(radius: number): Contour {
  return polygon(ROUND, () => radius);
}

function hole(radius: number): Contour {
  const contour = circle(radius);
  for (let i = 1; i < contour.length; i += 2) contour[i] = -contour[i]!;
  return contour;
}

const ARM = 0.36;
const TIP = 1.1;

/** Outlines of the classes, by class id. */
export const CLASS_OUTLINES: readonly Outline[] = [
  outline(circle(1)),
  outline(Float64Array.of(-0.9, -0.9, 0.9, -0.9, 0.9, 0.9, -0.9, 0.9)),
  outline(polygon(3, () => 1.25, -Math.PI / 2)),
  outline(polygon(10, (i) => (i % 2 === 0 ? 1.25 : 0.54), -Math.PI / 2)),
  outline(circle(1), hole(0.55)),
  outline(
    Float64Array.from(
      [
        [-ARM, -TIP],
        [ARM, -TIP],
        [ARM, -ARM],
        [TIP, -ARM],
        [TIP, ARM],
        [ARM, ARM],
        [ARM, TIP],
        [-ARM, TIP],
        [-ARM, ARM],
        [-TIP, ARM],
        [-TIP, -ARM],
        [-ARM, -ARM],
      ].flat(),
    ),
  ),
];

/** A blob pinched into two or three lobes: clutter without a class. */
export function blob(random: Random): Outline {
  const lobes = 2 + random.integer(2);
  const skew = random.uniform(0, 2 * Math.PI);
  const radius = (i: number): number => {
    const angle = (2 * Math.PI * i) / ROUND;
    const pinch = 0.28 * Math.cos(lobes * angle) + 0.1 * Math.cos(2 * lobes * angle);
    return 0.66 + pinch + 0.1 * Math.sin(angle + skew);
  };
  return outline(polygon(ROUND, radius));
}

/** A long thin bar: clutter without a class. */
export function bar(random: Random): Outline {
  const half = random.uniform(0.025, 0.06);
  return outline(Float64Array.of(-2, -half, 2, -half, 2, half, -2, half));
}
