import { COLOR_RANGES } from '../../vision/picture/color-range.js';
import { nv12Size } from '../../vision/picture/nv12-frame.js';
import type { PictureSize } from '../../vision/picture/picture-size.js';
import type { FrameOrder, PictureOrder } from './thread-protocol.js';

/**
 * Places of numbers of four bytes. Those of masks follow, then those of pages, then the bytes of message and picture. V8 copies eight
 * bytes at once to shared memory if both sides begin at a multiple of eight, else one.
 */
const AT = {
  used: 0,
  id: 1,
  camera: 2,
  sequence: 3,
  file: 4,
  /** Of the picture; 0: there is none. */
  width: 5,
  height: 6,
  /** Of the part that is shown; 0: all of it. */
  partWidth: 7,
  partHeight: 8,
  range: 9,
  quality: 10,
  /** How many numbers and bytes follow. */
  masks: 11,
  pages: 12,
  message: 13,
} as const;
/** Place of the tolerance, which has eight bytes, and the place behind it. */
const TOLERANCE_AT = 7;
const HEADER = 16;

/** The least size of memory, and the least step between sizes. */
const LEAST = 65_536;

/** The order for a frame, before its pixels are there. */
export interface FrameDraft extends Omit<FrameOrder, 'picture'> {
  readonly picture: PictureDraft | undefined;
}

interface PictureDraft extends Omit<PictureOrder, 'frame'> {
  /** Of the picture in the memory. */
  readonly size: PictureSize;
  /** What is shown of it, if that is smaller. */
  readonly part: PictureSize | undefined;
}

/**
 * Shared memory with all that the thread of pages needs to know of a frame, used again for later ones. To receive a number, which says
 * which memory, costs that thread a third of what it costs to receive objects.
 *
 *     memory.take();
 *     memory.write(draft);
 *     scaleNv12(frame, draft.picture.size, memory.bytes, memory.pictureAt);
 *     worker.postMessage(memory.number);
 *
 *     const order = memory.read(); // on the other thread
 *     memory.release();
 */
export class FrameMemory {
  readonly bytes: Uint8Array;
  readonly #numbers: Int32Array;
  readonly #tolerance: Float64Array;

  /** @param number by which both threads know it */
  constructor(
    readonly number: number,
    readonly memory: SharedArrayBuffer,
  ) {
    this.bytes = new Uint8Array(memory);
    this.#numbers = new Int32Array(memory);
    this.#tolerance = new Float64Array(memory, 8 * TOLERANCE_AT, 1);
  }

  /** Memory larger than needed by up to a quarter, or 64 KiB, so that there are few sizes of it. @param bytes of bytesOf() */
  static of(number: number, bytes: number): FrameMemory {
    const step = Math.max(LEAST, 2 ** Math.floor(Math.log2(bytes) - 2));
    return new FrameMemory(number, new SharedArrayBuffer(step * Math.ceil(bytes / step)));
  }

  /** Bytes that a frame needs. */
  static bytesOf({ pages, start, picture }: FrameDraft): number {
    return (
      align(align(4 * (HEADER + pages.length + (start.masks?.length ?? 0))) + start.frame.length) +
      (picture ? nv12Size(picture.size.width, picture.size.height) : 0)
    );
  }

  /** Whether it is large enough for so many bytes, and not far too large. */
  fits(bytes: number): boolean {
    const { byteLength } = this.memory;
    return bytes <= byteLength && byteLength <= 2 * bytes + 2 * LEAST;
  }

  get used(): boolean {
    return Atomics.load(this.#numbers, AT.used) === 1;
  }

  take(): void {
    Atomics.store(this.#numbers, AT.used, 1);
  }

  /** The other thread does not read it any more. */
  release(): void {
    Atomics.store(this.#numbers, AT.used, 0);
  }

  /** Where the picture begins, as packed NV12. */
  get pictureAt(): number {
    return align(this.#messageAt + this.#numbers[AT.message]!);
  }

  /** Writes all but the pixels of the picture. @param draft of which bytesOf() fits */
  write({ id, camera, sequence, start, picture, pages, file }: FrameDraft): void {
    const numbers = this.#numbers;
    const { frame, masks, tolerance } = start;
    numbers[AT.id] = id;
    numbers[AT.camera] = camera;
    numbers[AT.sequence] = sequence;
    numbers[AT.file] = file ? 1 : 0;
    numbers[AT.width] = picture?.size.width ?? 0;
    numbers[AT.height] = picture?.size.height ?? 0;
    numbers[AT.partWidth] = picture?.part?.width ?? 0;
    numbers[AT.partHeight] = picture?.part?.height ?? 0;
    numbers[AT.range] = picture ? COLOR_RANGES.indexOf(picture.range) : 0;
    numbers[AT.quality] = picture?.quality ?? 0;
    numbers[AT.masks] = masks?.length ?? 0;
    numbers[AT.pages] = pages.length;
    numbers[AT.message] = frame.length;
    this.#tolerance[0] = tolerance;
    if (masks) numbers.set(masks, HEADER);
    const pagesAt = HEADER + (masks?.length ?? 0);
    for (let i = 0; i < pages.length; i++) numbers[pagesAt + i] = pages[i]!;
    this.bytes.set(frame, this.#messageAt);
  }

  /** @returns the order, whose arrays are views that are valid until the memory is released */
  read(): FrameOrder {
    const numbers = this.#numbers;
    const pagesAt = HEADER + numbers[AT.masks]!;
    const pages = numbers.subarray(pagesAt, pagesAt + numbers[AT.pages]!);
    const messageAt = this.#messageAt;
    return {
      id: numbers[AT.id]! >>> 0,
      camera: numbers[AT.camera]!,
      sequence: numbers[AT.sequence]! >>> 0,
      start: {
        frame: this.bytes.subarray(messageAt, messageAt + numbers[AT.message]!),
        masks: pagesAt === HEADER ? undefined : numbers.subarray(HEADER, pagesAt),
        tolerance: this.#tolerance[0]!,
      },
      picture: numbers[AT.width] === 0 ? undefined : this.#picture(),
      pages: Array.from(pages, (page) => page >>> 0),
      file: numbers[AT.file] === 1,
    };
  }

  #picture(): PictureOrder {
    const numbers = this.#numbers;
    const width = numbers[AT.width]!;
    const height = numbers[AT.height]!;
    const part = { width: numbers[AT.partWidth]!, height: numbers[AT.partHeight]! };
    const lumaOffset = this.pictureAt;
    return {
      frame: {
        data: this.bytes,
        width,
        height,
        lumaStride: width,
        chromaStride: width,
        lumaOffset,
        chromaOffset: lumaOffset + width * height,
        picture: part.width === 0 ? undefined : part,
      },
      range: COLOR_RANGES[numbers[AT.range]!]!,
      quality: numbers[AT.quality]!,
    };
  }

  get #messageAt(): number {
    return align(4 * (HEADER + this.#numbers[AT.masks]! + this.#numbers[AT.pages]!));
  }
}

/** The next multiple of 16. */
function align(bytes: number): number {
  return (bytes + 15) & ~15;
}
