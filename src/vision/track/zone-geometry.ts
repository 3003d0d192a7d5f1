/** Whether a point is in a polygon: an odd number of its edges is to the right (even-odd rule; corners x, y, x, y ...). */
export function isInside(corners: ArrayLike<number>, x: number, y: number): boolean {
  let inside = false;
  const n = corners.length;
  for (let i = 0, j = n - 2; i < n; j = i, i += 2) {
    const [y1, y2] = [corners[i + 1]!, corners[j + 1]!];
    if (y1 > y === y2 > y) continue;
    if (x < corners[i]! + ((y - y1) / (y2 - y1)) * (corners[j]! - corners[i]!)) inside = !inside;
  }
  return inside;
}

/**
 * The distance of a point to the nearest edge.
 *
 * @param closed whether the last corner is joined to the first
 * @param omitted 1 for each edge to ignore
 * @returns Infinity without any edge
 */
export function distanceTo(
  corners: ArrayLike<number>,
  closed: boolean,
  x: number,
  y: number,
  omitted?: Uint8Array,
): number {
  let least = Infinity;
  const n = corners.length;
  for (let i = 0; i < (closed ? n : n - 2); i += 2) {
    if (omitted?.[i >> 1] === 1) continue;
    const j = (i + 2) % n;
    const [fromX, fromY] = [corners[i]!, corners[i + 1]!];
    const [alongX, alongY] = [corners[j]! - fromX, corners[j + 1]! - fromY];
    const share = ((x - fromX) * alongX + (y - fromY) * alongY) / (alongX * alongX + alongY * alongY);
    const at = Math.min(1, Math.max(0, share));
    const offX = x - fromX - at * alongX;
    const offY = y - fromY - at * alongY;
    least = Math.min(least, offX * offX + offY * offY);
  }
  return Math.sqrt(least);
}

/**
 * How often the segment from one point to another crosses a line: from the left of its direction to the right counts 1, back -1.
 * A segment that ends on the line does not cross it.
 */
export function crossings(
  corners: ArrayLike<number>,
  fromX: number,
  fromY: number,
  toX: number,
  toY: number,
): number {
  let sum = 0;
  for (let i = 0; i + 3 < corners.length; i += 2) {
    const [x1, y1, x2, y2] = [corners[i]!, corners[i + 1]!, corners[i + 2]!, corners[i + 3]!];
    // Above 0: to the right, with y downward.
    const before = (x2 - x1) * (fromY - y1) - (y2 - y1) * (fromX - x1);
    const after = (x2 - x1) * (toY - y1) - (y2 - y1) * (toX - x1);
    if (before > 0 === after > 0) continue;
    // A corner belongs to the piece that starts there.
    const first = (toX - fromX) * (y1 - fromY) - (toY - fromY) * (x1 - fromX);
    const second = (toX - fromX) * (y2 - fromY) - (toY - fromY) * (x2 - fromX);
    if (first > 0 !== second > 0) sum += after > 0 ? 1 : -1;
  }
  return sum;
}
