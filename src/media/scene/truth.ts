import type { Box, Mask } from '../../vision/mask/segmentation.js';
import type { Coverage } from './coverage.js';

/** The visible part of one object in a frame. */
export interface TruthObject {
  /** Id of the object, the same in every frame of its scene. */
  readonly trackId: number;
  readonly classId: number;
  /** Tight around the visible pixels. */
  readonly box: Box;
  /** Visible pixels at source resolution. */
  readonly mask: Mask;
  /** Visible pixels. */
  readonly area: number;
  /** Visible pixels as a fraction of the whole shape, 0 to 1; the rest is hidden or outside. */
  readonly visibility: number;
  /** Too little is visible to require a detection, but a detection is not an error. */
  readonly ignore: boolean;
}

/** Everything that is visible in one frame. */
export interface SceneTruth {
  readonly width: number;
  readonly height: number;
  readonly objects: readonly TruthObject[];
}

/** Below these an object is marked `ignore`. */
export const LEAST_VISIBILITY = 0.25;
export const LEAST_SIDE = 12;

/** A rectangle of whole pixels. */
export type Rectangle = Omit<Mask, 'data'>;

/** The shape that each pixel shows. Shapes are marked from back to front, so the last one that covers a pixel wins. */
export class OwnerMap {
  readonly #owners: Uint8Array;

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.#owners = new Uint8Array(width * height);
  }

  clear(): void {
    this.#owners.fill(0);
  }

  /** Assigns the pixels that are covered by half or more to `owner` (1 to 255). */
  mark(coverage: Coverage, owner: number): void {
    const { data, start, end } = coverage;
    const owners = this.#owners;
    for (let row = 0; row < coverage.height; row++) {
      const source = row * coverage.width;
      const target = (coverage.y + row) * this.width + coverage.x;
      for (let column = start[row]!; column < end[row]!; column++) {
        if (data[source + column]! >= 128) owners[target + column] = owner;
      }
    }
  }

  /** The owner of a pixel, 0 if it has none. */
  at(pixel: number): number {
    return this.#owners[pixel]!;
  }

  /** The bounding rectangle of the owner's pixels within `search`; 0 x 0 if there are none. */
  bounds(owner: number, search: Rectangle): Rectangle {
    const owners = this.#owners;
    let left = search.x + search.width;
    let right = search.x;
    let top = -1;
    let bottom = 0;
    for (let y = search.y; y < search.y + search.height; y++) {
      const first = y * this.width + search.x;
      const from = owners.subarray(first, first + search.width).indexOf(owner);
      if (from < 0) continue;
      let to = first + search.width - 1;
      while (owners[to] !== owner) to--;
      left = Math.min(left, search.x + from);
      right = Math.max(right, to - y * this.width + 1);
      if (top < 0) top = y;
      bottom = y + 1;
    }
    if (top < 0) return { x: search.x, y: search.y, width: 0, height: 0 };
    return { x: left, y: top, width: right - left, height: bottom - top };
  }

  /** Writes the owner's pixels within `bounds` as 0 and 1, row-major, and counts them. */
  crop(owner: number, bounds: Rectangle, mask: Uint8Array): number {
    const owners = this.#owners;
    let area = 0;
    let target = 0;
    for (let y = bounds.y; y < bounds.y + bounds.height; y++) {
      const row = y * this.width + bounds.x;
      for (let x = 0; x < bounds.width; x++) {
        const own = owners[row + x] === owner ? 1 : 0;
        mask[target++] = own;
        area += own;
      }
    }
    return area;
  }
}
