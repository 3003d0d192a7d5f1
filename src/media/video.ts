import { parse } from 'node:path';
import { ExpectationError, errorOf } from '../base/expect.js';
import type { BadFrame, FrameSource, SourceFrame } from '../vision/picture/frame-source.js';
import { FfmpegFrames } from './ffmpeg-frames.js';
import { fileStamp } from './file-clock.js';
import { inputArguments, probeVideo, type VideoFormat, type VideoInfo } from './video-probe.js';

/**
 * A video file, decoded by the program ffmpeg to full-range BT.601 NV12, via RGB if its size is odd. frame_id is the file's
 * name without its suffix.
 *
 * Every decoded frame is yielded once, with its own presentation time (also for variable frame rates), turned upright, in
 * the size with which the video begins. Frames arrive through a pipe into a ring: a frame stays valid for the next
 * RING_FRAMES - 1 iterations. ffmpeg waits when the reader does, and is ended with the iteration. Errors of ffmpeg become a
 * BadFrame after the decoded frames.
 */
export class VideoSource implements FrameSource {
  readonly count: number | undefined;
  readonly rate: number;

  private constructor(
    readonly name: string,
    private readonly info: VideoInfo,
    private readonly format: VideoFormat,
  ) {
    this.count = info.count;
    this.rate = info.rate;
  }

  /** @throws ExpectationError when ffmpeg is not installed or the file contains no video */
  static async open(path: string, format: VideoFormat = {}): Promise<VideoSource> {
    return new VideoSource(path, await probeVideo(path, format), format);
  }

  async *frames(): AsyncGenerator<SourceFrame | BadFrame, void, void> {
    const ffmpeg = new FfmpegFrames(inputArguments(this.name, this.format), this.info);
    const frameId = parse(this.name).name;
    let index = 0;
    try {
      for await (const { frame, seconds } of ffmpeg.frames()) {
        yield { frame, source: this.name, index: index++, stamp: fileStamp(seconds), frameId };
      }
      const complaint = await ffmpeg.complaint();
      if (complaint !== undefined || index === 0) {
        const error = new ExpectationError(
          `${this.name} to be decoded to its end`,
          `${index} frames, then: ${complaint ?? 'nothing more'}`,
          'The file is truncated or damaged.',
        );
        yield { source: this.name, index, error };
      }
    } catch (error) {
      yield { source: this.name, index, error: errorOf(error) };
    } finally {
      await ffmpeg.end();
    }
  }
}
