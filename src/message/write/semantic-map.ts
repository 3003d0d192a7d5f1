import { MaskRuns } from '../../vision/mask/runs.js';
import type { Mask, Segmentation } from '../../vision/mask/segmentation.js';
import type { PictureSize } from '../../vision/picture/picture-size.js';

/** Longest side of the map: that of a 640 model's prototypes, as in dnn_node_example. Each cell takes a float. */
const LONGEST_SIDE = 160;

/** A map of classes over the whole picture: 0 is background, class id + 1 an object. */
export interface SemanticMap extends PictureSize {
  /** width * height values, row by row: TROS's navigation refuses a map with any other number. */
  readonly features: Float32Array;
}

/** Samples masks on a grid that is coarse enough for a float in each cell. Keeps its memory from frame to frame. */
export class SemanticMapRenderer {
  readonly #maskRuns = new MaskRuns();
  /** Of the masks that the map is for. */
  #maskWidth = 0;
  #maskHeight = 0;
  #width = 0;
  #height = 0;
  #features = new Float32Array(0);
  /** For each column of the masks, and one behind the last, the first column of the map under whose center it or a later one lies. */
  #columns = new Int32Array(0);
  /** For each row of the map the row of the masks under its center. */
  #rows = new Int32Array(0);

  /** The better score is on top. @returns a map that is valid until the next call */
  render({ maskWidth, maskHeight, instances }: Segmentation): SemanticMap {
    if (maskWidth !== this.#maskWidth || maskHeight !== this.#maskHeight)
      this.#measure(maskWidth, maskHeight);
    this.#features.fill(0);
    for (let i = instances.length - 1; i >= 0; i--) {
      const { classId, mask } = instances[i]!;
      this.#draw(mask, classId + 1);
    }
    return { width: this.#width, height: this.#height, features: this.#features };
  }

  #measure(maskWidth: number, maskHeight: number): void {
    this.#maskWidth = maskWidth;
    this.#maskHeight = maskHeight;
    const { width, height } = mapSize({ maskWidth, maskHeight });
    [this.#width, this.#height] = [width, height];
    this.#features = new Float32Array(width * height);
    this.#rows = Int32Array.from({ length: height }, (_, row) => underCenter(row, maskHeight, height));
    let column = 0;
    this.#columns = Int32Array.from({ length: maskWidth + 1 }, (_, at) => {
      while (column < width && underCenter(column, maskWidth, width) < at) column++;
      return column;
    });
  }

  /** Looks at the rows of the mask that a row of the map lies on, and at none of the others. */
  #draw(mask: Mask, value: number): void {
    const maskRuns = this.#maskRuns;
    maskRuns.read(mask);
    const { edges } = maskRuns;
    const count = 2 * maskRuns.count;
    const columns = this.#columns;
    const rows = this.#rows;
    const features = this.#features;
    const width = this.#width;
    const { x, y, width: cells } = mask;
    let run = 0;
    for (let row = 0; row < rows.length; row++) {
      const start = (rows[row]! - y) * cells;
      if (start < 0) continue;
      const end = start + cells;
      while (run < count && edges[run + 1]! <= start) run += 2;
      if (run === count) break;
      for (let i = run; i < count && edges[i]! < end; i += 2) {
        const first = columns[Math.max(edges[i]!, start) - start + x]!;
        const last = columns[Math.min(edges[i + 1]!, end) - start + x]!;
        for (let at = row * width + first; at < row * width + last; at++) features[at] = value;
      }
    }
  }
}

/** The mask cell under the center of a map cell, along one axis. */
function underCenter(cell: number, maskCells: number, cells: number): number {
  return Math.floor(((cell + 0.5) * maskCells) / cells);
}

/**
 * The size of the map: the masks' grid, or as many times coarser as makes its longest side 160.
 *
 * hobot_websocket reads one float beyond the last (websocket.cpp, FrameAddSmart: it counts up before it reads). That is harmless as long as
 * the memory of its vector has room behind it: glibc's malloc gives 4 bytes or more beyond those asked for unless these are 8 more than a
 * multiple of 16, so unless width * height is 2 more than a multiple of 4. Such a map gets a row or column more, on its longer side.
 */
export function mapSize({
  maskWidth,
  maskHeight,
}: Pick<Segmentation, 'maskWidth' | 'maskHeight'>): PictureSize {
  const scale = Math.max(1, Math.max(maskWidth, maskHeight) / LONGEST_SIDE);
  const width = Math.max(1, Math.round(maskWidth / scale));
  const height = Math.max(1, Math.round(maskHeight / scale));
  if ((width * height) % 4 !== 2) return { width, height };
  // One side is odd, the other 2 more than a multiple of 4; one more of either makes the product odd or a multiple of 4.
  return width >= height ? { width: width + 1, height } : { width, height: height + 1 };
}
