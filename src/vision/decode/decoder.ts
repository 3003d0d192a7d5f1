import { ExpectationError } from '../../base/expect.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Letterbox } from '../picture/letterbox.js';
import type { PictureSize } from '../picture/picture-size.js';
import { type Ahead, type AheadPlan, aheadPlan } from './ahead.js';
import { type DecodedMask, DecodedMasks } from '../mask/decoded-mask.js';
import { type ChannelScales, channelScales, readChannels } from './dequantize.js';
import { cellOffset, type HeadLayout, scoresAreLogits } from './head-layout.js';
import type { Kernels } from '../tensor/kernels.js';
import { MaskBuilder } from './mask.js';
import { type MaskGrid, maskGrid, type Placement } from './mask-grid.js';
import { type DecodeOptions, type DecodeSettings, prepareOptions, sigmoid } from './options.js';
import { Finder, type Selection } from './selection.js';
import type { Box, Instance, Segmentation } from '../mask/segmentation.js';

/** Options that a decoder is ready to take. */
export interface PreparedOptions {
  /** What its plan will be. */
  readonly plan: AheadPlan | undefined;
  /** From the next frame on it goes by these options. */
  use(): void;
}

/**
 * Head tensors in, instances out.
 *
 * One decoder is for one stream of frames of one model. All its memory is allocated at construction or grows to the largest
 * frame seen, and the result of decode() is valid until its next call.
 */
export class Decoder {
  readonly layout: HeadLayout;
  /** Called once, when a frame contradicts the description of the model. */
  onWarning: ((text: string) => void) | undefined;
  #unknownClasses = 0;
  #settings: DecodeSettings;
  #plan: AheadPlan | undefined;
  /** Elements that each output must have. */
  readonly #extents: readonly { output: number; name: string; needed: number }[];
  readonly #finder: Finder;
  readonly #coefficientScales: (ChannelScales | undefined)[];
  readonly #coefficients: Float32Array;
  readonly #masks: MaskBuilder;
  #grid: MaskGrid | undefined;
  /** The arguments from which #grid was made. */
  readonly #gridFor = {
    ...{ masks: '', sourceWidth: 0, sourceHeight: 0, width: 0, height: 0 },
    ...{ x: 0, y: 0, wholeWidth: 0, wholeHeight: 0 },
  };
  /** Instances are created once and reused for each frame. */
  readonly #pool: Instance[] = [];
  /** The masks of the instances. */
  readonly #decodedMasks = new DecodedMasks();

  /**
   * @param kernels a faster implementation of the inner loops, from an engine (Engine.kernels); same results
   * @throws ExpectationError for options out of range and for scales that do not fit the heads
   */
  constructor(layout: HeadLayout, options: DecodeOptions = {}, kernels?: Kernels) {
    this.layout = layout;
    this.#settings = prepareOptions(options, layout);
    const heads = layout.levels.flatMap((level) => [level.class, level.box, level.coefficient ?? []].flat());
    this.#extents = [...heads, layout.proto].map(
      ({ output, info, height, width, channels, first, strideY, strideX, strideC }) => ({
        output,
        name: info.name,
        needed: (height - 1) * strideY + (width - 1) * strideX + (first + channels - 1) * strideC + 1,
      }),
    );
    this.#finder = new Finder(layout, (classId) => this.#noteUnknown(classId), kernels);
    this.#coefficientScales = layout.levels.map(
      (level) => level.coefficient && channelScales(level.coefficient),
    );
    // Of queries it stays so: each is the only prototype of its mask.
    this.#coefficients = new Float32Array(layout.coefficientCount).fill(1);
    const prototypes = { ...layout.proto, channels: layout.coefficientCount };
    this.#masks = new MaskBuilder(prototypes, channelScales(prototypes), kernels);
    this.#plan = aheadPlan(layout, this.#settings);
  }

  /** Number of rows so far that reached the threshold but have an unknown class: they are left out. */
  get unknownClasses(): number {
    return this.#unknownClasses;
  }

  #noteUnknown(classId: number): void {
    if (this.#unknownClasses++ > 0) return;
    const { classCount } = this.layout;
    this.onWarning?.(
      `The model finds class ${classId}, but knows ${classCount} classes by name, from 0 to ${classCount - 1}: others are left out. ` +
        'Give the names of all its classes (labels).',
    );
  }

  /** Replaces all options, from the next frame on. @throws ExpectationError, and keeps the old ones */
  setOptions(options: DecodeOptions): void {
    this.prepare(options).use();
  }

  /**
   * Options that are not in use yet, for those who must have prepared something else, too, before one of both changes.
   *
   * @throws ExpectationError for options out of range
   */
  prepare(options: DecodeOptions): PreparedOptions {
    const settings = prepareOptions(options, this.layout);
    const plan = aheadPlan(this.layout, settings);
    const use = (): void => {
      this.#settings = settings;
      this.#plan = plan;
    };
    return { plan, use };
  }

  /** Steps that an engine may run before frames are decoded, for the current options; undefined: none. */
  get plan(): AheadPlan | undefined {
    return this.#plan;
  }

  /**
   * @param tensors outputs in the engine's order, as described by the layout
   * @param letterbox how the frame was placed in the model's input
   * @param picture size of the picture within the frame, from its upper left corner, if it is smaller than the frame: NV12 has
   * even sizes only, so the frame of a picture of odd size has an extra column or row
   * @param place where that part lies in a larger picture: boxes and masks then refer to the larger picture. They are the
   * same to the bit as without it, moved, except masks at `proto` resolution, which lie on the larger picture's grid
   * @param ahead results of an engine; ignored unless they were made by the current plan. The instances are the same
   * @returns instances in source pixels, best first. Boxes are clipped to the part; a box completely outside of
   * it (in the padding) is left out.
   * @throws ExpectationError if a tensor is too short for its shape and stride
   */
  decode(
    tensors: readonly Tensor[],
    letterbox: Letterbox,
    picture: PictureSize = { width: letterbox.sourceWidth, height: letterbox.sourceHeight },
    place?: Placement,
    ahead?: Ahead,
  ): Segmentation {
    this.#checkTensors(tensors);
    const found = ahead && this.#plan && ahead.version === this.#plan.version ? ahead : undefined;
    if (!found) this.#finder.find(tensors, this.#settings);
    const selection: Selection = found ?? this.#finder;
    const grid = this.#gridOf(letterbox, picture, place);
    const instances: Instance[] = [];
    this.#masks.begin();
    for (let k = 0; k < selection.count; k++) {
      const instance = this.#instance(instances.length);
      if (!this.#place(selection, k, letterbox, picture, instance)) continue;
      if (
        !this.#mask(tensors, selection, k, instance.box, grid, this.#decodedMasks.at(instances.length), found)
      )
        continue;
      if (place) move(instance.box, place);
      instances.push(instance);
    }
    this.#decodedMasks.end(instances.length);
    const { width, height } = place?.picture ?? picture;
    const maskWidth = grid.x.total;
    const maskHeight = grid.y.total;
    if (!place) return { width, height, maskWidth, maskHeight, instances };
    const region = { x: place.x, y: place.y, width: picture.width, height: picture.height };
    return { width, height, maskWidth, maskHeight, instances, region };
  }

  /** The extents were determined at load. A tensor that is too short would be read as NaN, and its objects would be missing. */
  #checkTensors(tensors: readonly Tensor[]): void {
    for (const { output, name, needed } of this.#extents) {
      const length = tensors[output]?.data.length ?? 0;
      if (length < needed) {
        throw new ExpectationError(
          `at least ${needed} elements in output ${name}`,
          length,
          'The engine returned other tensors than the model described at load.',
        );
      }
    }
  }

  #gridOf(letterbox: Letterbox, picture: PictureSize, place: Placement | undefined): MaskGrid {
    const { masks } = this.#settings;
    const { sourceWidth, sourceHeight } = letterbox;
    const { width, height } = picture;
    const x = place?.x ?? 0;
    const y = place?.y ?? 0;
    const { width: wholeWidth, height: wholeHeight } = place?.picture ?? picture;
    const made = this.#gridFor;
    const same =
      made.masks === masks &&
      made.x === x &&
      made.y === y &&
      made.wholeWidth === wholeWidth &&
      made.wholeHeight === wholeHeight &&
      made.sourceWidth === sourceWidth &&
      made.sourceHeight === sourceHeight &&
      made.width === width &&
      made.height === height;
    if (!this.#grid || !same) {
      this.#grid = maskGrid(letterbox, this.layout, masks, picture, place);
      Object.assign(made, {
        ...{ masks, sourceWidth, sourceHeight, width, height },
        ...{ x, y, wholeWidth, wholeHeight },
      });
    }
    return this.#grid;
  }

  #instance(index: number): Instance {
    return (this.#pool[index] ??= {
      classId: 0,
      score: 0,
      box: { x1: 0, y1: 0, x2: 0, y2: 0 },
      mask: this.#decodedMasks.at(index).mask,
    });
  }

  /** Maps the box of an instance to the picture. @returns false if it lies completely outside */
  #place(
    found: Selection,
    k: number,
    letterbox: Letterbox,
    picture: PictureSize,
    instance: Instance,
  ): boolean {
    const { box } = instance;
    instance.classId = found.classId(k);
    const score = found.score(k);
    // Steps of a quantized output may exceed 1.
    instance.score = scoresAreLogits(this.layout.form) ? sigmoid(score) : Math.min(1, score);
    box.x1 = Math.max(0, letterbox.toSourceX(found.corner(k, 0)));
    box.y1 = Math.max(0, letterbox.toSourceY(found.corner(k, 1)));
    box.x2 = Math.min(picture.width, letterbox.toSourceX(found.corner(k, 2)));
    box.y2 = Math.min(picture.height, letterbox.toSourceY(found.corner(k, 3)));
    return box.x2 > box.x1 && box.y2 > box.y1;
  }

  /**
   * Makes the mask of an instance.
   *
   * @param ahead the part that an engine has already made
   * @returns false if a coefficient is NaN or infinite, because such a mask would be meaningless
   */
  #mask(
    tensors: readonly Tensor[],
    found: Selection,
    k: number,
    box: Box,
    grid: MaskGrid,
    mask: DecodedMask,
    ahead: Ahead | undefined,
  ): boolean {
    const none = this.#settings.masks === 'none';
    if (none) mask.clear();
    if (ahead) {
      if (!ahead.finite(k)) return false;
      if (none || this.#masks.buildAhead(ahead, k, box, grid, mask)) return true;
    }
    const index = found.level(k);
    const cell = found.cell(k);
    const head = this.layout.levels[index]!.coefficient;
    if (head) {
      const scales = this.#coefficientScales[index];
      readChannels(tensors[head.output]!, head, scales, cellOffset(head, cell), this.#coefficients);
      if (!this.#coefficients.every(Number.isFinite)) return false;
    }
    if (none) return true;
    const prototypes = tensors[this.layout.proto.output]!;
    this.#masks.build(prototypes, this.#coefficients, box, grid, mask, head ? 0 : cell);
    return true;
  }
}

function move(box: Box, { x, y }: Placement): void {
  box.x1 += x;
  box.y1 += y;
  box.x2 += x;
  box.y2 += y;
}
