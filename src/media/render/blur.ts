import type { Box, Instance, Mask, Segmentation, Shape } from '../../vision/mask/segmentation.js';
import { MaskScaler } from '../../vision/mask/mask-scale.js';
import type { Nv12Frame } from '../../vision/picture/nv12-frame.js';

/** A box has this many samples along its shorter side: too few to tell a face, or a number plate. */
const SAMPLES = 8;
/** Pixels of a sample at least: small objects have few samples. */
const LEAST = 8;
/** By how much of the box's shorter side the blur reaches beyond the mask, as masks miss a pixel here and there. */
const MARGIN = 0.06;
const LEAST_MARGIN = 4;

/** Whole pixels [left, right) x [top, bottom), even on all sides. */
interface Area {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** What is covered of a shape: a mask in pixels, or where there is none, or an empty one, its box. */
interface Cover {
  readonly mask: Mask | undefined;
  readonly bounds: Box;
}

/**
 * Blurs the instances of chosen classes, so that recordings do not show them.
 *
 * What is smoothed over time lags behind: both the shape that is reported and the one that was found in this frame are covered.
 * Of what lies under an instance's mask and a margin around it only the means of large squares remain, between which colors run
 * smoothly: unlike a filter, that cannot be undone. Where there is no mask, or an empty one, the whole box is blurred.
 *
 * What is not found is not blurred: a lower score for the class (`class_scores`) blurs more.
 */
export class Blur {
  readonly #scalers = [new MaskScaler(), new MaskScaler()] as const;
  #memory = new Uint8Array(0);
  #inside = new Uint8Array(0);
  #means = new Float32Array(0);

  /** @param classes ids of the classes to blur */
  constructor(readonly classes: ReadonlySet<number>) {}

  /**
   * @returns the frame itself if there is nothing to blur, else a copy, which is valid until the next call
   */
  apply(frame: Nv12Frame, segmentation: Segmentation): Nv12Frame {
    const chosen = segmentation.instances.filter(({ classId }) => this.classes.has(classId));
    if (chosen.length === 0) return frame;
    const copy = this.#copy(frame);
    for (const instance of chosen) this.#blur(copy, instance, segmentation);
    return copy;
  }

  #copy(frame: Nv12Frame): Nv12Frame {
    const { width, height, data, lumaOffset, lumaStride, chromaOffset, chromaStride, picture } = frame;
    const luma = width * height;
    // The former memory is not used again if the size changes, as whoever has it may still read it.
    if (this.#memory.length !== (luma * 3) / 2) this.#memory = new Uint8Array((luma * 3) / 2);
    const memory = this.#memory;
    const rows = (from: number, stride: number, count: number, to: number): void => {
      for (let y = 0; y < count; y++) {
        memory.set(data.subarray(from + y * stride, from + y * stride + width), to + y * width);
      }
    };
    rows(lumaOffset, lumaStride, height, 0);
    rows(chromaOffset, chromaStride, height / 2, luma);
    return {
      ...{ width, height, data: memory, lumaOffset: 0, chromaOffset: luma },
      ...{ lumaStride: width, chromaStride: width, picture },
    };
  }

  #blur(frame: Nv12Frame, instance: Instance, segmentation: Segmentation): void {
    const { found } = instance;
    const covers = [cover(instance, segmentation, this.#scalers[0])];
    if (found) covers.push(cover(found, segmentation, this.#scalers[1]));
    const side = Math.max(...covers.map(({ bounds }) => shorterSide(bounds)));
    const margin = Math.max(LEAST_MARGIN, Math.ceil(MARGIN * side));
    const all = around(covers);
    const area = {
      left: Math.max(0, 2 * Math.floor((all.x1 - margin) / 2)),
      top: Math.max(0, 2 * Math.floor((all.y1 - margin) / 2)),
      right: Math.min(frame.width, 2 * Math.ceil((all.x2 + margin) / 2)),
      bottom: Math.min(frame.height, 2 * Math.ceil((all.y2 + margin) / 2)),
    };
    if (!(area.left < area.right && area.top < area.bottom)) return;
    const pixels = (area.right - area.left) * (area.bottom - area.top);
    if (this.#inside.length < pixels) this.#inside = new Uint8Array(pixels);
    else this.#inside.fill(0, 0, pixels);
    for (const each of covers) this.#mark(area, each, margin);
    this.#grow(area, margin);
    const block = Math.max(LEAST, 2 * Math.ceil(side / SAMPLES / 2));
    const { width, data, chromaOffset } = frame;
    this.#smooth(data, 0, width, 1, area, block, 1);
    const half = { left: area.left / 2, top: area.top / 2, right: area.right / 2, bottom: area.bottom / 2 };
    for (const channel of [0, 1]) this.#smooth(data, chromaOffset + channel, width, 2, half, block / 2, 2);
  }

  /** Marks the runs of a mask, wider by the margin, or a whole box. */
  #mark({ left, top, right, bottom }: Area, { mask, bounds }: Cover, margin: number): void {
    const width = right - left;
    const inside = this.#inside;
    if (!mask) {
      const from = Math.max(0, Math.floor(bounds.x1) - left - margin);
      const to = Math.min(width, Math.ceil(bounds.x2) - left + margin);
      const first = Math.min(bottom - 1, Math.max(top, Math.floor(bounds.y1)));
      const last = Math.min(bottom - 1, Math.max(first, Math.ceil(bounds.y2) - 1));
      for (let row = first - top; row <= last - top; row++)
        inside.fill(1, row * width + from, row * width + to);
      return;
    }
    for (let y = 0; y < mask.height; y++) {
      const row = (mask.y + y - top) * width;
      const cells = mask.data.subarray(y * mask.width, (y + 1) * mask.width);
      for (let from = cells.indexOf(1); from >= 0;) {
        const gap = cells.indexOf(0, from);
        const to = gap < 0 ? mask.width : gap;
        const start = Math.max(0, mask.x + from - left - margin);
        inside.fill(1, row + start, row + Math.min(width, mask.x + to - left + margin));
        from = gap < 0 ? -1 : cells.indexOf(1, gap);
      }
    }
  }

  /** Marks what a marked pixel is near to along columns; 2 marks what is found on the way. */
  #grow({ left, top, right, bottom }: Area, margin: number): void {
    const [width, height] = [right - left, bottom - top];
    const inside = this.#inside;
    for (let x = 0; x < width; x++) {
      for (const step of [width, -width]) {
        let near = 0;
        for (let i = 0, at = step > 0 ? x : x + (height - 1) * width; i < height; i++, at += step) {
          if (inside[at] === 1) near = margin;
          else if (near > 0) {
            near--;
            inside[at] = 2;
          }
        }
      }
    }
  }

  /**
   * Replaces marked samples of a plane by means of blocks, interpolated between the blocks' middles.
   *
   * @param start offset of the plane's first sample
   * @param step bytes from one sample to the next
   * @param scale pixels of the picture for each sample, in both directions
   */
  #smooth(
    data: Uint8Array,
    start: number,
    stride: number,
    step: number,
    { left, top, right, bottom }: Area,
    block: number,
    scale: number,
  ): void {
    const [width, height] = [right - left, bottom - top];
    const columns = Math.ceil(width / block);
    const rows = Math.ceil(height / block);
    if (this.#means.length < columns * rows) this.#means = new Float32Array(columns * rows);
    const means = this.#means;
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const x1 = Math.min(width, (column + 1) * block);
        const y1 = Math.min(height, (row + 1) * block);
        let sum = 0;
        for (let y = row * block; y < y1; y++) {
          let at = start + (top + y) * stride + (left + column * block) * step;
          for (let x = column * block; x < x1; x++, at += step) sum += data[at]!;
        }
        means[row * columns + column] = sum / ((y1 - row * block) * (x1 - column * block));
      }
    }
    const inside = this.#inside;
    for (let y = 0; y < height; y++) {
      const v = Math.min(rows - 1, Math.max(0, (y + 0.5) / block - 0.5));
      const upper = Math.floor(v);
      const lower = Math.min(rows - 1, upper + 1);
      const down = v - upper;
      let at = start + (top + y) * stride + left * step;
      for (let x = 0; x < width; x++, at += step) {
        // Chroma is shared by four pixels: it is blurred where any of them is.
        if (!this.#marked(inside, x, y, width, scale)) continue;
        const u = Math.min(columns - 1, Math.max(0, (x + 0.5) / block - 0.5));
        const before = Math.floor(u);
        const after = Math.min(columns - 1, before + 1);
        const across = u - before;
        const above =
          means[upper * columns + before]! * (1 - across) + means[upper * columns + after]! * across;
        const below =
          means[lower * columns + before]! * (1 - across) + means[lower * columns + after]! * across;
        data[at] = above * (1 - down) + below * down + 0.5;
      }
    }
  }

  #marked(inside: Uint8Array, x: number, y: number, width: number, scale: number): boolean {
    if (scale === 1) return inside[y * width + x]! > 0;
    const at = 2 * y * 2 * width + 2 * x;
    return (inside[at]! | inside[at + 1]! | inside[at + 2 * width]! | inside[at + 2 * width + 1]!) > 0;
  }
}

/** A mask of a box that is small on the model's grid may have no cell. */
function cover({ box, mask }: Shape, segmentation: Segmentation, scaler: MaskScaler): Cover {
  if (!mask.data.includes(1)) return { mask: undefined, bounds: box };
  const whole = scaler.toPicture(mask, segmentation);
  const { x, y, width, height } = whole;
  return { mask: whole, bounds: { x1: x, y1: y, x2: x + width, y2: y + height } };
}

/** The box around them. */
function around(covers: readonly Cover[]): Box {
  const edges = (of: keyof Box): number[] => covers.map(({ bounds }) => bounds[of]);
  return {
    x1: Math.min(...edges('x1')),
    y1: Math.min(...edges('y1')),
    x2: Math.max(...edges('x2')),
    y2: Math.max(...edges('y2')),
  };
}

function shorterSide({ x1, y1, x2, y2 }: Box): number {
  return Math.min(x2 - x1, y2 - y1);
}
