import type { Vector } from '../../vision/depth/objects-in-space.js';
import { rotate } from '../../vision/depth/rigid-transform.js';
import { isTransform } from '../../vision/depth/transform-buffer.js';
import { stampToNanoseconds, type Stamp } from '../../vision/picture/frame-source.js';
import type { TransformFeed } from './transform-feed.js';

/** The direction against gravity in a depth camera's frame: the z axis of a frame of tf (parameter `depth_up_frame`). */
export class UpDirection {
  #vector: Vector | undefined;
  /** Whether a picture has waited in vain: later ones do not wait. */
  #missed = false;

  /** @param upFrame '': the camera is level, and nothing is looked up */
  constructor(
    private readonly upFrame: string,
    private readonly transforms: TransformFeed,
    private readonly warn: (text: string) => void,
  ) {}

  /** The last that was found, of length 1; undefined: take the camera as level. */
  get vector(): Vector | undefined {
    return this.#vector;
  }

  /**
   * Looks for the direction at a picture's stamp. Without one, the one before holds; without any, pictures wait, once: the first lookup
   * subscribes to tf, so it never finds anything.
   *
   * @param over whether the picture can wait no longer
   * @returns whether to go on; false: try again with the next transforms
   */
  find({ frameId, stamp }: { readonly frameId: string; readonly stamp: Stamp }, over: boolean): boolean {
    if (this.upFrame === '') return true;
    const found = this.transforms.lookup(frameId, this.upFrame, stampToNanoseconds(stamp));
    if (isTransform(found)) {
      const [x, y, z] = rotate(found, 0, 0, 1);
      this.#vector = { x, y, z };
    } else if (!this.#vector) {
      if (found.later && !over && !this.#missed) return false;
      this.#missed = true;
      this.warn(`Boxes stand as if the depth camera were level: ${found.missing} is missing.`);
    }
    return true;
  }
}
