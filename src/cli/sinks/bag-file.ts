import { BagWriter } from '../../message/bag/bag-writer.js';
import type { BagCompression } from '../../message/bag/chunk-compression.js';
import { SegmentationRecorder } from '../../message/bag/segmentation-recorder.js';
import type { BagOutputName } from '../../message/outputs.js';
import { nativeKernels } from '../../native/kernels.js';
import type { FrameResult } from '../../pipeline/segmenter.js';
import { encodeJpeg } from '../../media/render/encode.js';
import { framePicture } from '../../media/render/overlay.js';
import type { ColorRange } from '../../vision/picture/color-range.js';
import type { ColoredBy } from '../../vision/picture/palette.js';
import type { OverlayRenderer } from './overlay-renderer.js';
import type { ResultSink } from './sink.js';

export interface BagSinkOptions {
  labels: readonly string[];
  /** Minimum score that is reported. */
  threshold: number;
  /** Ids of the classes that are reported. @default all */
  classes?: readonly number[] | undefined;
  /** Whether to write the input frames. */
  images: boolean;
  /** Whether to write them as JPEG, too. @default false */
  jpeg?: boolean | undefined;
  /** Range of the frames' colors, for JPEG. */
  range?: ColorRange | undefined;
  /** @default 'zstd' */
  compression?: BagCompression | undefined;
  /** Outputs to leave out: instance maps take 2 bytes per pixel and frame. @default none */
  omit?: readonly BagOutputName[] | undefined;
  /** What determines the colors of annotations. @default 'auto' */
  coloredBy?: (() => ColoredBy) | undefined;
  /** Draws the overlay, if the bag contains it. */
  overlay?: OverlayRenderer | undefined;
  /** Whether to replace a bag of that name. @default false */
  replace?: boolean | undefined;
}

/** Of camera pictures: what a camera with JPEG output sends. */
const JPEG_QUALITY = 80;

/** Writes the results to a rosbag2 bag, with the topics of the running node. */
export class BagSink implements ResultSink {
  readonly #recorder: SegmentationRecorder;

  private constructor(
    readonly target: string,
    readonly bag: BagWriter,
    readonly options: BagSinkOptions,
  ) {
    this.#recorder = new SegmentationRecorder(bag, { ...options, kernels: nativeKernels() });
  }

  /** @param target an .mcap file, or a folder to create in rosbag2's layout */
  static async open(target: string, options: BagSinkOptions): Promise<BagSink> {
    return new BagSink(
      target,
      await BagWriter.create(target, options.replace, options.compression ?? 'zstd'),
      options,
    );
  }

  async write(result: FrameResult): Promise<void> {
    const { images, jpeg, range, overlay } = this.options;
    const { frame, segmentation, timings, depth } = result;
    await this.#recorder.record(frame, segmentation, {
      timings,
      depth,
      frame: images ? frame.frame : undefined,
      jpeg: jpeg ? await encodeJpeg(framePicture(frame.frame, segmentation, range), JPEG_QUALITY) : undefined,
      overlay: overlay ? await encodeJpeg(overlay.render(result)) : undefined,
    });
  }

  close(): Promise<void> {
    return this.bag.close();
  }
}
