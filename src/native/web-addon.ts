/** The addon's functions for the live page (native/web). */
export interface WebAddon {
  /** @see duplicateDescriptor */
  duplicateDescriptor(descriptor: number): number;

  /**
   * Finds the contours of masks and adds them to the message of a frame, each behind its instance.
   *
   * @param message of writeFrame(), without contours
   * @param masks of MaskPacker, of the same frame
   * @param tolerance cells by which simplification may move a contour
   * @param leastArea contours that enclose fewer cells are left out
   * @returns new bytes
   */
  addContours(message: Uint8Array, masks: Int32Array, tolerance: number, leastArea: number): Uint8Array;
}
