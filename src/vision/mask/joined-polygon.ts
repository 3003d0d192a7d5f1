/**
 * Joins contours into one closed polygon, for formats that have only one for an object (YOLO's labels): from contour to contour
 * lead cuts without width, there and back, between the nearest points.
 *
 * Holes, whose points run the other way round, stay holes.
 *
 * @param rings of x0, y0, x1, y1, ...
 *
 * @example joinedPolygon([[0, 0, 2, 0, 2, 2], [5, 0, 7, 0, 7, 2]]) // 0,0 2,0 5,0 7,0 7,2 5,0 2,0 2,2
 */
export function joinedPolygon(rings: readonly (readonly number[])[]): number[] {
  const [first = [], ...others] = rings;
  const joined = [...first];
  const rest = others.filter((ring) => ring.length > 0).map((points) => new Ring(points));
  let added: readonly number[] = first;
  while (rest.length > 0) {
    // Only what came last may be nearer than what was known, so each pair of points is looked at once.
    for (const ring of rest) ring.meet(added);
    let next = 0;
    for (let i = 1; i < rest.length; i++) if (rest[i]!.distance < rest[next]!.distance) next = i;
    const [{ points, from, x, y }] = rest.splice(next, 1) as [Ring];
    let at = 0;
    while (at < joined.length && (joined[at] !== x || joined[at + 1] !== y)) at += 2;
    // The ring from its nearest point round to it, then back to where it was left.
    joined.splice(at + 2, 0, ...points.slice(from), ...points.slice(0, from + 2), x, y);
    added = points;
  }
  return joined;
}

/** A contour that is not yet joined, and where it is nearest to those that are. */
class Ring {
  distance = Infinity;
  /** Position of its own point. */
  from = 0;
  /** The joined point. */
  x = 0;
  y = 0;

  constructor(readonly points: readonly number[]) {}

  meet(joined: readonly number[]): void {
    const { points } = this;
    for (let from = 0; from < points.length; from += 2) {
      const [x, y] = [points[from]!, points[from + 1]!];
      for (let at = 0; at < joined.length; at += 2) {
        const distance = (joined[at]! - x) ** 2 + (joined[at + 1]! - y) ** 2;
        if (distance >= this.distance) continue;
        this.distance = distance;
        this.from = from;
        this.x = joined[at]!;
        this.y = joined[at + 1]!;
      }
    }
  }
}
