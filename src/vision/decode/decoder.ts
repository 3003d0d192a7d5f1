import { ExpectationError } from '../../base/expect.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Letterbox } from '../picture/letterbox.js';
import type { PictureSize } from '../picture/picture-size.js';
import { CandidateBoxes, LevelBoxes } from './box.js';
import { DecodedMasks } from '../mask/decoded-mask.js';
import { type ChannelScales, channelScales, readChannels } from './dequantize.js';
import { cellOffset, type HeadLayout } from './head-layout.js';
import type { Kernels } from '../tensor/kernels.js';
import { MaskBuilder } from './mask.js';
import { type MaskGrid, maskGrid, type Placement } from './mask-grid.js';
import { NonMaximumSuppression } from './nms.js';
import { type DecodeOptions, type DecodeSettings, prepareOptions, sigmoid } from './options.js';
import { Candidates, type Scanner } from './scan.js';
import { scannerFor } from './scanner.js';
import type { Box, Instance, Segmentation } from '../mask/segmentation.js';

/**
 * Head tensors in, instances out.
 *
 * One decoder serves one stream of frames of one model: all its memory is allocated at construction or grows to the largest
 * frame seen, and what decode() returns stays valid until its next call.
 */
export class Decoder {
  readonly layout: HeadLayout;
  /** Called once, when a frame shows that the model is not what it was said to be. */
  onWarning: ((text: string) => void) | undefined;
  #unknownClasses = 0;
  #settings: DecodeSettings;
  /** Elements that each output must have. */
  readonly #extents: readonly { output: number; name: string; needed: number }[];
  readonly #scanners: readonly Scanner[];
  readonly #levelBoxes: readonly LevelBoxes[];
  readonly #coefficientScales: (ChannelScales | undefined)[];
  readonly #candidates: Candidates;
  readonly #boxes: CandidateBoxes;
  readonly #valid: Uint8Array;
  readonly #nms: NonMaximumSuppression;
  readonly #coefficients: Float32Array;
  readonly #masks: MaskBuilder;
  #grid: MaskGrid | undefined;
  /** What #grid was made for. */
  readonly #gridFor = {
    ...{ masks: '', sourceWidth: 0, sourceHeight: 0, width: 0, height: 0 },
    ...{ x: 0, y: 0, wholeWidth: 0, wholeHeight: 0 },
  };
  /** Instances are made once and filled again for each frame. */
  readonly #pool: Instance[] = [];
  /** The masks of those. */
  readonly #decodedMasks = new DecodedMasks();

  /**
   * @param kernels a faster form of the inner loops, as an engine has it (Engine.kernels); same results
   * @throws ExpectationError for options out of range and for scales that do not fit the heads
   */
  constructor(layout: HeadLayout, options: DecodeOptions = {}, kernels?: Kernels) {
    this.layout = layout;
    this.#settings = prepareOptions(options, layout);
    const heads = layout.levels.flatMap((level) => [level.class, level.box, level.coefficient]);
    this.#extents = [...heads, layout.proto].map(
      ({ output, info, height, width, channels, first, strideY, strideX, strideC }) => ({
        output,
        name: info.name,
        needed: (height - 1) * strideY + (width - 1) * strideX + (first + channels - 1) * strideC + 1,
      }),
    );
    this.#scanners = layout.levels.map((_, index) =>
      scannerFor(layout, index, (classId) => this.#noteUnknown(classId), kernels),
    );
    this.#levelBoxes = layout.levels.map((level) => new LevelBoxes(layout, level, kernels));
    this.#coefficientScales = layout.levels.map((level) => channelScales(level.coefficient));
    const cells = layout.levels.reduce((sum, { class: head }) => sum + head.width * head.height, 0);
    this.#candidates = new Candidates(cells);
    this.#boxes = new CandidateBoxes(cells);
    this.#valid = new Uint8Array(cells);
    this.#nms = new NonMaximumSuppression(cells);
    this.#coefficients = new Float32Array(layout.coefficientCount);
    this.#masks = new MaskBuilder(layout.proto, channelScales(layout.proto), kernels);
  }

  /** Rows so far that were certain enough, but of a class that is not known: they are left out. */
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
    this.#settings = prepareOptions(options, this.layout);
  }

  /**
   * @param tensors outputs in the engine's order, as described by the layout
   * @param letterbox how the frame was laid into the model's input
   * @param picture the part of the frame that is picture, from its upper left corner, where that is not all of it: NV12 has
   * even sizes only, so a picture of odd size has a column or row that is not its own
   * @param place where that part lies in a larger picture: boxes and masks are those of the larger one then. They are the
   * same to the bit as without, moved; but masks at `proto` resolution, which lie on the larger picture's grid
   * @returns instances in source pixels, best first. Boxes are clipped to the part; one that lies wholly outside of
   * it (in the padding) is left out.
   * @throws ExpectationError when a tensor is shorter than its shape and stride say
   */
  decode(
    tensors: readonly Tensor[],
    letterbox: Letterbox,
    picture: PictureSize = { width: letterbox.sourceWidth, height: letterbox.sourceHeight },
    place?: Placement,
  ): Segmentation {
    const { levels, proto } = this.layout;
    const { classLimits, lowestLimit, iou, maxDetections, masks } = this.#settings;
    this.#checkTensors(tensors);

    const candidates = this.#candidates;
    candidates.count = 0;
    for (let index = 0; index < levels.length; index++) {
      const level = levels[index]!;
      const from = candidates.count;
      this.#scanners[index]!.scan(tensors[level.class.output]!, classLimits, lowestLimit, candidates);
      const tensor = tensors[level.box.output]!;
      this.#levelBoxes[index]!.decode(
        tensor,
        candidates.cell,
        from,
        candidates.count,
        this.#boxes,
        this.#valid,
      );
    }
    const kept = this.#nms.run(candidates, this.#boxes, this.#valid, iou, maxDetections);

    const grid = this.#gridOf(letterbox, picture, place);
    const instances: Instance[] = [];
    this.#masks.begin();
    for (let k = 0; k < kept; k++) {
      const instance = this.#instance(instances.length);
      const i = this.#nms.kept[k]!;
      if (!this.#place(i, letterbox, picture, instance) || !this.#readCoefficients(tensors, i)) continue;
      const mask = this.#decodedMasks.at(instances.length);
      if (masks === 'none') mask.clear();
      else this.#masks.build(tensors[proto.output]!, this.#coefficients, instance.box, grid, mask);
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

  /** The extents were settled at load; a tensor that is too short for them would read as NaN and hide its objects. */
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

  /** Maps the box of candidate i to the picture. @returns false when nothing of it is left there */
  #place(i: number, letterbox: Letterbox, picture: PictureSize, instance: Instance): boolean {
    const { box } = instance;
    instance.classId = this.#candidates.classId[i]!;
    const score = this.#candidates.score[i]!;
    // Steps of a quantized output may pass 1.
    instance.score = this.layout.form === 'heads' ? sigmoid(score) : Math.min(1, score);
    box.x1 = Math.max(0, letterbox.toSourceX(this.#boxes.x1[i]!));
    box.y1 = Math.max(0, letterbox.toSourceY(this.#boxes.y1[i]!));
    box.x2 = Math.min(picture.width, letterbox.toSourceX(this.#boxes.x2[i]!));
    box.y2 = Math.min(picture.height, letterbox.toSourceY(this.#boxes.y2[i]!));
    return box.x2 > box.x1 && box.y2 > box.y1;
  }

  /** @returns false when a coefficient is NaN or infinite: what such a mask would show is anyone's guess */
  #readCoefficients(tensors: readonly Tensor[], i: number): boolean {
    const index = this.#candidates.level[i]!;
    const head = this.layout.levels[index]!.coefficient;
    const offset = cellOffset(head, this.#candidates.cell[i]!);
    readChannels(tensors[head.output]!, head, this.#coefficientScales[index], offset, this.#coefficients);
    return this.#coefficients.every(Number.isFinite);
  }
}

function move(box: Box, { x, y }: Placement): void {
  box.x1 += x;
  box.y1 += y;
  box.x2 += x;
  box.y2 += y;
}
