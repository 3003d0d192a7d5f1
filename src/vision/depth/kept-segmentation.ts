import { DecodedMasks } from '../mask/decoded-mask.js';
import { MaskRuns } from '../mask/runs.js';
import type { Box, EndedTrack, Instance, Segmentation } from '../mask/segmentation.js';

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
  readonly #runs = new MaskRuns();
  #edges = new Int32Array(1 << 12);

  copy(segmentation: Segmentation): this {
    const { instances } = segmentation;
    this.width = segmentation.width;
    this.height = segmentation.height;
    this.maskWidth = segmentation.maskWidth;
    this.maskHeight = segmentation.maskHeight;
    this.ended = segmentation.ended;
    let used = 0;
    for (const { mask } of instances) {
      this.#runs.read(mask);
      used += 2 * this.#runs.count;
    }
    if (this.#edges.length < used) this.#edges = new Int32Array(2 * used);
    this.instances.length = 0;
    let from = 0;
    for (let i = 0; i < instances.length; i++) {
      const { classId, score, box, mask, trackId } = instances[i]!;
      this.#runs.read(mask);
      const to = from + 2 * this.#runs.count;
      const runs = this.#edges.subarray(from, to);
      runs.set(this.#runs.runs);
      from = to;
      const kept = this.#masks.at(i);
      kept.set(mask.x, mask.y, mask.width, mask.height, runs);
      const own = (this.#spare[i] ??= {
        ...{ classId, score, trackId },
        box: { x1: 0, y1: 0, x2: 0, y2: 0 },
        mask: kept.mask,
      });
      own.classId = classId;
      own.score = score;
      own.trackId = trackId;
      own.box.x1 = box.x1;
      own.box.y1 = box.y1;
      own.box.x2 = box.x2;
      own.box.y2 = box.y2;
      this.instances.push(own);
    }
    this.#masks.end(instances.length);
    return this;
  }

  /** As numbers, to be posted to another thread: a copy of its own. */
  pack(): PackedSegmentation {
    const { width, height, maskWidth, maskHeight, instances } = this;
    const numbers = new Float64Array(NUMBERS * instances.length);
    let used = 0;
    for (let i = 0; i < instances.length; i++) {
      const { classId, score, trackId, mask } = instances[i]!;
      const values = [classId, score, trackId ?? 0, mask.x, mask.y, mask.width, mask.height];
      used += mask.runs!.length;
      numbers.set(values, NUMBERS * i);
      numbers[NUMBERS * i + values.length] = used;
    }
    return { width, height, maskWidth, maskHeight, numbers, runs: this.#edges.slice(0, used) };
  }
}

/** Of an instance: class, score, id, crop of the mask, one past its last run. */
const NUMBERS = 8;

/** The instances of a frame without boxes, in typed arrays. */
export interface PackedSegmentation extends Omit<Segmentation, 'instances' | 'ended' | 'region'> {
  readonly numbers: Float64Array;
  readonly runs: Int32Array;
}

const NO_BOX: Box = { x1: 0, y1: 0, x2: 0, y2: 0 };
const NO_BITMAP = new Uint8Array(0);

/** Inverse of KeptSegmentation.pack(), as far as depth needs it: masks have runs, no bitmaps, and there are no boxes. */
export function unpackSegmentation({ numbers, runs, ...sizes }: PackedSegmentation): Segmentation {
  const instances: Instance[] = [];
  let from = 0;
  for (let at = 0; at < numbers.length; at += NUMBERS) {
    const [classId, score, trackId, x, y, width, height, to] = numbers.subarray(
      at,
      at + NUMBERS,
    ) as unknown as [...[number, number, number, number], ...[number, number, number, number]];
    const mask = { x, y, width, height, data: NO_BITMAP, runs: runs.subarray(from, to) };
    instances.push({ classId, score, trackId, box: NO_BOX, mask });
    from = to;
  }
  return { ...sizes, instances };
}
