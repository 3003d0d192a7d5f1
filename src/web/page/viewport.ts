/** The part of a picture that its canvas shows. */
export interface Viewport {
  /** 1: all of it; 2: half of its width and height. */
  readonly scale: number;
  /** The left and upper edge, as shares of the picture. */
  readonly x: number;
  readonly y: number;
}

export const WHOLE: Viewport = { scale: 1, x: 0, y: 0 };
/** A pixel of a picture 1920 wide is then some ten pixels on a screen. */
const MOST_SCALE = 16;

/**
 * Zooms in or out around a place that stays where it is.
 *
 * @param factor above 1: in
 * @param x share of the canvas from the left; `y` from above
 */
export function zoomed(view: Viewport, factor: number, x: number, y: number): Viewport {
  const scale = Math.min(MOST_SCALE, Math.max(1, view.scale * factor));
  const apart = 1 / view.scale - 1 / scale;
  return within({ scale, x: view.x + x * apart, y: view.y + y * apart });
}

/** Moves what is seen; `x` and `y` are shares of the canvas by which the picture goes left and up. */
export function moved(view: Viewport, x: number, y: number): Viewport {
  return within({ scale: view.scale, x: view.x + x / view.scale, y: view.y + y / view.scale });
}

/** Centers a point of the picture, given as shares of it, unless it is visible anyway. */
export function showing(view: Viewport, x: number, y: number): Viewport {
  const seen = (at: number, from: number): boolean => at >= from && at <= from + 1 / view.scale;
  if (seen(x, view.x) && seen(y, view.y)) return view;
  return within({ scale: view.scale, x: x - 0.5 / view.scale, y: y - 0.5 / view.scale });
}

function within({ scale, x, y }: Viewport): Viewport {
  const most = 1 - 1 / scale;
  return { scale, x: Math.min(most, Math.max(0, x)), y: Math.min(most, Math.max(0, y)) };
}
