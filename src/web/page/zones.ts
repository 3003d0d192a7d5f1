import type { FrameZone } from '../protocol/frame-reader.js';
import { text } from './texts.js';

/** Where a canvas shows a pixel of the picture: `x * scaleX + left`, `y * scaleY + top`. */
export interface Place {
  readonly scaleX: number;
  readonly scaleY: number;
  readonly left: number;
  readonly top: number;
}

/** "door: 2 present, 5 entered, 3 left" */
export function zoneText({ name, kind, present, entered, left }: FrameZone): string {
  const counts = [text('zoneEntered', entered), text('zoneLeft', left)];
  if (kind === 'zone') counts.unshift(text('zonePresent', present));
  return `${name}: ${counts.join(text('comma'))}`;
}

/** Draws the edges of zones and lines, white on black so that they are seen on any picture. */
export function paintZones(
  context: CanvasRenderingContext2D,
  zones: readonly FrameZone[],
  place: Place,
  density: number,
): void {
  const outlined = (path: Path2D): void => {
    context.lineWidth = 4 * density;
    context.strokeStyle = '#000';
    context.stroke(path);
    context.lineWidth = 2 * density;
    context.strokeStyle = '#fff';
    context.stroke(path);
  };
  for (const { corners, kind } of zones) {
    const x = (i: number): number => corners[2 * i]! * place.scaleX + place.left;
    const y = (i: number): number => corners[2 * i + 1]! * place.scaleY + place.top;
    const count = corners.length / 2;
    const path = new Path2D();
    for (let i = 0; i < count; i++) path.lineTo(x(i), y(i));
    if (kind === 'zone') path.closePath();
    outlined(path);
    if (kind === 'zone' || count < 2) continue;
    // An arrow in the direction of entering: from the left to the right of the line.
    const middle = Math.floor((count - 1) / 2);
    const [dx, dy] = [x(middle + 1) - x(middle), y(middle + 1) - y(middle)];
    const length = Math.hypot(dx, dy);
    if (length === 0) continue;
    const [alongX, alongY] = [(dx / length) * density, (dy / length) * density];
    const [tipX, tipY] = [x(middle) + dx / 2 - 16 * alongY, y(middle) + dy / 2 + 16 * alongX];
    const arrow = new Path2D();
    arrow.moveTo(x(middle) + dx / 2, y(middle) + dy / 2);
    arrow.lineTo(tipX, tipY);
    for (const side of [-5, 5]) {
      arrow.moveTo(tipX, tipY);
      arrow.lineTo(tipX + side * alongX + 6 * alongY, tipY + side * alongY - 6 * alongX);
    }
    outlined(arrow);
  }
}

/**
 * The place of a zone's name: above its corners; that of a line stands where the line begins.
 *
 * @returns undefined if nothing of it is on the canvas
 */
export function nameCorner(
  { corners, kind }: FrameZone,
  place: Place,
  canvas: { readonly width: number; readonly height: number },
): { x: number; y: number } | undefined {
  let [x1, y1, x2, y2] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < corners.length; i += 2) {
    const x = corners[i]! * place.scaleX + place.left;
    const y = corners[i + 1]! * place.scaleY + place.top;
    [x1, y1, x2, y2] = [Math.min(x1, x), Math.min(y1, y), Math.max(x2, x), Math.max(y2, y)];
  }
  if (x2 < 0 || y2 < 0 || x1 > canvas.width || y1 > canvas.height) return undefined;
  if (kind === 'zone') return { x: x1, y: y1 };
  return {
    x: (corners[0] ?? 0) * place.scaleX + place.left,
    y: (corners[1] ?? 0) * place.scaleY + place.top,
  };
}
