import { BagWriter } from '../../message/bag/bag-writer.js';
import { SegmentationRecorder } from '../../message/bag/segmentation-recorder.js';
import type { OutputName } from '../../message/outputs.js';
import { nativeKernels } from '../../native/kernels.js';
import type { FrameResult } from '../../pipeline/segmenter.js';
import { encodeJpeg } from '../../media/render/encode.js';
import type { OverlayRenderer } from './overlay-renderer.js';
import type { ResultSink } from './sink.js';

export interface BagSinkOptions {
  labels: readonly string[];
  /** Lowest score that is reported. */
  threshold: number;
  /** Whether the input frames go into the bag. */
  images: boolean;
  /** Outputs that do not go into the bag: an instance map has 2 bytes a pixel and frame. @default none */
  omit?: readonly OutputName[] | undefined;
  /** Draws the overlay, if it goes into the bag. */
  overlay?: OverlayRenderer | undefined;
  /** Whether a bag of that name goes. @default false */
  replace?: boolean | undefined;
}

/** The results as a rosbag2 bag, on the topics of the running node. */
export class BagSink implements ResultSink {
  readonly #recorder: SegmentationRecorder;

  private constructor(
    readonly target: string,
    readonly bag: BagWriter,
    readonly options: BagSinkOptions,
  ) {
    this.#recorder = new SegmentationRecorder(bag, { ...options, kernels: nativeKernels() });
  }

  /** @param target an .mcap file, or a folder to be made in rosbag2's layout */
  static async open(target: string, options: BagSinkOptions): Promise<BagSink> {
    return new BagSink(target, await BagWriter.create(target, options.replace), options);
  }

  async write(result: FrameResult): Promise<void> {
    const { images, overlay } = this.options;
    const { frame, segmentation, timings } = result;
    await this.#recorder.record(frame, segmentation, {
      timings,
      frame: images ? frame.frame : undefined,
      overlay: overlay ? await encodeJpeg(overlay.render(result)) : undefined,
    });
  }

  close(): Promise<void> {
    return this.bag.close();
  }
}
