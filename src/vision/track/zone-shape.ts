import { ExpectationError } from '../../base/expect.js';
import { MAX_DIMENSION } from '../picture/nv12-frame.js';

/** A polygon in which, or a line across which, objects are counted. A line has one or more pieces. */
export interface ZoneShape {
  readonly name: string;
  readonly kind: 'zone' | 'line';
  /** The camera that it belongs to; undefined: all. */
  readonly camera: string | undefined;
  /** Corners x, y, x, y ...: in pixels, or as shares of the picture. */
  readonly corners: readonly number[];
  readonly relative: boolean;
}

const FORM = 'NAME=X,Y X,Y ...';
/** Zones and lines of all cameras together. */
const MOST_ZONES = 64;
const MOST_CORNERS = 100;
const HINT = {
  zone: 'For example door=0.1,0.4 0.3,0.4 0.3,0.9 0.1,0.9 (shares of the picture) or door=100,200 300,200 300,480 (pixels); front/door=... for camera front alone.',
  line: 'For example gate=0.2,0.5 0.8,0.5 (shares of the picture) or gate=100,300 900,300 (pixels); front/gate=... for camera front alone.',
} as const;

/**
 * Zones and lines from texts such as `door=0.1,0.4 0.3,0.4 0.3,0.9`: a name, and corners. If no number is above 1, they are shares of the
 * picture, else pixels. A zone has three or more corners and no crossing edges, a line has two or more corners.
 *
 * @param what names of the two kinds for errors: parameter zones
 * @throws ExpectationError for anything else, and for names that come twice
 *
 * @example
 * parseZones({ zone: ['door=0.1,0.4 0.3,0.4 0.3,0.9'], line: [] }, { zone: '--zone', line: '--line' });
 */
export function parseZones(
  texts: Readonly<Record<ZoneShape['kind'], readonly string[]>>,
  what: Readonly<Record<ZoneShape['kind'], string>>,
): ZoneShape[] {
  const given = (['zone', 'line'] as const).flatMap((kind) =>
    texts[kind].filter((text) => text.trim() !== '').map((text) => ({ kind, text })),
  );
  // First, because the rest is slow for thousands.
  if (given.length > MOST_ZONES) {
    throw new ExpectationError(
      `at most ${MOST_ZONES} zones and lines in ${what.zone} and ${what.line}`,
      given.length,
      'Leave some out; objects in each of them are looked for in every frame.',
    );
  }
  const shapes = given.map(({ kind, text }) => parseShape(kind, text, what[kind]));
  const names = shapes.map(({ camera, name }) => `${camera ?? ''}/${name}`);
  const twice = shapes.find(
    ({ camera, name }, i) => names.indexOf(names[i]!) !== i || (camera && names.includes(`/${name}`)),
  );
  if (twice) {
    throw new ExpectationError(
      `names that differ in ${what.zone} and ${what.line}`,
      twice.name,
      'Give each zone and line a name of its own.',
    );
  }
  return shapes;
}

function parseShape(kind: ZoneShape['kind'], text: string, what: string): ZoneShape {
  const expected = (of: string): ExpectationError =>
    new ExpectationError(`${of} in ${what}`, text, HINT[kind]);
  const equals = text.indexOf('=');
  if (equals < 0) throw expected(FORM);
  const [, camera, name] = /^(?:(\w+)\/)?([\w-]{1,64})$/.exec(text.slice(0, equals).trim()) ?? [];
  if (name === undefined) throw expected('1 to 64 of A to Z, a to z, 0 to 9, _ and - as name');
  const list = text.slice(equals + 1);
  const corners = list
    .trim()
    .replace(/,\s+/g, ',')
    .split(/[\s;]+/)
    .flatMap((corner) => {
      const numbers = corner.split(',').map((part) => (/^[\d.]+$/.test(part) ? Number(part) : NaN));
      if (numbers.length !== 2 || !numbers.every((number) => number <= MAX_DIMENSION)) throw expected(FORM);
      return numbers;
    });
  const count = corners.length / 2;
  const least = kind === 'zone' ? 3 : 2;
  if (count < least || count > MOST_CORNERS) throw expected(`${least} to ${MOST_CORNERS} corners`);
  for (let i = 0; i < count - (kind === 'zone' ? 0 : 1); i++) {
    const j = (i + 1) % count;
    if (corners[2 * i] === corners[2 * j] && corners[2 * i + 1] === corners[2 * j + 1]) {
      throw expected('corners that follow each other and differ');
    }
  }
  if (kind === 'zone') {
    if (crossesItself(corners)) throw expected('a zone whose edges do not cross or touch');
    if (polygonArea(corners) === 0) throw expected('a zone with an area');
  }
  return { name, kind, camera, corners, relative: corners.every((number) => number <= 1) };
}

/** Square units, whatever the direction of the corners (the shoelace formula). */
export function polygonArea(corners: ArrayLike<number>): number {
  let sum = 0;
  const n = corners.length;
  for (let i = 0; i < n; i += 2) {
    const j = (i + 2) % n;
    sum += corners[i]! * corners[j + 1]! - corners[j]! * corners[i + 1]!;
  }
  return Math.abs(sum) / 2;
}

function crossesItself(corners: readonly number[]): boolean {
  const count = corners.length / 2;
  for (let i = 0; i < count; i++) {
    for (let j = i + 1; j < count; j++) {
      // Neighbors share a corner.
      if (j === i + 1 || (i === 0 && j === count - 1)) continue;
      if (edgesMeet(corners, i, j)) return true;
    }
  }
  return false;
}

function edgesMeet(corners: readonly number[], i: number, j: number): boolean {
  const n = corners.length;
  const at = (corner: number): [number, number] => [
    corners[(2 * corner) % n]!,
    corners[(2 * corner + 1) % n]!,
  ];
  const [a, b, c, d] = [at(i), at(i + 1), at(j), at(j + 1)];
  const sides = [side(c, d, a), side(c, d, b), side(a, b, c), side(a, b, d)].map(Math.sign);
  if (sides[0]! * sides[1]! < 0 && sides[2]! * sides[3]! < 0) return true;
  return (
    (sides[0] === 0 && within(c, d, a)) ||
    (sides[1] === 0 && within(c, d, b)) ||
    (sides[2] === 0 && within(a, b, c)) ||
    (sides[3] === 0 && within(a, b, d))
  );
}

type Point = readonly [number, number];

/** Positive if c is to the right of the direction from a to b, with y downward. */
function side(a: Point, b: Point, c: Point): number {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}

/** Whether a point on the straight line through a and b lies between them. */
function within(a: Point, b: Point, point: Point): boolean {
  return (
    Math.min(a[0], b[0]) <= point[0] &&
    point[0] <= Math.max(a[0], b[0]) &&
    Math.min(a[1], b[1]) <= point[1] &&
    point[1] <= Math.max(a[1], b[1])
  );
}
