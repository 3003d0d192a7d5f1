import { ExpectationError } from '../expect.js';
import type { Mask } from './segmentation.js';

/** A mask in the run-length form of COCO: columns first, runs of 0 and 1 in turn, packed into a string. */
export interface CocoRle {
  /** Height and width of the grid, in this order. */
  readonly size: readonly [number, number];
  readonly counts: string;
}

/**
 * Encodes masks as COCO's compressed RLE; pycocotools reads the result as it is.
 *
 * Keeps its buffers from call to call. The format (maskApi.c, rleToString): run lengths over the
 * whole grid in column-major order, beginning with the zeros; from the third on, each as the difference to the one two
 * places before; written in groups of 5 bits, least first, bit 6 set while more follow, offset by 48 into ASCII.
 */
export class RleEncoder {
  #text = new Uint8Array(1 << 12);
  #length = 0;
  /** The last two runs written. */
  #previous = 0;
  #beforePrevious = 0;
  #runs = 0;

  /** @param gridWidth, gridHeight size of the grid the mask lies on (maskWidth, maskHeight of the segmentation) */
  encode(mask: Mask, gridWidth: number, gridHeight: number): CocoRle {
    this.#length = this.#previous = this.#beforePrevious = this.#runs = 0;
    const { x: left, y: top, width, height, data } = mask;
    let inside = 0;
    let runStart = 0;
    for (let x = 0; x < width; x++) {
      const column = (left + x) * gridHeight + top;
      for (let y = 0, i = x; y < height; y++, i += width) {
        if (data[i] === inside) continue;
        this.#push(column + y - runStart);
        runStart = column + y;
        inside ^= 1;
      }
      // The crop ends here but the column may go on: what follows is outside.
      if (inside === 1 && height < gridHeight) {
        this.#push(column + height - runStart);
        runStart = column + height;
        inside = 0;
      }
    }
    // A crop as high as the grid may end inside, with the rest of the grid still to its right.
    const end = (left + width) * gridHeight;
    if (inside === 1) {
      this.#push(end - runStart);
      runStart = end;
    }
    const total = gridWidth * gridHeight;
    if (runStart < total) this.#push(total - runStart);
    return { size: [gridHeight, gridWidth], counts: latin1.decode(this.#text.subarray(0, this.#length)) };
  }

  #push(run: number): void {
    if (this.#length + 8 > this.#text.length) {
      const larger = new Uint8Array(2 * this.#text.length);
      larger.set(this.#text);
      this.#text = larger;
    }
    let rest = this.#runs > 2 ? run - this.#beforePrevious : run;
    this.#runs++;
    this.#beforePrevious = this.#previous;
    this.#previous = run;
    for (let more = true; more;) {
      const bits = rest & 0x1f;
      rest >>= 5;
      more = (bits & 0x10) !== 0 ? rest !== -1 : rest !== 0;
      this.#text[this.#length++] = (more ? bits | 0x20 : bits) + 48;
    }
  }
}

const latin1 = new TextDecoder('latin1');

/**
 * Expands compressed RLE into a mask that covers its whole grid.
 *
 * @throws ExpectationError for counts that are cut off, negative, or do not add up to the size
 */
export function decodeRle(rle: CocoRle): Mask {
  const [height, width] = rle.size;
  const runs: number[] = [];
  const { counts } = rle;
  for (let i = 0; i < counts.length;) {
    let value = 0;
    let shift = 0;
    let code = 0x20;
    for (; (code & 0x20) !== 0; i++, shift += 5) {
      code = counts.charCodeAt(i) - 48;
      if (!(code >= 0 && code < 64) || shift > 30) {
        throw new ExpectationError(
          'COCO compressed RLE counts',
          counts,
          `Character ${i} does not belong there.`,
        );
      }
      value |= (code & 0x1f) << shift;
    }
    if ((code & 0x10) !== 0 && shift < 32) value |= -1 << shift;
    runs.push(runs.length > 2 ? value + runs[runs.length - 2]! : value);
  }
  const data = new Uint8Array(width * height);
  let position = 0;
  for (const [index, run] of runs.entries()) {
    if (run < 0 || position + run > data.length) {
      throw new ExpectationError(
        `runs that add up to ${width * height} cells`,
        `${position} cells and a run of ${run}`,
      );
    }
    if (index % 2 === 1) {
      for (let p = position; p < position + run; p++) data[(p % height) * width + Math.floor(p / height)] = 1;
    }
    position += run;
  }
  if (position !== data.length) {
    throw new ExpectationError(`runs that add up to ${width * height} cells`, `${position} cells`);
  }
  return { x: 0, y: 0, width, height, data };
}
