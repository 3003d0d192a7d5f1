import type { Letterbox } from '../frame/letterbox.js';
import type { PictureSize } from '../frame/picture-size.js';
import type { HeadLayout } from './head-layout.js';
import type { MaskResolution } from './options.js';

/**
 * One axis of the grid that masks are sampled on, and its map to the prototypes.
 *
 * Cell i covers `picture / cells` source pixels; its centre lies at `scale * i + offset` in prototype coordinates, where
 * prototype k has its centre at k. Interval k holds the cells whose centres lie in [k, k + 1).
 */
export class GridAxis {
  /** First cell of interval k at index k + 1, for k from -1 (left of the first prototype) to `protos`. */
  readonly #first: Int32Array;

  /**
   * @param cells cells along the axis
   * @param picture source pixels along the axis
   * @param scale prototypes per cell
   * @param offset prototype coordinate of the centre of cell 0
   * @param protos prototypes along the axis
   */
  constructor(
    readonly cells: number,
    readonly picture: number,
    readonly scale: number,
    readonly offset: number,
    readonly protos: number,
  ) {
    this.#first = new Int32Array(protos + 2);
    for (let k = 0; k <= protos; k++) this.#first[k + 1] = clamp(Math.ceil((k - offset) / scale), 0, cells);
  }

  /** First cell whose centre is not left of prototype coordinate k; k from -1 to `protos`. */
  firstCell(k: number): number {
    return this.#first[k + 1]!;
  }

  /** Cells whose centres lie within a box side [from, to) in source pixels: first and one past the last. */
  cellsWithin(from: number, to: number): [number, number] {
    const perPixel = this.cells / this.picture;
    const first = clamp(Math.ceil(from * perPixel - 0.5), 0, this.cells);
    return [first, clamp(Math.ceil(to * perPixel - 0.5), first, this.cells)];
  }
}

/** The grid of a frame: both axes at the resolution asked for. */
export interface MaskGrid {
  readonly x: GridAxis;
  readonly y: GridAxis;
}

/**
 * The grid for a picture of this letterbox; at `proto` resolution a cell is one prototype of the un-padded picture.
 *
 * @param picture what the grid covers, from the source's upper left corner
 */
export function maskGrid(
  letterbox: Letterbox,
  layout: HeadLayout,
  resolution: MaskResolution,
  picture: PictureSize,
): MaskGrid {
  const { protoStride, proto } = layout;
  const axis = (pixels: number, modelPerPixel: number, pad: number, protos: number): GridAxis => {
    const protoPerPixel = modelPerPixel / protoStride;
    const cells = resolution === 'source' ? pixels : Math.max(1, Math.round(pixels * protoPerPixel));
    const scale = (protoPerPixel * pixels) / cells;
    return new GridAxis(cells, pixels, scale, pad / protoStride + 0.5 * scale - 0.5, protos);
  };
  return {
    x: axis(picture.width, letterbox.scaleX, letterbox.left, proto.width),
    y: axis(picture.height, letterbox.scaleY, letterbox.top, proto.height),
  };
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}
