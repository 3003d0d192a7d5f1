import { Axis } from '../mask/mask-painter.js';
import { MaskRuns } from '../mask/runs.js';
import type { Segmentation } from '../mask/segmentation.js';
import { discOf, GridRuns } from './grid-runs.js';
import type { DepthKernels } from './kernels.js';

/**
 * The instances of a frame on a grid that covers the picture, without a band along their edges. A cell belongs to one instance at most:
 * where masks overlap, to that of the better score, as in all other pictures; and no instance has cells within the band of a better one.
 *
 * Keeps its memory from frame to frame.
 */
export class LabelMap {
  width = 0;
  height = 0;
  /** For each cell row by row 0, or 1 more than the instance's index. */
  labels = new Uint16Array(0);
  /** Of each instance, all its cells, and those without the band. */
  readonly full: GridRuns[] = [];
  readonly inner: GridRuns[] = [];
  count = 0;
  readonly #columns = new Axis();
  readonly #rows = new Axis();
  readonly #runs = new MaskRuns();
  #disc = discOf(0);

  constructor(private readonly kernels?: DepthKernels) {}

  /**
   * @param band width of the band that is left out, in cells
   */
  paint(segmentation: Segmentation, width: number, height: number, band: number): void {
    const { instances, maskWidth, maskHeight } = segmentation;
    const columns = this.#columns.firstCells(maskWidth, width);
    const rows = this.#rows.firstCells(maskHeight, height);
    const cells = width * height;
    if (this.labels.length < cells) this.labels = new Uint16Array(cells);
    this.width = width;
    this.height = height;
    this.count = instances.length;
    if (this.#disc.length !== band + 1) this.#disc = discOf(band);
    const { labels, kernels } = this;
    labels.fill(0, 0, cells);
    for (let i = 0; i < instances.length; i++) {
      const full = (this.full[i] ??= new GridRuns());
      full.set(instances[i]!.mask, this.#runs, columns, rows, kernels);
      (this.inner[i] ??= new GridRuns()).erode(full, this.#disc, width, height, kernels);
    }
    const clear = (from: number, to: number): void => void labels.fill(0, from, to);
    // Best score last.
    for (let i = instances.length - 1; i >= 0; i--) {
      if (this.#touchesWorse(i, band)) {
        if (kernels) kernels.fill(this.full[i]!, this.#disc, width, height, labels, 0);
        else this.full[i]!.grow(this.#disc, width, height, clear);
      }
      if (kernels) kernels.label(this.inner[i]!, width, height, labels, i + 1);
      else this.#fill(this.inner[i]!, i + 1);
    }
  }

  /** Whether an instance that is already painted may have cells here. */
  #touchesWorse(index: number, band: number): boolean {
    const own = this.full[index]!;
    for (let i = index + 1; i < this.count; i++) {
      const { left, right, top, bottom } = this.full[i]!;
      if (
        left < own.right + band &&
        own.left < right + band &&
        top < own.bottom + band &&
        own.top < bottom + band
      )
        return true;
    }
    return false;
  }

  #fill({ top, bottom, ends, edges }: GridRuns, label: number): void {
    const { labels, width } = this;
    for (let row = top; row < bottom; row++) {
      const at = row * width;
      const to = ends[row - top + 1]!;
      for (let k = ends[row - top]!; k < to; k += 2) labels.fill(label, at + edges[k]!, at + edges[k + 1]!);
    }
  }
}
