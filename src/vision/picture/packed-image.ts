/** Bytes per pixel in each format; for yuyv and uyvy, whose pixels come in pairs, half the bytes of a pair. */
export const BYTES_PER_PIXEL = {
  ...{ rgb8: 3, bgr8: 3, rgba8: 4, bgra8: 4, mono8: 1, mono16: 2, yuyv: 2, uyvy: 2 },
} as const;

/** Formats of interleaved pixels, by their ROS names (sensor_msgs/image_encodings). Alpha is ignored. */
export type PackedFormat = keyof typeof BYTES_PER_PIXEL;

/** A picture of interleaved pixels as a view of existing bytes. Only yuyv and uyvy need an even width. */
export interface PackedImage {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly format: PackedFormat;
  /** Bytes from one row to the next; rows are packed if absent. */
  readonly step?: number;
  /** Offset in `data` of the first pixel. @default 0 */
  readonly offset?: number;
  /** For mono16: the value that is shown as white, 1 to 65535. @default 65535 */
  readonly white?: number;
  /** For mono16: whether the high byte comes first. @default false */
  readonly bigEndian?: boolean;
}
