import type { HeadBlock } from '../tensor/kernels.js';
import { channelScales } from './dequantize.js';
import { headBlock } from './head-block.js';
import type { HeadLayout } from './head-layout.js';
import type { DecodeSettings } from './options.js';
import type { Selection } from './selection.js';

/**
 * Decoding steps that an engine may run before JavaScript is notified of a frame, for one version of the options: search the class values,
 * decode boxes, drop those that overlap, combine prototypes. Only numbers, for native code (native/decode/ahead.h).
 */
export interface AheadPlan {
  /** Version of these options; unique in the process. */
  readonly version: number;
  /**
   * Version of this format; bins, maximum of detections, 1 for masks, stride and output of the prototypes, number of levels. Then for each level its
   * stride and the outputs of classes, boxes and coefficients.
   */
  readonly numbers: Int32Array;
  /** The prototypes; then classes, boxes and coefficients of each level. */
  readonly heads: readonly HeadBlock[];
  /** Lowest class value of each class, and the lowest of these. */
  readonly limits: Float64Array;
  readonly lowest: number;
  /** 1 for no suppression. */
  readonly iou: number;
}

/** Of AheadPlan.numbers. */
const PLAN_VERSION = 1;
/** Maximum number of DFL bins that native code supports. */
const MOST_BINS = 64;

let plans = 0;

/** @returns undefined for networks that decode their heads themselves, because little is left to do */
export function aheadPlan(layout: HeadLayout, settings: DecodeSettings): AheadPlan | undefined {
  const { form, levels, proto, protoStride, regMax } = layout;
  if (form !== 'heads' || regMax > MOST_BINS || !Number.isInteger(protoStride)) return undefined;
  const { maxDetections, masks, classLimits, lowestLimit, iou } = settings;
  plans = (plans + 1) & 0x7fffffff || 1;
  return {
    version: plans,
    numbers: Int32Array.of(
      ...[
        PLAN_VERSION,
        regMax,
        maxDetections,
        masks === 'none' ? 0 : 1,
        protoStride,
        proto.output,
        levels.length,
      ],
      ...levels.flatMap(({ stride, class: classes, box, coefficient }) => [
        ...[stride, classes.output, box.output, coefficient!.output],
      ]),
    ),
    heads: [proto, ...levels.flatMap((level) => [level.class, level.box, level.coefficient!])].map((head) =>
      headBlock(head, channelScales(head)),
    ),
    ...{ limits: classLimits, lowest: lowestLimit, iou },
  };
}

/** Numbers before the instances, of each instance, and before the sums: Found in native/decode/ahead.h. */
const RECORDS = 8;
const RECORD_LENGTH = 16;
const MOST_INSTANCES = 512;
const SUMS = RECORDS + RECORD_LENGTH * MOST_INSTANCES;

/** The results of a plan for a frame, in the engine's memory: valid as long as the frame's tensors. */
export class Ahead implements Selection {
  readonly #numbers: Int32Array;
  readonly #floats: Float32Array;

  constructor(buffer: ArrayBuffer) {
    this.#numbers = new Int32Array(buffer);
    this.#floats = new Float32Array(buffer);
  }

  /** Version of the plan that was used; 0: none. */
  get version(): number {
    return this.#numbers[0]!;
  }

  /** Instances, best first. */
  get count(): number {
    return this.#numbers[1]!;
  }

  /** Time that it took, in milliseconds. */
  get milliseconds(): number {
    return this.#floats[2]!;
  }

  classId(instance: number): number {
    return this.#numbers[RECORDS + RECORD_LENGTH * instance]!;
  }

  level(instance: number): number {
    return this.#numbers[RECORDS + RECORD_LENGTH * instance + 1]!;
  }

  cell(instance: number): number {
    return this.#numbers[RECORDS + RECORD_LENGTH * instance + 2]!;
  }

  /** Whether all its coefficients are finite numbers. */
  finite(instance: number): boolean {
    return this.#numbers[RECORDS + RECORD_LENGTH * instance + 3] !== 0;
  }

  /** The prototypes that were combined. @returns where their sums begin in `sums`, -1 if there are none */
  area(
    instance: number,
    area: { firstColumn: number; lastColumn: number; firstRow: number; lastRow: number },
  ): number {
    const at = RECORDS + RECORD_LENGTH * instance + 4;
    const numbers = this.#numbers;
    area.firstColumn = numbers[at]!;
    area.lastColumn = numbers[at + 1]!;
    area.firstRow = numbers[at + 2]!;
    area.lastRow = numbers[at + 3]!;
    return numbers[at + 4]!;
  }

  /** The model's value: a logit. */
  score(instance: number): number {
    return this.#floats[RECORDS + RECORD_LENGTH * instance + 9]!;
  }

  /** A corner of its box in model pixels: 0 to 3 for x1, y1, x2, y2. */
  corner(instance: number, side: 0 | 1 | 2 | 3): number {
    return this.#floats[RECORDS + RECORD_LENGTH * instance + 10 + side]!;
  }

  /** @param from returned by area() */
  sums(from: number, count: number): Float32Array {
    return this.#floats.subarray(SUMS + from, SUMS + from + count);
  }
}
