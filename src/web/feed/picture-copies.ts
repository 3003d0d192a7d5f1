import { expectNv12Frame, letterboxNv12 } from '../../native/convert.js';
import type { ColorRange } from '../../vision/picture/color-range.js';
import { Letterbox } from '../../vision/picture/letterbox.js';
import { nv12Frame, type Nv12Frame, nv12Size } from '../../vision/picture/nv12-frame.js';
import type { PictureSize } from '../../vision/picture/picture-size.js';
import type { LivePictureSize } from '../protocol/frame-format.js';
import { PictureMemory } from './shared-state.js';
import type { PictureOrder } from './thread-protocol.js';

/** Width of small pictures. */
const SMALL_WIDTH = 960;
/** Memories kept for the next pictures. */
const MOST_KEPT = 4;

/** A copy of a picture. */
export interface PictureCopy {
  readonly memory: PictureMemory;
  readonly order: PictureOrder;
}

/** Copies of cameras' frames for the thread of pages. The frame is copied at once, because the camera reuses its bytes. */
export class PictureCopies {
  #kept: PictureMemory[] = [];

  /** @param quality of JPEG, 1 to 100 */
  constructor(private readonly quality: number) {}

  /**
   * @returns the copy, whose memory is in use until it is released
   * @throws ExpectationError for a frame that does not hold what it says
   */
  copy(frame: Nv12Frame, range: ColorRange, size: LivePictureSize): PictureCopy {
    expectNv12Frame('the frame', frame);
    const scaled = size === 'small' ? smallSize(frame) : undefined;
    // Scaling a large picture reads only a part of it, and writes less than a copy would.
    const here = scaled !== undefined && frame.height > 2 * scaled.height;
    const { width, height } = here ? scaled : frame;
    const kept = this.#take(nv12Size(width, height));
    const { memory } = kept;
    try {
      // Of the same size, it is copied: V8 copies to shared memory in steps of eight bytes only.
      const letterbox = new Letterbox(frame.width, frame.height, width, height, 'stretch');
      letterboxNv12(frame, letterbox, nv12Frame(new Uint8Array(memory), { width, height }));
    } catch (error) {
      kept.release();
      throw error;
    }
    // Properties one by one: objects spread into others are slow to make.
    const order = {
      memory,
      width,
      height,
      range,
      quality: this.quality,
      scaled: here ? undefined : scaled,
      part: scaled ? undefined : frame.picture,
    };
    return { memory: kept, order };
  }

  /** Forgets all memory: nothing is to be copied for a while, or the thread that used it has ended. */
  clear(): void {
    this.#kept = [];
  }

  #take(bytes: number): PictureMemory {
    let taken = this.#kept.find((memory) => !memory.used && memory.holds(bytes));
    if (!taken) {
      taken = PictureMemory.of(bytes);
      this.#kept.push(taken);
      // The oldest may have the size of a camera that is no longer watched.
      if (this.#kept.length > MOST_KEPT) this.#kept.shift();
    }
    taken.take();
    return taken;
  }
}

/** The size of a frame's small picture; undefined if it is not larger than that anyway. */
function smallSize({ width, height }: PictureSize): PictureSize | undefined {
  if (width <= SMALL_WIDTH) return undefined;
  return { width: SMALL_WIDTH, height: Math.max(2, 2 * Math.round((height * SMALL_WIDTH) / width / 2)) };
}
