import { errorOf } from '../../base/expect.js';
import type { Nv12Frame } from './nv12-frame.js';

/** builtin_interfaces/Time: seconds and nanoseconds since the epoch of the publisher's clock. */
export interface Stamp {
  readonly sec: number;
  /** 0 to 999 999 999. */
  readonly nanosec: number;
}

/** Stamp and frame_id of a frame; copied unchanged into every message made from it. */
export interface FrameHeader {
  readonly stamp: Stamp;
  readonly frameId: string;
}

/** One frame of a picture, video, bag or scene. */
export interface SourceFrame extends FrameHeader {
  readonly frame: Nv12Frame;
  /** Its source as given by the user: a path, `scene:`, `bag.mcap#/camera`. */
  readonly source: string;
  /** Position within its source, from 0. */
  readonly index: number;
  /** A possible problem, although it can be read. */
  readonly warning?: string | undefined;
}

/** A frame that could not be read; others still can. */
export interface BadFrame {
  readonly source: string;
  readonly index: number;
  readonly error: Error;
}

/** Frames in order. None is dropped, as the consumer sets the pace; only live sources have newer ones in their place, and count them. */
export interface FrameSource {
  /** Its name as given by the user. */
  readonly name: string;
  /** Number of frames if it is known in advance, for progress bars. */
  readonly count?: number | undefined;
  /** Frames per second, if it has a rate. */
  readonly rate?: number | undefined;
  /** Whether it is a picture file rather than a recording. */
  readonly still?: boolean | undefined;
  /** Frames so far that came and went before they were asked for. @default 0 */
  readonly dropped?: number | undefined;
  /** A frame's bytes are valid at least until the iteration after next (two frames may be in flight); see each source. */
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

/** The frames of a source. If it fails, the error becomes a bad frame at its end, so that the next sources are still read. */
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
