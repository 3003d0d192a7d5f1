import { Coverage } from '../scene/coverage.js';
import type { Rgb } from '../../vision/picture/palette.js';
import { type FontName, fontRuns, graphemes } from './fonts.js';
import type { OutlinePen } from './harfbuzz.js';
import type { RgbPicture } from './rgb-picture.js';

/** A word at one size, as the coverage of each pixel. */
interface Bitmap {
  readonly width: number;
  /** Rows from the first of `coverage` down to the baseline. */
  readonly rise: number;
  readonly coverage: Uint8Array;
  /** Columns left of the pen at which the word begins. */
  readonly left: number;
  /** Pixels from its begin to its end. */
  readonly advance: number;
}

/** Of the Latin font, in thousandths of an em: heights of capitals and of small letters without ascenders. */
const CAPITAL = 714;
const X_HEIGHT = 536;
/** How far accents upon capitals, and descenders, reach from the baseline at most; what goes beyond is drawn nevertheless. */
const RISE = 1.07;
const DROP = 0.24;
/** Number of line segments that approximate a curve. */
const CURVE_STEPS = 4;
/** Words that are kept drawn. Class names and scores come again and again; numbers of objects do not. */
const MOST_WORDS = 1000;

/**
 * The typeface of labels and captions at one size: Noto Sans, with Chinese characters of Noto Sans CJK, shaped by HarfBuzz.
 *
 * Words are drawn once, on first use, as anti-aliased coverage bitmaps, and kept: a label of a frame costs as much as copying its
 * pixels. Heights of Latin, Greek and Cyrillic letters are moved to whole pixels, which keeps small text crisp.
 */
export class Typeface {
  /** Height of capitals in pixels. */
  readonly capital: number;
  /** Rows above the baseline that text may touch, and rows below it. */
  readonly rise: number;
  readonly drop: number;
  /** Pixels in an em. */
  readonly #em: number;
  readonly #space: number;
  readonly #words = new Map<string, Bitmap>();

  /** @param capital height of capitals in pixels; text is illegible below 7 */
  constructor(capital: number) {
    this.capital = Math.max(5, Math.round(capital));
    this.#em = (this.capital * 1000) / CAPITAL;
    this.rise = Math.ceil(RISE * this.#em);
    this.drop = Math.ceil(DROP * this.#em);
    this.#space = Math.round(0.27 * this.#em);
  }

  /** Pixels from the first column of `text` to its last. */
  measure(text: string): number {
    let width = 0;
    this.#each(text, (word, x) => (width = word ? x + word.advance : x));
    return width;
  }

  /** The longest beginning of `text` that is at most `width` pixels wide. */
  fit(text: string, width: number): string {
    if (this.measure(text) <= width) return text;
    const characters = graphemes(text);
    let [fits, cut] = [0, characters.length];
    while (cut - fits > 1) {
      const middle = (fits + cut) >> 1;
      if (this.measure(characters.slice(0, middle).join('')) <= width) fits = middle;
      else cut = middle;
    }
    return characters.slice(0, fits).join('');
  }

  /** Draws `text` with its first column at `left` and its baseline's row at `baseline`, clipped to the picture. */
  draw(picture: RgbPicture, text: string, left: number, baseline: number, color: Rgb): void {
    const [x0, y0] = [Math.round(left), Math.round(baseline)];
    this.#each(text, (word, x) => {
      if (word) blend(picture, word, x0 + x - word.left, y0 - word.rise, color);
    });
  }

  /** Tells of each word and where it begins, and at last of the end. */
  #each(text: string, tell: (word: Bitmap | undefined, x: number) => void): void {
    let x = 0;
    for (let from = 0; from < text.length;) {
      const end = text.indexOf(' ', from);
      const word = end < 0 ? text.slice(from) : text.slice(from, end);
      if (word !== '') {
        const bitmap = this.#word(word);
        tell(bitmap, x);
        x += bitmap.advance;
      }
      if (end < 0) return;
      x += this.#space;
      tell(undefined, x);
      from = end + 1;
    }
  }

  #word(word: string): Bitmap {
    let bitmap = this.#words.get(word);
    if (bitmap) return bitmap;
    bitmap = this.#drawn(word);
    if (this.#words.size >= MOST_WORDS) this.#words.delete(this.#words.keys().next().value!);
    this.#words.set(word, bitmap);
    return bitmap;
  }

  #drawn(word: string): Bitmap {
    const pen = new ContourPen();
    let x = 0;
    for (const { font, name, text } of fontRuns(word)) {
      const scale = this.#em / font.unitsPerEm;
      const { glyphs, advance } = font.shape(text);
      for (const glyph of glyphs) {
        pen.place(
          (u) => x + (glyph.x + u) * scale,
          (v) => -this.#heightOf(((glyph.y + v) * 1000) / font.unitsPerEm, name),
        );
        font.draw(glyph.id, pen);
      }
      x += advance * scale;
    }
    const { contours, minX, minY, maxX, maxY } = pen;
    const advance = Math.max(1, Math.round(x));
    if (contours.length === 0) return { width: 0, rise: 0, coverage: new Uint8Array(0), left: 0, advance };
    const left = Math.max(0, Math.ceil(-minX));
    const rise = Math.ceil(-minY);
    const even = (size: number): number => size + (size % 2);
    const width = even(Math.ceil(maxX) + left);
    const height = even(Math.max(1, Math.ceil(maxY) + rise));
    const moved = contours.map((points) =>
      Float64Array.from(points, (value, i) => value + (i % 2 === 0 ? left : rise)),
    );
    const shape = new Coverage(width, height).fill(
      { contours: moved, reach: width + height },
      { x: 0, y: 0, radius: 1, angle: 0 },
    );
    return { width, rise, coverage: shape.data.slice(0, width * height), left, advance };
  }

  /**
   * Pixels above the baseline, of a height in thousandths of an em. Linear between the lines where most strokes of Latin letters end,
   * which lie between whole pixels.
   */
  #heightOf(height: number, font: FontName): number {
    const scale = this.#em / 1000;
    if (font !== 'latin' || height <= 0) return height * scale;
    const lower = Math.round(X_HEIGHT * scale);
    if (height <= X_HEIGHT) return (height / X_HEIGHT) * lower;
    if (height >= CAPITAL) return this.capital + (height - CAPITAL) * scale;
    return lower + ((height - X_HEIGHT) / (CAPITAL - X_HEIGHT)) * (this.capital - lower);
  }
}

/** Collects outlines as polygons, in pixels. */
class ContourPen implements OutlinePen {
  readonly contours: number[][] = [];
  minX = 0;
  minY = 0;
  maxX = 0;
  maxY = 0;
  #contour: number[] = [];
  #toX = (x: number): number => x;
  #toY = (y: number): number => y;
  #x = 0;
  #y = 0;

  /** Where the next glyph lies. */
  place(toX: (x: number) => number, toY: (y: number) => number): void {
    [this.#toX, this.#toY] = [toX, toY];
  }

  moveTo(x: number, y: number): void {
    this.#contour = [];
    this.contours.push(this.#contour);
    this.lineTo(x, y);
  }

  lineTo(x: number, y: number): void {
    [this.#x, this.#y] = [x, y];
    const [px, py] = [this.#toX(x), this.#toY(y)];
    this.#contour.push(px, py);
    this.minX = Math.min(this.minX, px);
    this.maxX = Math.max(this.maxX, px);
    this.minY = Math.min(this.minY, py);
    this.maxY = Math.max(this.maxY, py);
  }

  quadTo(cx: number, cy: number, x: number, y: number): void {
    const [fromX, fromY] = [this.#x, this.#y];
    for (let step = 1; step <= CURVE_STEPS; step++) {
      const t = step / CURVE_STEPS;
      const u = 1 - t;
      this.lineTo(u * u * fromX + 2 * u * t * cx + t * t * x, u * u * fromY + 2 * u * t * cy + t * t * y);
    }
  }

  cubicTo(ax: number, ay: number, bx: number, by: number, x: number, y: number): void {
    const [fromX, fromY] = [this.#x, this.#y];
    for (let step = 1; step <= CURVE_STEPS; step++) {
      const t = step / CURVE_STEPS;
      const u = 1 - t;
      const [p, q, r, s] = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t] as const;
      this.lineTo(p * fromX + q * ax + r * bx + s * x, p * fromY + q * ay + r * by + s * y);
    }
  }
}

function blend(picture: RgbPicture, bitmap: Bitmap, left: number, top: number, color: Rgb): void {
  if (bitmap.width === 0) return;
  const { data, width, height } = picture;
  const rows = bitmap.coverage.length / bitmap.width;
  const x0 = Math.max(0, left);
  const x1 = Math.min(width, left + bitmap.width);
  const y1 = Math.min(height, top + rows);
  const [red, green, blue] = color;
  for (let y = Math.max(0, top); y < y1; y++) {
    let from = (y - top) * bitmap.width + x0 - left;
    let to = (y * width + x0) * 3;
    for (let x = x0; x < x1; x++, from++, to += 3) {
      const ink = bitmap.coverage[from]!;
      if (ink === 0) continue;
      data[to] = data[to]! + Math.round(((red - data[to]!) * ink) / 255);
      data[to + 1] = data[to + 1]! + Math.round(((green - data[to + 1]!) * ink) / 255);
      data[to + 2] = data[to + 2]! + Math.round(((blue - data[to + 2]!) * ink) / 255);
    }
  }
}
