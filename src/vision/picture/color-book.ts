import { type ColoredBy, PALETTE, type Rgb } from './palette.js';

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

  /**
   * Call it once for each frame, or more often for the same frame.
   *
   * @returns a color for each instance, valid until the next call
   */
  colors(by: ColoredBy, instances: readonly Colored[]): readonly Rgb[] {
    let page = this.#pages.get(by);
    if (!page) this.#pages.set(by, (page = new Page(by)));
    return page.colors(instances);
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

/** The colors by one of the ways to choose them. Nothing is allocated for a frame without anything new. */
class Page {
  /** The slot of the palette that each key has. */
  readonly #slots = new Map<number, number>();
  /** For each slot its key and the frame in which that was seen last. */
  readonly #holders = PALETTE.map((): { key: number | undefined; seen: number } => ({
    key: undefined,
    seen: 0,
  }));
  #frame = 0;
  readonly #colors: Rgb[] = [];

  constructor(private readonly by: ColoredBy) {}

  /** Better scores come first, so that they keep their own colors. */
  colors(instances: readonly Colored[]): readonly Rgb[] {
    const { by } = this;
    this.#frame++;
    for (let rank = 0; rank < instances.length; rank++) {
      const slot = this.#slots.get(keyOf(by, instances[rank]!, rank));
      if (slot !== undefined) this.#holders[slot]!.seen = this.#frame;
    }
    for (let rank = 0; rank < instances.length; rank++) {
      const key = keyOf(by, instances[rank]!, rank);
      if (!this.#slots.has(key)) this.#take(key);
    }
    const colors = this.#colors;
    colors.length = instances.length;
    for (let rank = 0; rank < instances.length; rank++) {
      const key = keyOf(by, instances[rank]!, rank);
      colors[rank] = PALETTE[this.#slots.get(key) ?? ownSlot(key)]!;
    }
    return colors;
  }

  #take(key: number): void {
    const holders = this.#holders;
    let slot = ownSlot(key);
    if (holders[slot]!.key !== undefined) {
      if (holders.some(({ key: held }) => held === undefined)) slot = this.#farthest();
      else {
        // Whatever was not seen for longest gives its color up; if all are in the picture, they share.
        slot = 0;
        for (let i = 1; i < holders.length; i++) if (holders[i]!.seen < holders[slot]!.seen) slot = i;
        if (holders[slot]!.seen === this.#frame) return;
      }
    }
    const holder = holders[slot]!;
    if (holder.key !== undefined) this.#slots.delete(holder.key);
    this.#slots.set(key, slot);
    holder.key = key;
    holder.seen = this.#frame;
  }

  /** The free slot whose color differs most from the nearest of those in use. */
  #farthest(): number {
    const free = this.#holders.flatMap(({ key }, i) => (key === undefined ? [i] : []));
    const used = this.#holders.flatMap(({ seen }, i) => (seen === this.#frame ? [i] : []));
    let best = free[0]!;
    let most = -1;
    for (const slot of free) {
      const least = Math.min(...used.map((other) => difference(PALETTE[slot]!, PALETTE[other]!)));
      if (least > most) [best, most] = [slot, least];
    }
    return best;
  }
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
