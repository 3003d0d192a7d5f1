import type { Segmentation } from '../../vision/mask/segmentation.js';
import type { ZoneCount } from '../../vision/mask/zone-counts.js';
import { WHITE } from '../../vision/picture/palette.js';
import type { Anchor, Plate } from './label-plates.js';
import { type RgbPicture, strokeLine } from './rgb-picture.js';

/**
 * Draws the edges of the zones and lines of a camera.
 *
 * @param line width in pixels
 * @param place finds room for a text at a box in pixels of the picture
 * @returns the plates that were placed, to be drawn on top
 */
export function drawZones(
  picture: RgbPicture,
  { zones = [], width, height }: Segmentation,
  line: number,
  place: (text: string, box: Anchor) => Plate | undefined,
): Plate[] {
  const plates: Plate[] = [];
  for (const zone of zones) {
    const { corners, kind } = zone;
    const x = (i: number): number => ((corners[2 * i] ?? 0) * picture.width) / width;
    const y = (i: number): number => ((corners[2 * i + 1] ?? 0) * picture.height) / height;
    const count = corners.length / 2;
    for (let i = 0; i < (kind === 'zone' ? count : count - 1); i++) {
      const next = (i + 1) % count;
      strokeLine(picture, x(i), y(i), x(next), y(next), line, WHITE);
    }
    // A line's name stands at its first corner, where its direction begins.
    const all = Array.from({ length: kind === 'zone' ? count : 1 }, (_, i) => i);
    const plate = place(textOf(zone), {
      x1: Math.min(...all.map(x)),
      y1: Math.min(...all.map(y)),
      x2: Math.max(...all.map(x)),
      y2: Math.max(...all.map(y)),
    });
    if (plate) plates.push(plate);
  }
  return plates;
}

/** Of all classes. */
function textOf({ name, kind, classes }: ZoneCount): string {
  let [present, entered, left] = [0, 0, 0];
  for (const count of classes) {
    present += count.present;
    entered += count.entered;
    left += count.left;
  }
  return `${name}: ${kind === 'zone' ? `${present} present, ` : ''}${entered} entered, ${left} left`;
}
