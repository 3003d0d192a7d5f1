import { ExpectationError } from '../../base/expect.js';
import { shrinkToFit } from './encode.js';
import { type Rgb } from '../../vision/picture/palette.js';
import { copyPicture, fillRectangle, rgbPicture, type RgbPicture } from './rgb-picture.js';
import { Typeface } from './text.js';

export interface Tile {
  readonly picture: RgbPicture;
  /** One line below the picture, truncated if too long. */
  readonly caption: string;
}

export interface SheetOptions {
  /** Large, at the top. */
  readonly title: string;
  /** Small, beneath the title. */
  readonly subtitle: string;
  /** Tiles per row. @default 3 */
  readonly columns?: number | undefined;
  /** Width of a tile in pixels; larger pictures are scaled down to it, smaller ones are centered. @default 400 */
  readonly tileWidth?: number | undefined;
}

const PAPER: Rgb = [18, 22, 28];
const TILE_GROUND: Rgb = [10, 12, 16];
const INK: Rgb = [232, 236, 241];
const FAINT_INK: Rgb = [139, 149, 163];
const ACCENT: Rgb = [30, 150, 255];

const MARGIN = 24;
const GAP = 16;
const TITLE = new Typeface(22);
const SMALL = new Typeface(11);
/** Heights of the title strip and of a caption line. */
const HEAD = TITLE.rise + SMALL.rise + 34;
const CAPTION = SMALL.capital + 20;

/**
 * Arranges captioned pictures in rows under a title. Tiles are as high as the highest picture, at most square.
 *
 * Overlays look best if drawn at their final size: call shrinkToFit() on the pictures first, then draw.
 *
 * @throws ExpectationError without tiles, and if the sheet would exceed the maximum size of pictures
 */
export async function contactSheet(tiles: readonly Tile[], options: SheetOptions): Promise<RgbPicture> {
  if (tiles.length === 0) throw new ExpectationError('at least one picture for a contact sheet', 0);
  const tileWidth = options.tileWidth ?? 400;
  const pictures = await Promise.all(tiles.map(({ picture }) => shrinkToFit(picture, tileWidth, tileWidth)));
  const tileHeight = Math.max(...pictures.map(({ height }) => height));
  const columns = Math.min(options.columns ?? 3, tiles.length);
  const rows = Math.ceil(tiles.length / columns);
  const sheet = rgbPicture(
    2 * MARGIN + columns * tileWidth + (columns - 1) * GAP,
    2 * MARGIN + HEAD + rows * (tileHeight + CAPTION) + (rows - 1) * GAP,
  );
  fillRectangle(sheet, 0, 0, sheet.width, sheet.height, PAPER);
  drawHead(sheet, options);
  for (const [index, { caption }] of tiles.entries()) {
    const picture = pictures[index]!;
    const left = MARGIN + (index % columns) * (tileWidth + GAP);
    const top = MARGIN + HEAD + Math.floor(index / columns) * (tileHeight + CAPTION + GAP);
    fillRectangle(sheet, left, top, left + tileWidth, top + tileHeight, TILE_GROUND);
    copyPicture(
      picture,
      sheet,
      left + ((tileWidth - picture.width) >> 1),
      top + ((tileHeight - picture.height) >> 1),
    );
    const baseline = top + tileHeight + ((CAPTION + SMALL.capital) >> 1);
    SMALL.draw(sheet, SMALL.fit(caption, tileWidth), left, baseline, FAINT_INK);
  }
  return sheet;
}

function drawHead(sheet: RgbPicture, { title, subtitle }: SheetOptions): void {
  const bar = 4;
  const left = MARGIN + bar + 12;
  const room = sheet.width - left - MARGIN;
  const titleBaseline = MARGIN + TITLE.capital;
  const subtitleBaseline = titleBaseline + 14 + SMALL.capital;
  fillRectangle(sheet, MARGIN, MARGIN, MARGIN + bar, subtitleBaseline, ACCENT);
  TITLE.draw(sheet, TITLE.fit(title, room), left, titleBaseline, INK);
  SMALL.draw(sheet, SMALL.fit(subtitle, room), left, subtitleBaseline, FAINT_INK);
}
