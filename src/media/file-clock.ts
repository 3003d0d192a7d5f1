import { stampFromSeconds, type Stamp } from '../vision/picture/frame-source.js';

/**
 * Stamp of the first frame of a picture or video file, in seconds: 2024-01-01T00:00:00Z.
 *
 * It is fixed, so that two runs over a file give the same results; the file's date changes with every copy. It is not 0,
 * which ROS understands as "no time" (tf2: the latest available).
 */
export const FILE_EPOCH = 1704067200;

/** Frames per second of files that have no clock of their own: pictures and raw NV12. */
export const DEFAULT_RATE = 10;

/** The stamp `seconds` after FILE_EPOCH; exact to the nanosecond if `seconds` is. */
export function fileStamp(seconds: number): Stamp {
  const { sec, nanosec } = stampFromSeconds(Math.max(0, seconds));
  return { sec: FILE_EPOCH + sec, nanosec };
}
