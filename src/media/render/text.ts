import { GLYPHS, MISSING_GLYPH } from './glyphs.js';
import type { Rgb } from '../../vision/picture/palette.js';
import type { RgbPicture } from './rgb-picture.js';

/** A glyph at one size, as the coverage of each pixel. */
interface Bitmap {
  /** Columns of `coverage`, whose row 0 lies `Typeface.rise` above the baseline. */
  readonly width: number;
  readonly coverage: Uint8Array;
  /** Pixels from this glyph's origin to the next one's. */
  readonly advance: number;
}

/** Units of glyphs.ts: where a hinted line lies, how far strokes reach above the capitals, and the gap between glyphs. */
const X_HEIGHT = 7;
const CAPITAL_HEIGHT = 10;
const DESCENDER = 3;
const OVERSHOOT = 1;
const GAP = 1;
/** Stroke width as a part of the capital's height: a medium weight, readable in light on dark and dark on light. */
const WEIGHT = 0.135;
/** Number of line segments that approximate a quadratic curve. */
const CURVE_STEPS = 6;

/**
 * The embedded typeface at one size. Glyphs are drawn once, on first use, as anti-aliased coverage bitmaps; horizontal strokes
 * and outer stems are moved to whole pixels before, which keeps small text crisp.
 */
export class Typeface {
  /** Height of capitals in pixels, including the stroke. */
  readonly capital: number;
  /** Rows above the baseline that glyphs may touch, and rows below it. */
  readonly rise: number;
  readonly drop: number;
  private readonly unit: number;
  private readonly stroke: number;
  private readonly gap: number;
  private readonly bitmaps = new Map<string, Bitmap>();

  /** @param capital height of capitals in pixels; text is illegible below 7 */
  constructor(capital: number) {
    this.capital = Math.max(5, Math.round(capital));
    this.stroke = Math.max(1, this.capital * WEIGHT);
    // The middle of the pen runs from 0 to CAPITAL_HEIGHT; half a stroke protrudes at either end.
    this.unit = (this.capital - this.stroke) / CAPITAL_HEIGHT;
    this.rise = this.capital + Math.ceil(OVERSHOOT * this.unit);
    this.drop = Math.round(DESCENDER * this.unit) + 1;
    this.gap = Math.max(1, Math.round(GAP * this.unit));
  }

  /** Pixels from the first column of `text` to its last. */
  measure(text: string): number {
    let width = 0;
    for (const character of text) width += this.bitmap(character).advance;
    return Math.max(0, width - this.gap);
  }

  /** The longest beginning of `text` that is at most `width` pixels wide. */
  fit(text: string, width: number): string {
    const characters = Array.from(text);
    while (characters.length > 0 && this.measure(characters.join('')) > width) characters.pop();
    return characters.join('');
  }

  /** Draws `text` with its first column at `left` and its baseline's row at `baseline`, clipped to the picture. */
  draw(picture: RgbPicture, text: string, left: number, baseline: number, color: Rgb): void {
    let x = Math.round(left);
    const top = Math.round(baseline) - this.rise;
    for (const character of text) {
      const bitmap = this.bitmap(character);
      blend(picture, bitmap, x, top, color);
      x += bitmap.advance;
    }
  }

  private bitmap(character: string): Bitmap {
    let bitmap = this.bitmaps.get(character);
    if (!bitmap) {
      bitmap = this.rasterize(GLYPHS[character] ?? MISSING_GLYPH);
      this.bitmaps.set(character, bitmap);
    }
    return bitmap;
  }

  /** Coverage of a pixel is its center's distance to the pen's path, less half a stroke, as a ramp of one pixel. */
  private rasterize([glyphWidth, path]: readonly [number, string]): Bitmap {
    const { unit, stroke } = this;
    const width = Math.round(glyphWidth * unit + stroke);
    const stretch = glyphWidth > 0 ? (width - stroke) / glyphWidth : unit;
    const segments = penSegments(
      path,
      (x) => x * stretch + stroke / 2,
      (y) => this.rise - this.heightOf(y),
    );
    const height = this.rise + this.drop;
    const coverage = new Uint8Array(width * height);
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const distance = distanceTo(segments, column + 0.5, row + 0.5);
        const ink = Math.min(1, Math.max(0, stroke / 2 + 0.5 - distance));
        coverage[row * width + column] = Math.round(255 * ink);
      }
    }
    return { width, coverage, advance: width + this.gap };
  }

  /**
   * Pixels of the pen's middle above the baseline, for a y of glyphs.ts. Linear between the lines where most strokes
   * lie, whose outer edges are whole pixels.
   */
  private heightOf(y: number): number {
    const { unit, stroke } = this;
    const height = CAPITAL_HEIGHT - y;
    const baseline = stroke / 2;
    const lower = Math.round(X_HEIGHT * unit + stroke) - stroke / 2;
    const upper = this.capital - stroke / 2;
    if (height > X_HEIGHT) {
      return lower + ((height - X_HEIGHT) / (CAPITAL_HEIGHT - X_HEIGHT)) * (upper - lower);
    }
    if (height > 0) return baseline + (height / X_HEIGHT) * (lower - baseline);
    return baseline + (height / DESCENDER) * Math.round(DESCENDER * unit);
  }
}

function blend(picture: RgbPicture, bitmap: Bitmap, left: number, top: number, color: Rgb): void {
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

/** The line segments of a path as [x1, y1, x2, y2] quadruples in pixels. */
function penSegments(path: string, toX: (x: number) => number, toY: (y: number) => number): Float64Array {
  const segments: number[] = [];
  let x = 0;
  let y = 0;
  let startX = 0;
  let startY = 0;
  const lineTo = (nextX: number, nextY: number): void => {
    segments.push(toX(x), toY(y), toX(nextX), toY(nextY));
    x = nextX;
    y = nextY;
  };
  for (const [, command, rest] of path.matchAll(/([MLHVQZ])([^MLHVQZ]*)/g)) {
    const [a = 0, b = 0, c = 0, d = 0] = (rest!.match(/-?(\d+\.?\d*|\.\d+)/g) ?? []).map(Number);
    if (command === 'M') [x, y, startX, startY] = [a, b, a, b];
    else if (command === 'L') lineTo(a, b);
    else if (command === 'H') lineTo(a, y);
    else if (command === 'V') lineTo(x, a);
    else if (command === 'Z') lineTo(startX, startY);
    else {
      const [fromX, fromY] = [x, y];
      for (let step = 1; step <= CURVE_STEPS; step++) {
        const t = step / CURVE_STEPS;
        const u = 1 - t;
        lineTo(u * u * fromX + 2 * u * t * a + t * t * c, u * u * fromY + 2 * u * t * b + t * t * d);
      }
    }
  }
  return Float64Array.from(segments);
}

/** Distance from a point to the nearest segment; infinite if there is none. */
function distanceTo(segments: Float64Array, x: number, y: number): number {
  let nearest = Infinity;
  for (let i = 0; i < segments.length; i += 4) {
    const ax = segments[i]!;
    const ay = segments[i + 1]!;
    const dx = segments[i + 2]! - ax;
    const dy = segments[i + 3]! - ay;
    const length = dx * dx + dy * dy;
    const along = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length));
    nearest = Math.min(nearest, Math.hypot(x - ax - along * dx, y - ay - along * dy));
  }
  return nearest;
}
