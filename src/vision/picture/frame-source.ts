import { errorOf } from '../../base/expect.js';
import type { Nv12Frame } from './nv12-frame.js';

/** builtin_interfaces/Time: seconds and nanoseconds since the epoch of the publisher's clock. */
export interface Stamp {
  readonly sec: number;
  /** 0 to 999 999 999. */
  readonly nanosec: number;
}

/** What is known of a frame besides its pixels; copied untouched into every message made from it. */
export interface FrameHeader {
  readonly stamp: Stamp;
  readonly frameId: string;
}

/** One frame of a picture, video, bag or scene. */
export interface SourceFrame extends FrameHeader {
  readonly frame: Nv12Frame;
  /** Where it came from, as the user named it: a path, `scene:`, `bag.mcap#/camera`. */
  readonly source: string;
  /** Position within its source, from 0. */
  readonly index: number;
  /** What may be wrong with it, though it is read. */
  readonly warning?: string | undefined;
}

/** A frame that could not be read; its neighbors still can. */
export interface BadFrame {
  readonly source: string;
  readonly index: number;
  readonly error: Error;
}

/** Frames from files or a generator, in order. Nothing is ever dropped: the reader sets the pace. */
export interface FrameSource {
  /** As the user named it. */
  readonly name: string;
  /** Number of frames where it is known beforehand, for progress bars. */
  readonly count?: number | undefined;
  /** A frame's bytes stay valid until the iteration after next at least (two frames may be in flight); see each source. */
  frames(): AsyncIterable<SourceFrame | BadFrame>;
}

export function isBadFrame(item: object): item is BadFrame {
  return 'error' in item;
}

/** Seconds (a float) as a stamp. */
export function stampFromSeconds(seconds: number): Stamp {
  const sec = Math.floor(seconds);
  const nanosec = Math.min(999_999_999, Math.round((seconds - sec) * 1e9));
  return { sec, nanosec };
}

/** A stamp as nanoseconds, the unit of MCAP log times. */
export function stampToNanoseconds(stamp: Stamp): bigint {
  return BigInt(stamp.sec) * 1_000_000_000n + BigInt(stamp.nanosec);
}

/** Inverse of `stampToNanoseconds`. */
export function stampFromNanoseconds(nanoseconds: bigint): Stamp {
  return {
    sec: Number(nanoseconds / 1_000_000_000n),
    nanosec: Number(nanoseconds % 1_000_000_000n),
  };
}

/** The frames of a source; where it breaks off the error is a bad frame at its end, so that those behind it have their turn. */
export async function* guardedFrames(
  source: FrameSource,
): AsyncGenerator<SourceFrame | BadFrame, void, void> {
  let index = 0;
  try {
    for await (const item of source.frames()) {
      index = item.index + 1;
      yield item;
    }
  } catch (error) {
    yield { source: source.name, index, error: errorOf(error) };
  }
}
