import type { Polygon } from '../../vision/mask/polygon.js';
import type { Box, Segmentation } from '../../vision/mask/segmentation.js';
import type { FrameHeader, Stamp } from '../../vision/picture/frame-source.js';
import { CdrEncoder, cdrText, type CdrText } from './cdr-encoder.js';
import type { Labels } from './labels.js';
import { messageType } from '../message-type.js';

/** Red, green, blue, 0 to 255. */
export type Rgb = readonly [number, number, number];

interface ImageAnnotationsMessage {
  timestamp: Stamp;
  points: readonly PointsAnnotation[];
  texts: readonly TextAnnotation[];
}

interface PointsAnnotation {
  timestamp: Stamp;
  type: number;
  points: readonly Point2[];
  outline_color: Color;
  fill_color: Color;
  thickness: number;
}

interface TextAnnotation {
  timestamp: Stamp;
  position: Point2;
  text: CdrText;
  font_size: number;
  text_color: Color;
  background_color: Color;
}

interface Point2 {
  x: number;
  y: number;
}

interface Color {
  r: number;
  g: number;
  b: number;
  a: number;
}

const LINE_LOOP = 2;
const TRANSPARENT: Color = { r: 0, g: 0, b: 0, a: 0 };
const BLACK: Color = { r: 0, g: 0, b: 0, a: 1 };
/** Opacity of a mask, so that the picture shows through. */
const FILL_OPACITY = 0.35;

/**
 * Writes foxglove_msgs/msg/ImageAnnotations: outlines, boxes and labels that Foxglove and Lichtblick draw over the camera's
 * own image, so that no overlay picture need be sent.
 *
 * A polygon with a hole does not exist in this message: a hole is drawn as an outline over the filled outer contour.
 */
export class ImageAnnotationsWriter {
  readonly #encoder: CdrEncoder<ImageAnnotationsMessage>;

  /** @param colorOf the color of a class, the same as in the overlay */
  constructor(
    readonly labels: Labels,
    readonly colorOf: (classId: number) => Rgb,
    readonly type = messageType('foxglove_msgs/ImageAnnotations'),
  ) {
    this.#encoder = new CdrEncoder(type);
  }

  /**
   * @param polygons the contours of each instance in source pixels, in the order of the instances; without them, boxes only
   * @returns CDR bytes, valid until the next call
   */
  write(
    header: FrameHeader,
    segmentation: Segmentation,
    polygons: readonly (readonly Polygon[])[] = [],
  ): Uint8Array {
    const timestamp = header.stamp;
    const line = Math.max(1, Math.round((segmentation.width + segmentation.height) / 1200));
    const points: PointsAnnotation[] = [];
    const texts: TextAnnotation[] = [];
    const loop = (corners: Point2[], outline: Color, fill: Color, thickness: number): void => {
      points.push({
        timestamp,
        type: LINE_LOOP,
        points: corners,
        outline_color: outline,
        fill_color: fill,
        thickness,
      });
    };
    // The worst score first: what comes later is drawn on top.
    for (let i = segmentation.instances.length - 1; i >= 0; i--) {
      const { classId, score, box } = segmentation.instances[i]!;
      const color = opaque(this.colorOf(classId));
      const fill = { ...color, a: FILL_OPACITY };
      for (const polygon of polygons[i] ?? []) {
        loop(cornersOf(polygon), color, polygon.hole ? TRANSPARENT : fill, line);
      }
      loop(boxCorners(box), color, TRANSPARENT, 2 * line);
      texts.push({
        timestamp,
        position: { x: box.x1, y: box.y1 },
        text: cdrText(`${this.labels.name(classId)} ${score.toFixed(2)}`),
        font_size: 12 * line,
        text_color: BLACK,
        background_color: color,
      });
    }
    return this.#encoder.write({ timestamp, points, texts });
  }
}

function opaque([red, green, blue]: Rgb): Color {
  return { r: red / 255, g: green / 255, b: blue / 255, a: 1 };
}

function cornersOf({ points }: Polygon): Point2[] {
  const corners: Point2[] = [];
  for (let i = 0; i < points.length; i += 2) corners.push({ x: points[i]!, y: points[i + 1]! });
  return corners;
}

function boxCorners({ x1, y1, x2, y2 }: Box): Point2[] {
  return [
    { x: x1, y: y1 },
    { x: x2, y: y1 },
    { x: x2, y: y2 },
    { x: x1, y: y2 },
  ];
}
