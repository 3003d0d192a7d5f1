import { expectNv12Frame, expectPicture, expectRange, scaleNv12 } from '../../native/convert.js';
import type { ColorRange } from '../../vision/picture/color-range.js';
import type { Nv12Frame } from '../../vision/picture/nv12-frame.js';
import type { PictureSize } from '../../vision/picture/picture-size.js';
import type { LivePictureSize } from '../protocol/frame-format.js';
import { type FrameDraft, FrameMemory } from './frame-memory.js';
import type { MemoryOrder, MessageStart } from './thread-protocol.js';

/** What is made of a frame. */
export interface FrameRequest {
  readonly camera: number;
  /** Absent: there is no picture. */
  readonly pixels: Nv12Frame | undefined;
  readonly range: ColorRange;
  readonly size: LivePictureSize;
  readonly sequence: number;
  readonly start: MessageStart;
  /** Numbers of the pages that get the message. */
  readonly pages: readonly number[];
}

/** Width of small pictures. */
const SMALL_WIDTH = 960;
/**
 * Memories that none of so many frames has taken, of all cameras together, are forgotten: their camera has another size, or is no longer
 * watched. This is checked once for so many frames.
 */
const FRAMES_KEPT = 256;

/**
 * Memories that take cameras' frames to the thread of pages. A frame's pixels are copied at once, because the camera reuses them; those of
 * a small picture are scaled in the same step, which reads the frame once and writes less than a copy would.
 */
export class FrameMemories {
  #kept: FrameMemory[] = [];
  /** Those used since memories were last forgotten. */
  readonly #recent = new Set<FrameMemory>();
  #frames = 0;
  #next = 0;

  /**
   * @param quality of JPEG, 1 to 100
   * @param tell passes an order to the thread of pages
   */
  constructor(
    private readonly quality: number,
    private readonly tell: (order: MemoryOrder) => void,
  ) {}

  /**
   * Fills a memory that the thread knows.
   *
   * @returns the memory, which is in use until it is released
   * @throws ExpectationError for a frame that does not hold what it says
   */
  fill(request: FrameRequest, id: number, file: boolean): FrameMemory {
    const { camera, sequence, start, pages, pixels, range, size } = request;
    if (pixels) {
      expectNv12Frame('the frame', pixels);
      expectPicture('the frame', pixels);
      expectRange(range);
    }
    // Properties one by one: objects spread into others are slow to make.
    const picture = pixels && {
      size: sizeOf(pixels, size),
      range,
      quality: this.quality,
      part: size === 'small' && pixels.width > SMALL_WIDTH ? undefined : pixels.picture,
    };
    const draft: FrameDraft = { id, camera, sequence, start, picture, pages, file };
    const memory = this.#take(FrameMemory.bytesOf(draft));
    try {
      memory.write(draft);
      if (picture) scaleNv12(pixels, picture.size, memory.bytes, memory.pictureAt);
    } catch (error) {
      memory.release();
      throw error;
    }
    return memory;
  }

  /** Forgets all memories, without telling the thread, which has ended or will. */
  clear(): void {
    this.#kept = [];
    this.#recent.clear();
  }

  #take(bytes: number): FrameMemory {
    if (++this.#frames % FRAMES_KEPT === 0) this.#forget();
    let taken = this.#kept.find((memory) => !memory.used && memory.fits(bytes));
    if (!taken) {
      taken = FrameMemory.of(this.#next++, bytes);
      this.tell({ kind: 'memory', number: taken.number, memory: taken.memory });
      this.#kept.push(taken);
    }
    taken.take();
    this.#recent.add(taken);
    return taken;
  }

  #forget(): void {
    const recent = this.#kept.filter((memory) => memory.used || this.#recent.has(memory));
    for (const memory of this.#kept)
      if (!recent.includes(memory)) this.tell({ kind: 'memory', number: memory.number, memory: undefined });
    this.#kept = recent;
    this.#recent.clear();
  }
}

/** The size of a frame's picture: that of the frame, unless it is to be small, and is not. */
function sizeOf({ width, height }: Nv12Frame, size: LivePictureSize): PictureSize {
  if (size === 'full' || width <= SMALL_WIDTH) return { width, height };
  return { width: SMALL_WIDTH, height: Math.max(2, 2 * Math.round((height * SMALL_WIDTH) / width / 2)) };
}
