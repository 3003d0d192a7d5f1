import { addon } from '../../native/addon.js';
import { DEFAULT_AREA, toleranceInCells } from '../../vision/mask/outlines.js';
import { MaskRuns } from '../../vision/mask/runs.js';
import type { Instance, Segmentation } from '../../vision/mask/segmentation.js';

/** Numbers before the masks: width and height of the picture, and of the masks' grid. */
const SIZES = 4;
/** Numbers before the runs of a mask: x, y, width, height, and how many numbers make up its runs. */
const PLACE = 5;

/** The masks of a frame as numbers, which can be written for another thread. Keeps its memory from frame to frame. */
export class MaskPacker {
  readonly #runs = new MaskRuns();
  #numbers = new Int32Array(1 << 12);

  /** @returns numbers that are valid until the next call */
  pack({ width, height, maskWidth, maskHeight, instances }: Segmentation): Int32Array {
    let length = SIZES;
    for (const { mask } of instances) length += PLACE + this.#runsOf(mask).length;
    if (this.#numbers.length < length) this.#numbers = new Int32Array(2 * length);
    const numbers = this.#numbers;
    numbers[0] = width;
    numbers[1] = height;
    numbers[2] = maskWidth;
    numbers[3] = maskHeight;
    let at = SIZES;
    for (const { mask } of instances) {
      const runs = this.#runsOf(mask);
      numbers[at] = mask.x;
      numbers[at + 1] = mask.y;
      numbers[at + 2] = mask.width;
      numbers[at + 3] = mask.height;
      numbers[at + 4] = runs.length;
      numbers.set(runs, at + PLACE);
      at += PLACE + runs.length;
    }
    return numbers.subarray(0, length);
  }

  #runsOf(mask: Instance['mask']): Int32Array {
    this.#runs.read(mask);
    return this.#runs.runs;
  }
}

/**
 * Adds the contours of its instances to a frame, each behind its instance.
 *
 * @param frame of writeFrame(), without contours
 * @param masks of MaskPacker.pack(), of the same frame
 * @param tolerance of the contours, in pixels of the picture
 * @returns new bytes
 * @throws TypeError for a frame and masks that do not belong together
 */
export function addContours(frame: Uint8Array, masks: Int32Array, tolerance: number): Uint8Array {
  const sizes = { width: masks[0]!, height: masks[1]!, maskWidth: masks[2]!, maskHeight: masks[3]! };
  return addon().addContours(frame, masks, toleranceInCells(sizes, tolerance), DEFAULT_AREA);
}
