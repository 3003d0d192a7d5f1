import type { Mask, Segmentation } from './segmentation.js';

/**
 * Scales masks on a coarser grid to the size of the picture: a pixel is inside if the cell that contains its center is inside.
 *
 * Keeps its buffer from call to call.
 */
export class MaskScaler {
  #data = new Uint8Array(0);

  /**
   * @param mask on the grid of `segmentation`
   * @returns the mask in pixels of the picture; the mask itself if the grid is that of the picture. Valid until the next call
   */
  toPicture(mask: Mask, segmentation: Omit<Segmentation, 'instances'>): Mask {
    const { width, height, maskWidth, maskHeight } = segmentation;
    if (maskWidth === width && maskHeight === height) return mask;
    const left = firstPixel(mask.x, width, maskWidth);
    const right = firstPixel(mask.x + mask.width, width, maskWidth);
    const top = firstPixel(mask.y, height, maskHeight);
    const bottom = firstPixel(mask.y + mask.height, height, maskHeight);
    const columns = right - left;
    const size = columns * (bottom - top);
    if (this.#data.length < size) this.#data = new Uint8Array(2 * size);
    const data = this.#data.subarray(0, size);
    const { data: cells } = mask;
    for (let y = top, to = 0, before = -1; y < bottom; y++, to += columns) {
      const row = cellOf(y, height, maskHeight) - mask.y;
      if (row === before) {
        data.copyWithin(to, to - columns, to);
        continue;
      }
      before = row;
      const from = row * mask.width - mask.x;
      for (let x = left; x < right; x++) data[to + x - left] = cells[from + cellOf(x, width, maskWidth)]!;
    }
    return { x: left, y: top, width: columns, height: bottom - top, data };
  }
}

/** The cell that contains the center of pixel `x`. */
export function cellOf(x: number, pixels: number, cells: number): number {
  return Math.min(cells - 1, Math.floor(((x + 0.5) * cells) / pixels));
}

/** The first pixel whose center lies in or after `cell`, within [0, pixels]. */
export function firstPixel(cell: number, pixels: number, cells: number): number {
  return Math.min(pixels, Math.max(0, Math.ceil((cell * pixels) / cells - 0.5)));
}
