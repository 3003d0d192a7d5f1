import type { FrameInstance, LiveFrameMessage } from '../protocol/frame-reader.js';
import { type Viewport, WHOLE } from './viewport.js';
import { nameCorner, paintZones, type Place, zoneText } from './zones.js';

/** How a frame is drawn. */
export interface PaintOptions {
  readonly labels: readonly string[];
  readonly palette: readonly number[];
  /** Index of the instance pointed at, or -1. */
  readonly chosen: number;
  /** Canvas pixels per CSS pixel. */
  readonly density: number;
  /** The part of the picture that is seen. @default all of it */
  readonly view?: Viewport;
}

/** Opacity of masks. */
const FILL = 0.35;

/** Where the canvas shows a pixel of the picture. */
export function placeOf(
  { width, height }: LiveFrameMessage,
  canvas: { readonly width: number; readonly height: number },
  { scale, x, y }: Viewport,
): Place {
  const [across, down] = [canvas.width * scale, canvas.height * scale];
  return { scaleX: across / width, scaleY: down / height, left: -x * across, top: -y * down };
}

/** Draws picture, region, zones, masks, boxes and names. Lines keep their width at any canvas size and zoom. */
export function paintFrame(
  context: CanvasRenderingContext2D,
  frame: LiveFrameMessage,
  picture: CanvasImageSource | undefined,
  options: PaintOptions,
): void {
  const { canvas } = context;
  const { instances, zones, width, height, region } = frame;
  const place = placeOf(frame, canvas, options.view ?? WHOLE);
  const { scaleX: x, scaleY: y, left, top } = place;
  context.setTransform(1, 0, 0, 1, 0, 0);
  if (picture) context.drawImage(picture, left, top, width * x, height * y);
  else {
    context.fillStyle = '#727272';
    context.fillRect(0, 0, canvas.width, canvas.height);
  }
  const { density } = options;
  if (region.width > 0) {
    context.setLineDash([6 * density, 4 * density]);
    context.lineWidth = density;
    context.strokeStyle = '#ffffff';
    context.strokeRect(left + region.x * x, top + region.y * y, region.width * x, region.height * y);
    context.setLineDash([]);
  }
  context.lineJoin = 'round';
  // Lowest score first, so that better ones lie on top.
  for (let i = instances.length - 1; i >= 0; i--) {
    const instance = instances[i]!;
    const color = colorOf(instance, options.palette);
    const path = pathOf(instance, frame.scaleX * x, frame.scaleY * y);
    const faded = options.chosen >= 0 && options.chosen !== i;
    context.globalAlpha = faded ? FILL / 3 : FILL;
    context.fillStyle = color;
    context.setTransform(1, 0, 0, 1, left, top);
    context.fill(path, 'evenodd');
    context.globalAlpha = faded ? 0.4 : 1;
    context.strokeStyle = color;
    context.lineWidth = (options.chosen === i ? 3.5 : 2) * density;
    context.stroke(path);
    context.lineWidth = density;
    const { x1, y1, x2, y2 } = instance;
    context.strokeRect(x1 * x, y1 * y, (x2 - x1) * x, (y2 - y1) * y);
    context.globalAlpha = 1;
    // CameraView looks up places in paths without the translation.
    context.setTransform(1, 0, 0, 1, 0, 0);
  }
  paintZones(context, zones, place, density);
  context.font = `600 ${12 * density}px system-ui, sans-serif`;
  context.textBaseline = 'middle';
  for (const zone of zones) {
    const corner = nameCorner(zone, place, canvas);
    if (corner) drawPlate(context, zoneText(zone), corner.x, corner.y, '#fff', '#000', density);
  }
  for (let i = instances.length - 1; i >= 0; i--) {
    if (options.chosen >= 0 && options.chosen !== i) continue;
    const instance = instances[i]!;
    const [from, above] = [instance.x1 * x + left, instance.y1 * y + top];
    // The name of an object outside the canvas would stick to the edge.
    const [right, below] = [instance.x2 * x + left, instance.y2 * y + top];
    if (right <= 0 || below <= 0 || from >= canvas.width || above >= canvas.height) continue;
    const color = colorOf(instance, options.palette);
    const ink = textColor(numberOf(instance, options.palette));
    drawPlate(context, nameOf(instance, options.labels), from, above, color, ink, density);
  }
}

/** Draws a text on a plate above a point, or below it where there is no room, and always within the canvas. */
function drawPlate(
  context: CanvasRenderingContext2D,
  words: string,
  x: number,
  y: number,
  color: string,
  ink: string,
  density: number,
): void {
  const { canvas } = context;
  const tall = Math.round(17 * density);
  const wide = Math.ceil(context.measureText(words).width + 8 * density);
  // Whole pixels: edges would be blurred otherwise.
  const left = Math.round(Math.max(0, Math.min(x, canvas.width - wide)));
  const above = y - tall;
  const top = Math.round(above >= 0 ? above : Math.max(0, Math.min(y, canvas.height - tall)));
  context.fillStyle = color;
  context.fillRect(left, top, wide, tall);
  context.fillStyle = ink;
  context.fillText(words, left + 4 * density, top + tall / 2);
}

/** "person #3 0.87" */
function nameOf({ classId, trackId, score }: FrameInstance, labels: readonly string[]): string {
  return `${labels[classId] ?? classId}${trackId > 0 ? ` #${trackId}` : ''} ${score.toFixed(2)}`;
}

/** The contours in pixels of the canvas. */
export function pathOf({ contours }: FrameInstance, x: number, y: number): Path2D {
  const path = new Path2D();
  for (const { points } of contours) {
    if (points.length < 6) continue;
    path.moveTo(points[0]! * x, points[1]! * y);
    for (let k = 2; k < points.length; k += 2) path.lineTo(points[k]! * x, points[k + 1]! * y);
    path.closePath();
  }
  return path;
}

/** As in overlays: a tracked object has a color of its own, others that of their class. */
function numberOf({ classId, trackId }: FrameInstance, palette: readonly number[]): number {
  return palette[(trackId > 0 ? trackId : classId) % palette.length] ?? 0x1e96ff;
}

function colorOf(instance: FrameInstance, palette: readonly number[]): string {
  return `#${numberOf(instance, palette).toString(16).padStart(6, '0')}`;
}

/** Black or white, whichever is readable: the rule of src/vision/picture/palette.ts. */
function textColor(color: number): string {
  const light = [color >> 16, (color >> 8) & 255, color & 255].map((channel) => {
    const value = channel / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * light[0]! + 0.7152 * light[1]! + 0.0722 * light[2]! > 0.25 ? '#000' : '#fff';
}
