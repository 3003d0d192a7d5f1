import { type ColoredBy, PALETTE, paletteColor, type Rgb } from './palette.js';

/** What is asked of an instance. */
export interface Colored {
  readonly classId: number;
  readonly trackId?: number | undefined;
}

/**
 * Chooses the colors of a camera's instances, so that classes and tracked objects that are in a picture together have different ones
 * as long as the palette has enough.
 *
 * Each has the palette's color of its number where it can: class 0 is azure in every picture. Where that is taken (class 20 beside class
 * 0), it gets the free color that differs most from those in use, and keeps it: what has been seen lately does not change its color.
 * Everything that shows the same frames in the same order chooses the same.
 */
export class ColorBook {
  readonly #pages = new Map<ColoredBy, Page>();

  /** @returns a color for each instance. Call it once for each frame, or more often for the same frame */
  colors(by: ColoredBy, instances: readonly Colored[]): readonly Rgb[] {
    let page = this.#pages.get(by);
    if (!page) this.#pages.set(by, (page = new Page()));
    page.begin(instances.map((instance, rank) => keyOf(by, instance, rank)));
    return instances.map((instance, rank) => page.colorOf(keyOf(by, instance, rank)));
  }
}

/** A number for whatever has one color: objects from 0 on, classes below. */
function keyOf(by: ColoredBy, { classId, trackId = 0 }: Colored, rank: number): number {
  if (by !== 'class' && trackId > 0) return trackId;
  return by === 'instance' ? -1 - rank - RANKS : -1 - classId;
}
/** Beyond all class ids. */
const RANKS = 1 << 20;

/** The place in the palette that a number has in itself. */
function ownSlot(key: number): number {
  return (key >= 0 ? key : (-1 - key) % RANKS) % PALETTE.length;
}

class Page {
  /** The slot of the palette that each key has. */
  readonly #slots = new Map<number, number>();
  /** For each slot its key and the frame in which that was seen last. */
  readonly #holders = PALETTE.map((): { key: number | undefined; seen: number } => ({
    key: undefined,
    seen: 0,
  }));
  #frame = 0;

  /** Takes the keys of a frame in. Better scores come first, so that they keep their own colors. */
  begin(keys: readonly number[]): void {
    this.#frame++;
    for (const key of keys) {
      const slot = this.#slots.get(key);
      if (slot !== undefined) this.#holders[slot]!.seen = this.#frame;
    }
    for (const key of keys) if (!this.#slots.has(key)) this.#take(key);
  }

  colorOf(key: number): Rgb {
    return PALETTE[this.#slots.get(key) ?? ownSlot(key)] ?? paletteColor(0);
  }

  #take(key: number): void {
    const holders = this.#holders;
    const own = ownSlot(key);
    let slot = own;
    if (holders[own]!.key !== undefined) {
      const free = holders.flatMap(({ key: held }, i) => (held === undefined ? [i] : []));
      const used = holders.flatMap(({ seen }, i) => (seen === this.#frame ? [i] : []));
      if (free.length > 0) slot = farthest(free, used);
      else {
        // Whatever was not seen for longest gives its color up; if all are in the picture, they share.
        const oldest = Math.min(...holders.map(({ seen }) => seen));
        if (oldest === this.#frame) return;
        slot = holders.findIndex(({ seen }) => seen === oldest);
      }
    }
    const { key: before } = holders[slot]!;
    if (before !== undefined) this.#slots.delete(before);
    this.#slots.set(key, slot);
    holders[slot] = { key, seen: this.#frame };
  }
}

/** The slot among `free` whose color differs most from the nearest of those in use. */
function farthest(free: readonly number[], used: readonly number[]): number {
  let best = free[0]!;
  let most = -1;
  for (const slot of free) {
    const least = Math.min(...used.map((other) => difference(PALETTE[slot]!, PALETTE[other]!)));
    if (least > most) [best, most] = [slot, least];
  }
  return best;
}

/** How different two colors look: their squared distance in OKLab, where hues count more than lightness, as for the palette. */
export function difference(a: Rgb, b: Rgb): number {
  const [p, q] = [okLab(a), okLab(b)];
  return (p[0] - q[0]) ** 2 + (1.6 * (p[1] - q[1])) ** 2 + (1.6 * (p[2] - q[2])) ** 2;
}

/** OKLab (Björn Ottosson, 2020) of an sRGB color. */
function okLab(color: Rgb): [number, number, number] {
  const [r, g, b] = color.map((channel) => {
    const value = channel / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}
