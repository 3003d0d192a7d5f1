/** What a zone, or a line, has counted of one class. */
export interface ZoneClassCount {
  readonly classId: number;
  /** Objects inside that were seen in the last quarter of a second; lines: 0. */
  readonly present: number;
  /** Objects that came in and went out; lines: that crossed from left to right of its direction, and from right to left. */
  readonly entered: number;
  readonly left: number;
  /** Seconds that those who left have stayed, mean; 0: nobody left. */
  readonly meanDwell: number;
  /** Seconds that the one who is present for longest has stayed; 0: nobody. */
  readonly longestStay: number;
}

/** A zone or line of a camera, and what it has counted since it was set up. */
export interface ZoneCount {
  readonly name: string;
  readonly kind: 'zone' | 'line';
  /** Corners x, y, x, y ... in pixels. */
  readonly corners: ArrayLike<number>;
  /** In the order of their first appearance. */
  readonly classes: readonly ZoneClassCount[];
}

/** An object that came in or went out with a frame. */
export interface ZoneEvent {
  readonly zone: string;
  readonly type: 'entered' | 'left';
  readonly trackId: number;
  readonly classId: number;
  /** Seconds that it has been inside; 0 where it entered, and of lines. */
  readonly dwell: number;
}
