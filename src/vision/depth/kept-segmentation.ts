import { type DecodedMask, DecodedMasks } from '../mask/decoded-mask.js';
import { MaskRuns } from '../mask/runs.js';
import type { Box, EndedTrack, Instance, Mask, Segmentation, Shape } from '../mask/segmentation.js';

interface KeptInstance extends Instance {
  box: Box;
}

/**
 * A copy of a frame's instances that stays valid when the decoder goes on: depth may come later than the result. Keeps its memory.
 */
export class KeptSegmentation implements Segmentation {
  width = 0;
  height = 0;
  maskWidth = 0;
  maskHeight = 0;
  ended: readonly EndedTrack[] | undefined;
  readonly instances: KeptInstance[] = [];
  readonly #spare: KeptInstance[] = [];
  readonly #masks = new DecodedMasks();
  /** Masks as found in the frame, of instances whose masks are smoothed. Their boxes are not needed. */
  readonly #found = new DecodedMasks();
  readonly #shapes: Shape[] = [];
  readonly #runs = new MaskRuns();
  #edges = new Int32Array(1 << 12);
  #used = 0;

  copy(segmentation: Segmentation): this {
    const { instances } = segmentation;
    this.width = segmentation.width;
    this.height = segmentation.height;
    this.maskWidth = segmentation.maskWidth;
    this.maskHeight = segmentation.maskHeight;
    this.ended = segmentation.ended;
    let used = 0;
    for (const { mask, found } of instances) {
      this.#runs.read(mask);
      used += 2 * this.#runs.count;
      if (!found) continue;
      this.#runs.read(found.mask);
      used += 2 * this.#runs.count;
    }
    if (this.#edges.length < used) this.#edges = new Int32Array(2 * used);
    this.instances.length = 0;
    this.#used = 0;
    for (let i = 0; i < instances.length; i++) {
      const { classId, score, box, mask, trackId, found } = instances[i]!;
      const kept = this.#masks.at(i);
      this.#keep(mask, kept);
      const own = (this.#spare[i] ??= {
        ...{ classId, score, trackId },
        box: { x1: 0, y1: 0, x2: 0, y2: 0 },
        mask: kept.mask,
        found: undefined,
      });
      own.classId = classId;
      own.score = score;
      own.trackId = trackId;
      own.box.x1 = box.x1;
      own.box.y1 = box.y1;
      own.box.x2 = box.x2;
      own.box.y2 = box.y2;
      own.found = undefined;
      if (found) {
        const asFound = this.#found.at(i);
        this.#keep(found.mask, asFound);
        own.found = this.#shapes[i] ??= { box: NO_BOX, mask: asFound.mask };
      }
      this.instances.push(own);
    }
    this.#masks.end(instances.length);
    this.#found.end(instances.length);
    return this;
  }

  #keep(mask: Mask, kept: DecodedMask): void {
    this.#runs.read(mask);
    const to = this.#used + 2 * this.#runs.count;
    const runs = this.#edges.subarray(this.#used, to);
    runs.set(this.#runs.runs);
    this.#used = to;
    kept.set(mask.x, mask.y, mask.width, mask.height, runs);
  }

  /** As numbers, to be posted to another thread: a copy of its own. */
  pack(): PackedSegmentation {
    const { width, height, maskWidth, maskHeight, instances } = this;
    const numbers = new Float64Array(NUMBERS * instances.length);
    let used = 0;
    for (let i = 0; i < instances.length; i++) {
      const { classId, score, trackId, mask, found } = instances[i]!;
      const to = used + mask.runs!.length;
      used = to + (found?.mask.runs!.length ?? 0);
      const { x, y, width, height } = found?.mask ?? NO_MASK;
      const shapes = [mask.x, mask.y, mask.width, mask.height, to, x, y, width, height, used];
      numbers.set([classId, score, trackId ?? 0, ...shapes], NUMBERS * i);
    }
    return { width, height, maskWidth, maskHeight, numbers, runs: this.#edges.slice(0, used) };
  }
}

/** Of an instance: class, score, id; of its mask, and of that which was found: crop, one past its last run. */
const NUMBERS = 13;

/** The instances of a frame without boxes, in typed arrays. */
export interface PackedSegmentation extends Omit<Segmentation, 'instances' | 'ended' | 'region'> {
  readonly numbers: Float64Array;
  readonly runs: Int32Array;
}

const NO_BOX: Box = { x1: 0, y1: 0, x2: 0, y2: 0 };
const NO_BITMAP = new Uint8Array(0);
const NO_MASK: Mask = { x: 0, y: 0, width: 0, height: 0, data: NO_BITMAP };

/** Inverse of KeptSegmentation.pack(), with what depth needs: masks have runs but no bitmaps, and there are no boxes. */
export function unpackSegmentation({ numbers, runs, ...sizes }: PackedSegmentation): Segmentation {
  const instances: Instance[] = [];
  let from = 0;
  for (let at = 0; at < numbers.length; at += NUMBERS) {
    const [classId, score, trackId] = numbers.subarray(at, at + 3) as unknown as [number, number, number];
    const mask = maskOf(numbers.subarray(at + 3, at + 8), runs, from);
    from = numbers[at + 7]!;
    const found = maskOf(numbers.subarray(at + 8, at + 13), runs, from);
    from = numbers[at + 12]!;
    const shape = found.width > 0 ? { box: NO_BOX, mask: found } : undefined;
    instances.push({ classId, score, trackId, box: NO_BOX, mask, found: shape });
  }
  return { ...sizes, instances };
}

function maskOf(crop: Float64Array, runs: Int32Array, from: number): Mask {
  const [x, y, width, height, to] = crop as unknown as [number, number, number, number, number];
  return { x, y, width, height, data: NO_BITMAP, runs: runs.subarray(from, to) };
}
