import type { Box, Instance, Segmentation } from '../../vision/mask/segmentation.js';
import { DEFAULT_COLOR_RANGE, type ColorRange } from '../../vision/picture/color-range.js';
import { nv12ToRgb } from '../../native/convert.js';
import type { Nv12Frame } from '../../vision/picture/nv12-frame.js';
import type { PictureSize } from '../../vision/picture/picture-size.js';
import { LabelPlates, type Anchor } from './label-plates.js';
import { DEFAULT_MASK_OPACITY, MaskLayer } from './mask-layer.js';
import { ColorBook } from '../../vision/picture/color-book.js';
import { type ColoredBy, WHITE } from '../../vision/picture/palette.js';
import { Blur } from './blur.js';
import { strokeRectangle, type RgbPicture } from './rgb-picture.js';
import { Trails } from './trails.js';
import { drawZones } from './zones.js';

export interface OverlayOptions {
  /** Class names by class id; a class without a name is shown as its number. */
  readonly labels: readonly string[];
  /**
   * What determines the color. `auto`: that of the object where it is tracked, else that of the class. `class` is stable from frame to
   * frame; `instance` distinguishes neighbors of one class, by their rank where they are not tracked, which changes with every
   * frame of a video. Default `auto`.
   */
  readonly colors?: ColoredBy | undefined;
  /** Opacity of masks, 0 (no masks) to 1. @default 0.44 */
  readonly masks?: number | undefined;
  /** @default true */
  readonly boxes?: boolean | undefined;
  /** Positions of tracked objects in the frames before that are drawn as a line; 0: none. @default 0 */
  readonly trails?: number | undefined;
  /** Names, ids of tracked objects, and scores. @default true */
  readonly names?: boolean | undefined;
  /** Ids of classes that paint() blurs, so that pictures do not show them; they must be among the instances. @default none */
  readonly blur?: readonly number[] | undefined;
  /** Chooses the colors; shared with what else shows the same instances. @default one of its own */
  readonly book?: ColorBook | undefined;
}

/**
 * Draws instances over a picture: translucent masks with crisp outlines, boxes, and labels with name and score.
 *
 * A white border shows the region of interest, if there is one, and white lines the zones, with what they have counted.
 *
 * Line width and text grow with the picture. Better scores lie on top. Buffers are kept between pictures of one size,
 * so keep one Overlay for each camera.
 */
export class Overlay {
  private readonly masks = new MaskLayer();
  private plates: LabelPlates | undefined;
  private readonly trails: Trails | undefined;
  private readonly blur: Blur | undefined;
  private readonly book: ColorBook;

  constructor(private readonly options: OverlayOptions) {
    const { trails = 0, blur = [], book = new ColorBook() } = options;
    this.book = book;
    if (blur.length > 0) this.blur = new Blur(new Set(blur));
    if (trails > 0) this.trails = new Trails(trails);
  }

  /**
   * The frame as a picture with everything drawn on it. It has the size of the segmentation, which is one less than the
   * frame's if the picture in the frame has odd sides.
   *
   * @param range of the frame's colors
   * @param into memory for the picture, 3 bytes for each pixel of the frame; default: new memory
   */
  paint(
    frame: Nv12Frame,
    segmentation: Segmentation,
    range: ColorRange = DEFAULT_COLOR_RANGE,
    into?: Uint8Array,
  ): RgbPicture {
    const shown = this.blur?.apply(frame, segmentation) ?? frame;
    const picture = framePicture(shown, segmentation, range, into);
    this.draw(picture, segmentation);
    return picture;
  }

  /** Draws on `picture`. Everything is scaled if its size differs from the segmentation's. */
  draw(picture: RgbPicture, segmentation: Segmentation): void {
    const { instances } = segmentation;
    const mean = (picture.width + picture.height) / 2;
    const line = Math.max(1, Math.round(0.6 + mean / 600));
    const colors = this.book.colors(this.options.colors ?? 'auto', instances);
    const { masks: opacity = DEFAULT_MASK_OPACITY, boxes: withBoxes = true, names = true } = this.options;
    if (opacity > 0) this.masks.draw(picture, segmentation, colors, line, opacity);

    this.trails?.add(segmentation);
    this.trails?.draw(picture, segmentation, colors, line);

    if (segmentation.region) {
      const { x, y, width, height } = segmentation.region;
      const border = scaledBox({ x1: x, y1: y, x2: x + width, y2: y + height }, picture, segmentation);
      strokeRectangle(picture, border.x1, border.y1, border.x2, border.y2, line, WHITE);
    }

    const plates = this.platesFor(picture, mean);
    const zones = drawZones(picture, segmentation, line, (text, box) =>
      names ? plates.place([text], box) : undefined,
    );
    const boxes = instances.map((instance) => scaledBox(instance.box, picture, segmentation));
    const placed = instances.map((instance, rank) => {
      const box = boxes[rank]!;
      if (!names || !meets(box, picture)) return undefined;
      return plates.place(this.textsOf(instance), box);
    });
    for (let rank = withBoxes ? instances.length - 1 : -1; rank >= 0; rank--) {
      const { x1, y1, x2, y2 } = boxes[rank]!;
      strokeRectangle(picture, x1, y1, x2, y2, line, colors[rank]!);
    }
    for (let rank = instances.length - 1; rank >= 0; rank--) {
      const plate = placed[rank];
      if (plate) plates.draw(picture, plate, colors[rank]!);
    }
    for (const plate of zones) plates.draw(picture, plate, WHITE);
  }

  /** The label, and what is left of it in a crowd. */
  private textsOf({ classId, score, trackId = 0 }: Instance): string[] {
    const name = this.options.labels[classId] ?? String(classId);
    const full = `${name}${trackId > 0 ? ` #${trackId}` : ''}`;
    return [`${full} ${score.toFixed(2)}`, full, ...(trackId > 0 ? [`#${trackId}`] : [])];
  }

  private platesFor({ width, height }: RgbPicture, mean: number): LabelPlates {
    if (this.plates?.width !== width || this.plates.height !== height) {
      this.plates = new LabelPlates(width, height, Math.round(4 + mean * 0.0095));
    }
    this.plates.begin();
    return this.plates;
  }
}

/**
 * The frame as a picture of the size that results are given for, which is one less than the frame's if the picture in the frame has
 * odd sides.
 *
 * @param into memory, 3 bytes for each pixel of the frame; default: new memory
 */
export function framePicture(
  frame: Nv12Frame,
  { width, height }: PictureSize,
  range: ColorRange = DEFAULT_COLOR_RANGE,
  into?: Uint8Array,
): RgbPicture {
  const pixels = { width: frame.width, height: frame.height, data: nv12ToRgb(frame, range, into) };
  return cropped(pixels, width, height);
}

/** The upper left part of `picture`, packed in the same memory. */
function cropped(picture: RgbPicture, maxWidth: number, maxHeight: number): RgbPicture {
  const width = Math.min(picture.width, maxWidth);
  const height = Math.min(picture.height, maxHeight);
  const { data } = picture;
  for (let y = 1; y < height && width < picture.width; y++) {
    const from = y * picture.width * 3;
    data.copyWithin(y * width * 3, from, from + width * 3);
  }
  return { width, height, data: data.subarray(0, width * height * 3) };
}

/** A box of the segmentation in pixels of `picture`. */
function scaledBox(box: Box, picture: RgbPicture, segmentation: Segmentation): Anchor {
  const scaleX = picture.width / segmentation.width;
  const scaleY = picture.height / segmentation.height;
  return { x1: box.x1 * scaleX, y1: box.y1 * scaleY, x2: box.x2 * scaleX, y2: box.y2 * scaleY };
}

function meets({ x1, y1, x2, y2 }: Anchor, { width, height }: RgbPicture): boolean {
  return x1 <= x2 && y1 <= y2 && x1 < width && y1 < height && x2 > 0 && y2 > 0;
}
