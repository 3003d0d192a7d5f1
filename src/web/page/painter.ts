import type { FrameInstance, LiveFrameMessage } from '../protocol/frame-reader.js';

/** How a frame is drawn. */
export interface PaintOptions {
  readonly labels: readonly string[];
  readonly palette: readonly number[];
  /** Index of the instance that is pointed at, or -1. */
  readonly chosen: number;
  /** Pixels of the canvas for a pixel of CSS. */
  readonly density: number;
}

/** Opacity of masks. */
const FILL = 0.35;

/** Draws picture, region, masks, boxes and names. All lines are as wide as they are at any size of the canvas. */
export function paintFrame(
  context: CanvasRenderingContext2D,
  frame: LiveFrameMessage,
  picture: CanvasImageSource | undefined,
  options: PaintOptions,
): void {
  const { width: across, height: down } = context.canvas;
  const { instances, width, height, region } = frame;
  const x = across / width;
  const y = down / height;
  context.setTransform(1, 0, 0, 1, 0, 0);
  if (picture) context.drawImage(picture, 0, 0, across, down);
  else {
    context.fillStyle = '#727272';
    context.fillRect(0, 0, across, down);
  }
  const { density } = options;
  if (region.width > 0) {
    context.setLineDash([6 * density, 4 * density]);
    context.lineWidth = density;
    context.strokeStyle = '#ffffff';
    context.strokeRect(region.x * x, region.y * y, region.width * x, region.height * y);
    context.setLineDash([]);
  }
  context.lineJoin = 'round';
  // The worst score first: better ones lie on top.
  for (let i = instances.length - 1; i >= 0; i--) {
    const instance = instances[i]!;
    const color = colorOf(instance, options.palette);
    const path = pathOf(instance, frame.scaleX * x, frame.scaleY * y);
    const faded = options.chosen >= 0 && options.chosen !== i;
    context.globalAlpha = faded ? FILL / 3 : FILL;
    context.fillStyle = color;
    context.fill(path, 'evenodd');
    context.globalAlpha = faded ? 0.4 : 1;
    context.strokeStyle = color;
    context.lineWidth = (options.chosen === i ? 3.5 : 2) * density;
    context.stroke(path);
    context.lineWidth = density;
    const { x1, y1, x2, y2 } = instance;
    context.strokeRect(x1 * x, y1 * y, (x2 - x1) * x, (y2 - y1) * y);
    context.globalAlpha = 1;
  }
  context.font = `600 ${12 * density}px system-ui, sans-serif`;
  context.textBaseline = 'middle';
  for (let i = instances.length - 1; i >= 0; i--) {
    if (options.chosen < 0 || options.chosen === i) drawName(context, instances[i]!, x, y, options);
  }
}

function drawName(
  context: CanvasRenderingContext2D,
  instance: FrameInstance,
  x: number,
  y: number,
  { labels, palette, density }: PaintOptions,
): void {
  const name = nameOf(instance, labels);
  const tall = Math.round(17 * density);
  const wide = Math.ceil(context.measureText(name).width + 8 * density);
  // Whole pixels: edges would be blurred otherwise.
  const left = Math.round(Math.max(0, Math.min(instance.x1 * x, context.canvas.width - wide)));
  const above = instance.y1 * y - tall;
  const top = Math.round(above >= 0 ? above : Math.min(instance.y1 * y, context.canvas.height - tall));
  context.fillStyle = colorOf(instance, palette);
  context.fillRect(left, top, wide, tall);
  context.fillStyle = textColor(numberOf(instance, palette));
  context.fillText(name, left + 4 * density, top + tall / 2);
}

/** "person #3 0.87" */
export function nameOf({ classId, trackId, score }: FrameInstance, labels: readonly string[]): string {
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

export function colorOf(instance: FrameInstance, palette: readonly number[]): string {
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
