/** Rows of a mask that are compared, at most: a tall object's outline says no more in every row. */
const MOST_ROWS = 24;

/** A mask as runs, on the grid of its frame. */
export interface MaskRuns {
  x: number;
  y: number;
  width: number;
  height: number;
  /** As Mask.runs; the first 2 * count numbers hold. */
  edges: Int32Array;
  count: number;
}

/**
 * IoU of a mask that was seen before, moved by whole cells, and one that is seen now. It looks at up to 24 rows of
 * the two, evenly spread, and finds their runs by bisection: the cost does not go by the area.
 *
 * @returns 0 to 1; 0 where one of them is empty
 */
export function movedMaskIou(before: MaskRuns, moveX: number, moveY: number, now: MaskRuns): number {
  if (before.count === 0 || now.count === 0) return 0;
  const beforeX = before.x + moveX;
  const beforeY = before.y + moveY;
  const top = Math.min(beforeY, now.y);
  const bottom = Math.max(beforeY + before.height, now.y + now.height);
  const step = Math.max(1, (bottom - top) / MOST_ROWS);
  let shared = 0;
  let covered = 0;
  for (let at = top + step / 2; at < bottom; at += step) {
    const y = Math.floor(at);
    let a = -1;
    let aEnd = 0;
    let b = -1;
    let bEnd = 0;
    const rowA = y - beforeY;
    const rowB = y - now.y;
    // Cells are numbered through the crop: x of the grid is that number less these.
    const shiftA = rowA * before.width - beforeX;
    const shiftB = rowB * now.width - now.x;
    if (rowA >= 0 && rowA < before.height) {
      a = firstRun(before, rowA * before.width);
      aEnd = (rowA + 1) * before.width;
    }
    if (rowB >= 0 && rowB < now.height) {
      b = firstRun(now, rowB * now.width);
      bEnd = (rowB + 1) * now.width;
    }
    const aFirst = a;
    const bFirst = b;
    if (a >= 0) covered += rowLength(before, aFirst, rowA * before.width, aEnd);
    if (b >= 0) covered += rowLength(now, bFirst, rowB * now.width, bEnd);
    if (a < 0 || b < 0) continue;
    while (a < before.count && b < now.count && before.edges[2 * a]! < aEnd && now.edges[2 * b]! < bEnd) {
      const aLeft = Math.max(before.edges[2 * a]!, rowA * before.width) - shiftA;
      const aRight = Math.min(before.edges[2 * a + 1]!, aEnd) - shiftA;
      const bLeft = Math.max(now.edges[2 * b]!, rowB * now.width) - shiftB;
      const bRight = Math.min(now.edges[2 * b + 1]!, bEnd) - shiftB;
      const both = Math.min(aRight, bRight) - Math.max(aLeft, bLeft);
      if (both > 0) shared += both;
      if (aRight < bRight) a++;
      else b++;
    }
  }
  return covered > shared ? shared / (covered - shared) : shared > 0 ? 1 : 0;
}

/** The first run that ends behind a cell. */
function firstRun({ edges, count }: MaskRuns, cell: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (edges[2 * middle + 1]! > cell) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Cells inside from `cell` to below `end`. */
function rowLength({ edges, count }: MaskRuns, first: number, cell: number, end: number): number {
  let length = 0;
  for (let run = first; run < count && edges[2 * run]! < end; run++) {
    length += Math.min(edges[2 * run + 1]!, end) - Math.max(edges[2 * run]!, cell);
  }
  return length;
}
