import type { Region } from '../picture/region.js';
import type { ZoneCount, ZoneEvent } from './zone-counts.js';

/** Box corners in source pixels, continuous coordinates, x1 <= x2, y1 <= y2, clipped to the picture. */
export interface Box {
  x1: number;
  y1: number;
  x2: number;
  y2: number;
}

/**
 * The mask of one instance as a crop bitmap on the mask grid.
 *
 * The grid covers the whole picture with `maskWidth` x `maskHeight` cells (see Segmentation); at source
 * resolution a cell is a pixel. Cells outside the crop are 0.
 */
export interface Mask {
  /** Left column and top row of the crop on the grid. */
  x: number;
  y: number;
  /** Size of the crop; 0 x 0 if the mask is empty. */
  width: number;
  height: number;
  /** Row-major, width * height bytes, 1 inside and 0 outside. The decoder's masks make it on first access. */
  readonly data: Uint8Array;
  /**
   * The same as runs, if they are known: pairs of the first cell inside and one past the last, cells counted through the
   * crop row by row. Adjacent runs are joined, even from the end of a row to the next.
   */
  readonly runs?: Int32Array | undefined;
}

/** Where an instance is. */
export interface Shape {
  readonly box: Box;
  readonly mask: Mask;
}

export interface Instance {
  classId: number;
  /** Probability, 0 to 1. */
  score: number;
  box: Box;
  mask: Mask;
  /** The object's number, the same in every frame (vision/track); absent or 0: it has none. */
  trackId?: number | undefined;
  /** The shape as found in this frame, where `box` and `mask` are smoothed over time (vision/track): what hides the object covers both. */
  found?: Shape | undefined;
}

/** An object that is no longer looked for. */
export interface EndedTrack {
  readonly trackId: number;
  readonly classId: number;
}

/** The instances of one frame, best score first. */
export interface Segmentation {
  /** Size of the picture in pixels. */
  readonly width: number;
  readonly height: number;
  /** Size of the mask grid: that of the picture, or a coarser one on request. */
  readonly maskWidth: number;
  readonly maskHeight: number;
  readonly instances: readonly Instance[];
  /** Objects with a trackId that were given up with this frame: their ids do not come again. */
  readonly ended?: readonly EndedTrack[] | undefined;
  /** Zones and lines of the camera, and who came in and went out with this frame. */
  readonly zones?: readonly ZoneCount[] | undefined;
  readonly zoneEvents?: readonly ZoneEvent[] | undefined;
  /** The region of interest, if it is not the whole picture. */
  readonly region?: Region | undefined;
}
