import type { Outlines } from '../../vision/mask/outlines.js';
import type { Segmentation } from '../../vision/mask/segmentation.js';
import type { FrameHeader, Stamp } from '../../vision/picture/frame-source.js';
import type { ColorBook } from '../../vision/picture/color-book.js';
import type { ColoredBy, Rgb } from '../../vision/picture/palette.js';
import { cdrText } from './cdr-encoder.js';
import { CdrOutput } from './cdr-output.js';
import { InstalledLayout } from './installed-layout.js';
import type { Labels } from './labels.js';
import { messageType } from '../message-type.js';

const TYPE = messageType('foxglove_msgs/ImageAnnotations');
/** Types of PointsAnnotation. */
const POINTS = 1;
const LINE_LOOP = 2;
const BLACK: Rgb = [0, 0, 0];
/** Bytes of a loop of up to four points, padding included; of more, without them. */
const LOOP_BYTES = 192;
/** Opacity of a mask, so that the picture shows through. */
const FILL_OPACITY = 0.35;

/**
 * Writes foxglove_msgs/msg/ImageAnnotations: outlines, boxes and labels that Foxglove and Lichtblick draw over the camera's
 * own image, so that no overlay has to be sent.
 *
 * This message has no polygons with holes: a hole is drawn as an outline over the filled outer contour.
 *
 * Without instances it has one annotation of no points. Panels that synchronize pictures and annotations know the stamp from these only, and
 * would stay at the last picture with instances (Lichtblick's ImageMode/MessageHandler.ts, handleAnnotations).
 */
export class ImageAnnotationsWriter {
  readonly #out = new CdrOutput();
  readonly #layout: InstalledLayout | undefined;

  /**
   * @param coloredBy as in the overlay; asked for each frame
   * @param book chooses the colors, the same as in the overlay
   */
  constructor(
    readonly labels: Labels,
    private readonly coloredBy: () => ColoredBy,
    private readonly book: Pick<ColorBook, 'colors'>,
    readonly type = TYPE,
  ) {
    this.#layout = InstalledLayout.between(TYPE, type);
  }

  /**
   * @param outlines the contours of the instances; without them, boxes only
   * @returns CDR bytes, valid until the next call
   */
  write({ stamp }: FrameHeader, segmentation: Segmentation, outlines?: Outlines): Uint8Array {
    const { width, height, instances } = segmentation;
    const out = this.#out;
    const line = Math.max(1, Math.round((width + height) / 1200));
    const colors = this.book.colors(this.coloredBy(), instances);
    out.begin();
    out.reserve(24);
    out.stamp(stamp);
    out.uint32(0); // circles
    if (instances.length === 0) {
      out.uint32(1);
      this.#begin(stamp, POINTS);
      out.uint32(0);
      this.#end(BLACK, 0, line);
    } else out.uint32(instances.length + (outlines?.instanceEnds[instances.length - 1] ?? 0));
    // The worst score first: later ones are drawn on top.
    for (let i = instances.length - 1; i >= 0; i--) {
      const { box } = instances[i]!;
      const color = colors[i]!;
      if (outlines) this.#contours(stamp, outlines, i, color, line);
      this.#begin(stamp, LINE_LOOP);
      out.uint32(4);
      out.float64(box.x1);
      out.float64(box.y1);
      out.float64(box.x2);
      out.float64(box.y1);
      out.float64(box.x2);
      out.float64(box.y2);
      out.float64(box.x1);
      out.float64(box.y2);
      this.#end(color, 0, 2 * line);
    }
    out.reserve(8);
    out.uint32(instances.length);
    for (let i = instances.length - 1; i >= 0; i--) {
      const { classId, score, box, trackId = 0 } = instances[i]!;
      const id = trackId > 0 ? ` #${trackId}` : '';
      const text = cdrText(`${this.labels.name(classId)}${id} ${score.toFixed(2)}`);
      out.reserve(144 + text.length);
      out.stamp(stamp);
      out.float64(box.x1);
      out.float64(box.y1);
      out.text(text);
      out.float64(12 * line);
      this.#color(BLACK, 1);
      this.#color(colors[i]!, 1);
      out.uint32(0); // metadata
    }
    out.reserve(8);
    out.uint32(0); // metadata
    return this.#layout ? this.#layout.convert(out.end()) : out.end();
  }

  #contours(stamp: Stamp, outlines: Outlines, instance: number, color: Rgb, line: number): void {
    const { points, scaleX, scaleY, ends, holes, instanceEnds } = outlines;
    for (let ring = instance > 0 ? instanceEnds[instance - 1]! : 0; ring < instanceEnds[instance]!; ring++) {
      const from = ring > 0 ? ends[ring - 1]! : 0;
      const to = ends[ring]!;
      this.#begin(stamp, LINE_LOOP, 8 * (to - from));
      this.#out.points2(points, from, to, scaleX, scaleY);
      if (holes[ring] === 0) this.#end(color, FILL_OPACITY, line);
      else this.#end(color, 0, line);
    }
  }

  /** @param bytes of its points */
  #begin(stamp: Stamp, type: number, bytes = 0): void {
    const out = this.#out;
    out.reserve(LOOP_BYTES + bytes);
    out.stamp(stamp);
    out.uint8(type);
  }

  /** @param opacity of the fill */
  #end(color: Rgb, opacity: number, thickness: number): void {
    const out = this.#out;
    out.reserve(LOOP_BYTES);
    this.#color(color, 1);
    out.uint32(0); // outline_colors
    if (opacity > 0) this.#color(color, opacity);
    else out.zeros64(4);
    out.float64(thickness);
    out.uint32(0); // metadata
  }

  #color(color: Rgb, alpha: number): void {
    const out = this.#out;
    out.float64(color[0] / 255);
    out.float64(color[1] / 255);
    out.float64(color[2] / 255);
    out.float64(alpha);
  }
}
