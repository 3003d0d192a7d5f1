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
  const rest = others.filter((ring) => ring.length > 0);
  while (rest.length > 0) {
    let nearest = { distance: Infinity, ring: 0, at: 0, from: 0 };
    rest.forEach((points, ring) => {
      for (let from = 0; from < points.length; from += 2) {
        for (let at = 0; at < joined.length; at += 2) {
          const distance = (joined[at]! - points[from]!) ** 2 + (joined[at + 1]! - points[from + 1]!) ** 2;
          if (distance < nearest.distance) nearest = { distance, ring, at, from };
        }
      }
    });
    const [points] = rest.splice(nearest.ring, 1) as [readonly number[]];
    const { at, from } = nearest;
    // The ring from its nearest point round to it, then back to where it was left.
    const round = [...points.slice(from), ...points.slice(0, from + 2)];
    joined.splice(at + 2, 0, ...round, joined[at]!, joined[at + 1]!);
  }
  return joined;
}
