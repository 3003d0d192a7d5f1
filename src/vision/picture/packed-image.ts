/** Bytes of a pixel in each format; of yuyv and uyvy, whose pixels come in pairs, half of a pair's. */
export const BYTES_PER_PIXEL = {
  ...{ rgb8: 3, bgr8: 3, rgba8: 4, bgra8: 4, mono8: 1, mono16: 2, yuyv: 2, uyvy: 2 },
} as const;

/** Pixels that lie one by one, by their ROS names (sensor_msgs/image_encodings). Alpha is not looked at. */
export type PackedFormat = keyof typeof BYTES_PER_PIXEL;

/** A picture of interleaved pixels as a view on somebody's bytes. Only yuyv and uyvy need an even width. */
export interface PackedImage {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly format: PackedFormat;
  /** Bytes from one row to the next; packed rows where absent. */
  readonly step?: number;
  /** Offset in `data` of the first pixel; 0 where absent. */
  readonly offset?: number;
  /** Of mono16: the value that is white, 1 to 65535. @default 65535 */
  readonly white?: number;
  /** Of mono16: whether the high byte comes first. @default false */
  readonly bigEndian?: boolean;
}
