import { clamp } from '../../base/numbers.js';
import type { Letterbox } from '../picture/letterbox.js';
import type { PictureSize } from '../picture/picture-size.js';
import type { HeadLayout } from './head-layout.js';
import type { MaskResolution } from './options.js';

/**
 * One axis of the grid that masks are sampled on, and its map to the prototypes.
 *
 * Cell i covers `pitch` source pixels from `origin + pitch * i` on; its center lies at `scale * i + offset` in prototype
 * coordinates, where prototype k has its center at k. Interval k holds the cells whose centers lie in [k, k + 1).
 *
 * If the source is a part of a larger picture, these are the cells of the picture's grid that overlap it.
 */
export class GridAxis {
  /** First cell of interval k at index k + 1, for k from -1 (left of the first prototype) to `protos`. */
  readonly firstCells: Int32Array;

  /**
   * @param cells cells along the axis
   * @param perPixel cells for each source pixel
   * @param origin where cell 0 begins, in source pixels: 0 or less
   * @param first number of cell 0 in the grid of the whole picture
   * @param total cells of the whole picture
   * @param scale prototypes per cell
   * @param offset prototype coordinate of the center of cell 0
   * @param protos prototypes along the axis
   */
  constructor(
    readonly cells: number,
    readonly perPixel: number,
    readonly origin: number,
    readonly first: number,
    readonly total: number,
    readonly scale: number,
    readonly offset: number,
    readonly protos: number,
  ) {
    this.firstCells = new Int32Array(protos + 2);
    for (let k = 0; k <= protos; k++)
      this.firstCells[k + 1] = clamp(Math.ceil((k - offset) / scale), 0, cells);
  }

  /** First cell whose center is not left of prototype coordinate k; k from -1 to `protos`. */
  firstCell(k: number): number {
    return this.firstCells[k + 1]!;
  }

  /** The first cell whose center is not left of `position`, in source pixels; `cells` if there is none. */
  firstWithin(position: number): number {
    return clamp(Math.ceil((position - this.origin) * this.perPixel - 0.5), 0, this.cells);
  }
}

/** The grid of a frame: both axes at the requested resolution. */
export interface MaskGrid {
  readonly x: GridAxis;
  readonly y: GridAxis;
}

/** The position of a source in the picture of which it is a part. */
export interface Placement {
  readonly x: number;
  readonly y: number;
  /** Size of the whole picture. */
  readonly picture: PictureSize;
}

/**
 * The grid for a picture of this letterbox; at `proto` resolution a cell is one prototype of the un-padded picture.
 *
 * @param picture the size that the grid covers, from the source's upper left corner
 * @param place where that part lies in a larger picture; the grid is then that of the larger picture: at `proto` resolution its cells are as large as those
 * of the part, within a fraction of a percent, and cover the picture evenly
 */
export function maskGrid(
  letterbox: Letterbox,
  layout: HeadLayout,
  resolution: MaskResolution,
  picture: PictureSize,
  place: Placement = { x: 0, y: 0, picture },
): MaskGrid {
  const { protoStride, proto } = layout;
  const axis = (
    pixels: number,
    at: number,
    whole: number,
    modelPerPixel: number,
    pad: number,
    protos: number,
  ): GridAxis => {
    const protoPerPixel = modelPerPixel / protoStride;
    // No finer than the picture: a small region of a large picture would have a huge grid.
    const total =
      resolution === 'source' ? whole : Math.min(whole, Math.max(1, Math.round(whole * protoPerPixel)));
    const perPixel = total / whole;
    const first = Math.floor(at * perPixel);
    const cells = Math.min(total, Math.ceil((at + pixels) * perPixel)) - first;
    const origin = first / perPixel - at;
    const scale = protoPerPixel / perPixel;
    const offset = pad / protoStride + 0.5 * scale - 0.5 + origin * protoPerPixel;
    return new GridAxis(cells, perPixel, origin, first, total, scale, offset, protos);
  };
  const { scaleX, scaleY, left, top } = letterbox;
  return {
    x: axis(picture.width, place.x, place.picture.width, scaleX, left, proto.width),
    y: axis(picture.height, place.y, place.picture.height, scaleY, top, proto.height),
  };
}
