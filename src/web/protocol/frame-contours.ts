import { nativeKernels } from '../../native/kernels.js';
import { type Outlines, OutlineTracer } from '../../vision/mask/outlines.js';
import { MaskRuns } from '../../vision/mask/runs.js';
import type { Instance, Segmentation } from '../../vision/mask/segmentation.js';
import { HEADER, HEADER_BYTES, HOLE_BIT, INSTANCE, INSTANCE_BYTES } from './frame-format.js';

/** Numbers before the masks: width and height of the picture, and of the masks' grid. */
const SIZES = 4;
/** Numbers before the runs of a mask: x, y, width, height, and how many numbers make up its runs. */
const PLACE = 5;
/** Most contours of an instance that a message can count. */
const MOST = 0xffff;
const NO_CELLS = new Uint8Array(0);

/** The masks of a frame as numbers, which can be sent to another thread. */
export class MaskPacker {
  readonly #runs = new MaskRuns();

  /** @returns new numbers */
  pack({ width, height, maskWidth, maskHeight, instances }: Segmentation): Int32Array {
    let length = SIZES;
    for (const { mask } of instances) length += PLACE + this.#runsOf(mask).length;
    const numbers = new Int32Array(length);
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
    return numbers;
  }

  #runsOf(mask: Instance['mask']): Int32Array {
    this.#runs.read(mask);
    return this.#runs.runs;
  }
}

/** Adds contours to frames. Keeps its memory from frame to frame. */
export class ContourWriter {
  readonly #tracer = new OutlineTracer(nativeKernels());

  /**
   * @param frame of writeFrame(), without contours
   * @param masks of MaskPacker.pack(), of the same frame
   * @param tolerance of the contours, in pixels of the picture
   * @returns new bytes
   */
  add(frame: Uint8Array, masks: Int32Array, tolerance: number): Uint8Array {
    return withContours(frame, this.#tracer.trace(unpacked(masks), { tolerance }));
  }
}

/** As much of a segmentation as contours need. */
function unpacked(numbers: Int32Array): Segmentation {
  const [width, height, maskWidth, maskHeight] = numbers as unknown as [number, number, number, number];
  const instances: Instance[] = [];
  for (let at = SIZES; at < numbers.length;) {
    const start = at + PLACE;
    const end = start + numbers[at + 4]!;
    const mask = {
      ...{ x: numbers[at]!, y: numbers[at + 1]!, width: numbers[at + 2]!, height: numbers[at + 3]! },
      ...{ data: NO_CELLS, runs: numbers.subarray(start, end) },
    };
    instances.push({ classId: 0, score: 0, box: { x1: 0, y1: 0, x2: 0, y2: 0 }, mask });
    at = end;
  }
  return { width, height, maskWidth, maskHeight, instances };
}

/**
 * A frame with the contours of its instances, each behind its instance.
 *
 * @param frame of writeFrame()
 */
export function withContours(frame: Uint8Array, outlines: Outlines): Uint8Array {
  const { points, ends, holes, instanceEnds } = outlines;
  const old = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const count = old.getUint16(HEADER.instances, true);
  const zonesFrom = old.getUint32(HEADER.zonesAt, true);
  const contours = count === 0 ? 0 : instanceEnds[count - 1]!;
  const numbers = contours === 0 ? 0 : ends[contours - 1]!;
  const zonesAt = (HEADER_BYTES + count * INSTANCE_BYTES + contours * 4 + numbers * 2 + 3) & ~3;
  const length = zonesAt + frame.length - zonesFrom;
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  bytes.set(frame.subarray(0, HEADER_BYTES));
  view.setUint32(HEADER.picture, length, true);
  view.setUint32(HEADER.zonesAt, zonesAt, true);
  let from = HEADER_BYTES;
  let at = HEADER_BYTES;
  let contour = 0;
  let point = 0;
  for (let i = 0; i < count; i++) {
    const end = Math.min(instanceEnds[i]!, contour + MOST);
    bytes.set(frame.subarray(from, from + INSTANCE_BYTES), at);
    view.setUint16(at + INSTANCE.contours, end - contour, true);
    from += INSTANCE_BYTES;
    at += INSTANCE_BYTES;
    for (; contour < end; contour++) {
      const last = ends[contour]!;
      view.setUint32(at, (((last - point) / 2) | (holes[contour] === 1 ? HOLE_BIT : 0)) >>> 0, true);
      at += 4;
      for (; point < last; point++, at += 2) view.setUint16(at, points[point]!, true);
    }
    // Skips the contours beyond the most that a message can count.
    if (contour < instanceEnds[i]!) {
      contour = instanceEnds[i]!;
      point = ends[contour - 1]!;
    }
  }
  bytes.set(frame.subarray(zonesFrom), zonesAt);
  return bytes;
}
