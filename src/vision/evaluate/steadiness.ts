import type { Instance, Mask, Segmentation } from '../mask/segmentation.js';
import { boxArea, boxIntersection, maskArea, maskIntersection } from './overlap.js';
import type { TrackTruth } from './track-metrics.js';

/** An object with its mask, on the grid of the masks that are evaluated. */
export interface SteadyTruth extends TrackTruth {
  readonly mask: Mask;
  /** Share of it that is visible, 0 to 1. */
  readonly visible: number;
}

/** How steady reported shapes are, and how true; NaN where there was nothing. */
export interface SteadinessQuality {
  /** 1 - IoU of an object's masks, and boxes, in consecutive frames, mean: of objects that stand still, 0 is perfect. */
  readonly maskFlicker: number;
  readonly boxFlicker: number;
  /** IoU with the truth, mean. */
  readonly maskIou: number;
  readonly boxIou: number;
  /** Pixels by which boxes of moving objects are behind, mean; below 0 they are ahead. */
  readonly lag: number;
}

/** IoU of boxes from which on an instance is that object. */
const SAME = 0.5;
/** Speed in widths a second from which on an object moves, and the share of it that must be visible to say where it is. */
const MOVING = 0.3;
const WHOLE = 0.95;

/**
 * Flicker of masks and boxes: one minus temporal consistency as Liu et al. define it (Efficient Semantic Video Segmentation with Per-frame
 * Inference, ECCV 2020: mean IoU of consecutive masks after moving the earlier one along the optical flow), of objects, and
 * without a flow: of scenes in which nothing moves it is 0. An object counts in pairs of frames in which it is reported both times; so
 * gaps are no flicker.
 *
 * @example
 * const steadiness = new Steadiness();
 * for (const frame of frames) steadiness.add(frame.seconds, frame.tracked, frame.truth);
 * console.log(steadiness.evaluate().maskFlicker);
 */
export class Steadiness {
  readonly #maskFlicker = new Mean();
  readonly #boxFlicker = new Mean();
  readonly #maskIou = new Mean();
  readonly #boxIou = new Mean();
  readonly #lag = new Mean();
  /** By the id of the object: copies of what was reported, and where the object was. */
  #before = new Map<number, Before>();

  /** @param seconds when the frame was taken */
  add(seconds: number, { instances }: Pick<Segmentation, 'instances'>, truth: readonly SteadyTruth[]): void {
    const now = new Map<number, Before>();
    const taken = new Set<Instance>();
    for (const object of truth) {
      if (object.ignore) continue;
      const instance = best(object, instances, taken);
      if (instance) taken.add(instance);
      const before = this.#before.get(object.trackId);
      if (instance) {
        this.#maskIou.add(maskIou(instance.mask, object.mask));
        this.#boxIou.add(boxIou(instance, object));
        if (before?.instance) {
          this.#maskFlicker.add(1 - maskIou(instance.mask, before.instance.mask));
          this.#boxFlicker.add(1 - boxIou(instance, before.instance));
        }
        if (before) this.#addLag(instance, object, before.truth, seconds - before.seconds);
      }
      now.set(object.trackId, { instance: instance && copyOf(instance), truth: object, seconds });
    }
    this.#before = now;
  }

  /** What comes next is another scene. */
  end(): void {
    this.#before.clear();
  }

  /** How far its center is behind, along its motion. */
  #addLag(instance: Instance, object: SteadyTruth, before: SteadyTruth, seconds: number): void {
    if (object.visible < WHOLE || before.visible < WHOLE) return;
    const [x, y] = centerOf(object);
    const [x0, y0] = centerOf(before);
    const way = Math.hypot(x - x0, y - y0);
    if (way < MOVING * (object.box.x2 - object.box.x1) * seconds) return;
    const [foundX, foundY] = centerOf(instance);
    this.#lag.add(((x - foundX) * (x - x0) + (y - foundY) * (y - y0)) / way);
  }

  /** Of everything added so far. */
  evaluate(): SteadinessQuality {
    return {
      maskFlicker: this.#maskFlicker.value,
      boxFlicker: this.#boxFlicker.value,
      maskIou: this.#maskIou.value,
      boxIou: this.#boxIou.value,
      lag: this.#lag.value,
    };
  }
}

interface Before {
  readonly instance: Instance | undefined;
  readonly truth: SteadyTruth;
  readonly seconds: number;
}

class Mean {
  #sum = 0;
  #count = 0;

  add(value: number): void {
    this.#sum += value;
    this.#count++;
  }

  get value(): number {
    return this.#sum / this.#count;
  }
}

/** The instance that is the object: the one of its class that overlaps it most. */
function best(
  object: SteadyTruth,
  instances: readonly Instance[],
  taken: ReadonlySet<Instance>,
): Instance | undefined {
  let [found, most]: [Instance | undefined, number] = [undefined, SAME];
  for (const instance of instances) {
    if (instance.classId !== object.classId || taken.has(instance)) continue;
    const overlap = boxIou(instance, object);
    if (overlap >= most) [found, most] = [instance, overlap];
  }
  return found;
}

function boxIou({ box: a }: Pick<Instance, 'box'>, { box: b }: Pick<Instance, 'box'>): number {
  const shared = boxIntersection(a, b);
  return shared === 0 ? 0 : shared / (boxArea(a) + boxArea(b) - shared);
}

/** 1 where both are empty. */
function maskIou(a: Mask, b: Mask): number {
  const shared = maskIntersection(a, b);
  const all = maskArea(a) + maskArea(b) - shared;
  return all === 0 ? 1 : shared / all;
}

/** The decoder and the tracker use their memory again. */
function copyOf({ mask, box, ...rest }: Instance): Instance {
  const { x, y, width, height, data } = mask;
  return { ...rest, box: { ...box }, mask: { x, y, width, height, data: Uint8Array.from(data) } };
}

function centerOf({ box: { x1, y1, x2, y2 } }: Pick<Instance, 'box'>): [number, number] {
  return [(x1 + x2) / 2, (y1 + y2) / 2];
}
