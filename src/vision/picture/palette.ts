/** A color, 8 bits for each channel. */
export type Rgb = readonly [red: number, green: number, blue: number];

export const BLACK: Rgb = [0, 0, 0];
export const WHITE: Rgb = [255, 255, 255];

/**
 * Twenty distinguishable colors, in an order in which neighbors differ most.
 *
 * Chosen by farthest-point search in OKLab (chroma counted 1.6-fold, as hues must differ more than brightness) from
 * colors of lightness 0.60 to 0.88 and chroma 0.13 to 0.24: vivid on photographs, and neither as dark as shadows nor as pale
 * as skies. The first is azure: class 0, person, is the most frequent one, and few objects are azure.
 */
export const PALETTE: readonly Rgb[] = [
  0x1e96ff, 0xf01e00, 0x96f000, 0xff78ff, 0xffb44b, 0x00a578, 0x4bf0ff, 0x965aff, 0xc35a87, 0x969600,
  0xc36900, 0xb496f0, 0x00f0a5, 0x00b400, 0xff96c3, 0xd22db4, 0xd2e178, 0xff8769, 0xff3c87, 0x4bc3ff,
].map((hex): Rgb => [hex >> 16, (hex >> 8) & 0xff, hex & 0xff]);

/** The palette's color for a class or an instance number; any integer, repeating after twenty. */
export function paletteColor(index: number): Rgb {
  const wrapped = Math.trunc(index) % PALETTE.length;
  return PALETTE[wrapped < 0 ? wrapped + PALETTE.length : wrapped] ?? PALETTE[0]!;
}

/** What may determine the color of an instance: `auto` is its own where it is tracked, else that of its class (color-book.ts). */
export const COLORED_BY = ['auto', 'class', 'instance'] as const;
export type ColoredBy = (typeof COLORED_BY)[number];

/** Above this relative luminance (WCAG 2.2) text is black, else white. */
const LIGHT = 0.25;

/**
 * Black or white, whichever is more readable on `background`, at a contrast of at least 3.5 to 1.
 *
 * By WCAG's formula the two are equal at a luminance of 0.179; on the vivid colors just above, the eye still prefers white.
 */
export function textColor(background: Rgb): Rgb {
  const [red, green, blue] = background.map((channel) => {
    const value = channel / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > LIGHT ? BLACK : WHITE;
}
