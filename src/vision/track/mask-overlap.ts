/** Maximum number of compared rows of a mask: more rows of a tall object add little. */
const MOST_ROWS = 12;

/** A mask as runs, on the grid of its frame. */
export interface PlacedRuns {
  x: number;
  y: number;
  width: number;
  height: number;
  /** As Mask.runs; the first 2 * count numbers are used. */
  edges: Int32Array;
  count: number;
}

/**
 * IoU of a former mask, moved by whole cells, and a current one. It compares up to 12 rows of
 * the two, evenly spread, and finds their runs by bisection: the cost does not depend on the area.
 *
 * @returns 0 to 1; 0 if one of them is empty
 */
export function movedMaskIou(before: PlacedRuns, moveX: number, moveY: number, now: PlacedRuns): number {
  if (before.count === 0 || now.count === 0) return 0;
  const { edges: a, count: countA, width: widthA } = before;
  const { edges: b, count: countB, width: widthB } = now;
  const topA = before.y + moveY;
  const topB = now.y;
  const bottomA = topA + before.height;
  const bottomB = topB + now.height;
  const top = Math.min(topA, topB);
  const bottom = Math.max(bottomA, bottomB);
  const rows = Math.min(MOST_ROWS, bottom - top);
  // Most rows have one run: the first guess is this many runs further on.
  const skipped = Math.floor((bottom - top) / rows);
  let guessA = 0;
  let guessB = 0;
  let shared = 0;
  let covered = 0;
  for (let i = 0; i < rows; i++) {
    const y = top + Math.floor(((i + 0.5) * (bottom - top)) / rows);
    const hasA = y >= topA && y < bottomA;
    const hasB = y >= topB && y < bottomB;
    // Cells are numbered through the crop: of each the first one of the row, and its place on the grid.
    const fromA = (y - topA) * widthA;
    const fromB = (y - topB) * widthB;
    const shift = before.x + moveX - fromA - (now.x - fromB);
    let runA = countA;
    let runB = countB;
    if (hasA) {
      runA = firstRun(a, countA, fromA, guessA);
      guessA = runA + skipped;
      covered += rowLength(a, countA, runA, fromA, fromA + widthA);
    }
    if (hasB) {
      runB = firstRun(b, countB, fromB, guessB);
      guessB = runB + skipped;
      covered += rowLength(b, countB, runB, fromB, fromB + widthB);
    }
    // In cells of b.
    const endA = fromA + widthA + shift;
    const endB = fromB + widthB;
    while (runA < countA && runB < countB) {
      const leftA = Math.max(a[2 * runA]!, fromA) + shift;
      const leftB = Math.max(b[2 * runB]!, fromB);
      if (leftA >= endA || leftB >= endB) break;
      const rightA = Math.min(a[2 * runA + 1]! + shift, endA);
      const rightB = Math.min(b[2 * runB + 1]!, endB);
      const both = Math.min(rightA, rightB) - Math.max(leftA, leftB);
      if (both > 0) shared += both;
      if (rightA < rightB) runA++;
      else runB++;
    }
  }
  return covered > 0 ? shared / (covered - shared) : 0;
}

/** The first run that ends behind a cell. The search starts at the guess. */
function firstRun(edges: Int32Array, count: number, cell: number, guess: number): number {
  let low = 0;
  let high = count;
  if (guess > 0 && guess < count) {
    if (edges[2 * guess + 1]! > cell) {
      if (edges[2 * guess - 1]! <= cell) return guess;
      high = guess;
    } else {
      low = guess + 1;
      if (low < count && edges[2 * low + 1]! > cell) return low;
    }
  }
  while (low < high) {
    const middle = (low + high) >> 1;
    if (edges[2 * middle + 1]! > cell) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Cells inside from `cell` to below `end`. */
function rowLength(edges: Int32Array, count: number, first: number, cell: number, end: number): number {
  let length = 0;
  for (let run = first; run < count && edges[2 * run]! < end; run++) {
    length += Math.min(edges[2 * run + 1]!, end) - Math.max(edges[2 * run]!, cell);
  }
  return length;
}
