import { paletteColor, type Rgb, WHITE } from '../../vision/picture/palette.js';
import { fillRectangle, rgbPicture, type RgbPicture, strokeLine } from './rgb-picture.js';
import { Typeface } from './text.js';

/** Precision over recall of one class. */
export interface NamedCurve {
  readonly name: string;
  /** Precision at recalls 0 to 1, at equal distances. */
  readonly curve: readonly number[];
  /** Shown behind the name; NaN: none. */
  readonly ap: number;
}

export interface CurvePictureOptions {
  readonly title: string;
  readonly subtitle: string;
  /** Drawn above all others. */
  readonly mean: NamedCurve;
}

const INK: Rgb = [40, 44, 52];
const FAINT_INK: Rgb = [120, 126, 136];
const GRID: Rgb = [224, 228, 233];
const MARGIN = 24;
const PLOT = 560;
const AXIS = 52;
const HEAD = 76;
const KEY = 250;
const ROW = 20;
/** More than these would be a thicket: the key says how many are left out. */
const MOST_CURVES = 24;

/** Draws curves of precision over recall: one for each class, those with the best AP in the key, and their mean in black. */
export function curvePicture(curves: readonly NamedCurve[], options: CurvePictureOptions): RgbPicture {
  const [title, text, small] = [new Typeface(15), new Typeface(9), new Typeface(8)];
  const picture = rgbPicture(2 * MARGIN + AXIS + PLOT + KEY, MARGIN + HEAD + PLOT + AXIS + MARGIN);
  fillRectangle(picture, 0, 0, picture.width, picture.height, WHITE);
  const left = MARGIN + AXIS;
  const top = MARGIN + HEAD;
  const room = picture.width - 2 * MARGIN;
  title.draw(picture, title.fit(options.title, room), MARGIN, MARGIN + title.capital, INK);
  const subtitle = text.fit(options.subtitle, room);
  text.draw(picture, subtitle, MARGIN, MARGIN + title.capital + 16 + text.capital, FAINT_INK);

  for (let tick = 0; tick <= 10; tick++) {
    const [x, y] = [left + (PLOT * tick) / 10, top + PLOT - (PLOT * tick) / 10];
    fillRectangle(picture, x, top, x + 1, top + PLOT + 1, GRID);
    fillRectangle(picture, left, y, left + PLOT + 1, y + 1, GRID);
    const label = (tick / 10).toFixed(1);
    small.draw(picture, label, x - small.measure(label) / 2, top + PLOT + 10 + small.capital, FAINT_INK);
    small.draw(picture, label, left - 8 - small.measure(label), y + small.capital / 2, FAINT_INK);
  }
  const across = 'recall';
  text.draw(picture, across, left + (PLOT - text.measure(across)) / 2, top + PLOT + AXIS, INK);
  text.draw(picture, 'precision', MARGIN, top - 10, INK);

  const shown = [...curves].sort((a, b) => b.ap - a.ap).slice(0, MOST_CURVES);
  const keyLeft = left + PLOT + 20;
  const entry = (row: number, { name, ap }: NamedCurve, color: Rgb, line: number): void => {
    const baseline = top + row * ROW + text.capital;
    const middle = baseline - text.capital / 2;
    fillRectangle(picture, keyLeft, middle - line / 2, keyLeft + 18, middle + line / 2, color);
    const figure = Number.isNaN(ap) ? '-' : ap.toFixed(3);
    const right = picture.width - MARGIN;
    text.draw(picture, figure, right - text.measure(figure), baseline, INK);
    const width = right - text.measure(figure) - 8 - (keyLeft + 26);
    text.draw(picture, text.fit(name, width), keyLeft + 26, baseline, INK);
  };
  shown.forEach(({ curve }, i) => drawCurve(picture, curve, left, top, 2, paletteColor(i)));
  drawCurve(picture, options.mean.curve, left, top, 4, INK);
  entry(0, options.mean, INK, 4);
  shown.forEach((curve, i) => entry(i + 1, curve, paletteColor(i), 2));
  const rest = curves.length - shown.length;
  if (rest > 0) {
    const baseline = top + (shown.length + 1) * ROW + text.capital;
    text.draw(picture, `and ${rest} more classes`, keyLeft + 26, baseline, FAINT_INK);
  }
  return picture;
}

function drawCurve(
  picture: RgbPicture,
  curve: readonly number[],
  left: number,
  top: number,
  line: number,
  color: Rgb,
): void {
  const x = (i: number): number => left + (PLOT * i) / (curve.length - 1);
  const y = (i: number): number => top + PLOT - PLOT * curve[i]!;
  for (let i = 1; i < curve.length; i++) strokeLine(picture, x(i - 1), y(i - 1), x(i), y(i), line, color);
}
