import { OutlineTracer } from '../../vision/mask/outlines.js';
import type { Kernels } from '../../vision/tensor/kernels.js';
import type { Segmentation } from '../../vision/mask/segmentation.js';
import type { Nv12Frame } from '../../vision/picture/nv12-frame.js';
import type { FrameHeader } from '../../vision/picture/frame-source.js';
import { DetectionArrayWriter } from '../write/detection-array.js';
import { ImageAnnotationsWriter } from '../write/image-annotations.js';
import { CompressedImageWriter, ImageWriter } from '../write/image.js';
import { InstanceArrayWriter } from '../write/instance-array.js';
import { InstanceMapWriter } from '../write/instance-map.js';
import { LabelInfoWriter } from '../write/label-info.js';
import { Labels } from '../write/labels.js';
import type { StageTimings } from '../write/stage-timings.js';
import { TOPICS } from '../topics.js';
import { paletteColor } from '../../vision/picture/palette.js';
import type { BagWriter } from './bag-writer.js';
import { SerialQueue } from '../../base/serial-queue.js';

/** Topic of the camera images in bags that contain them. */
export const IMAGE_TOPIC = '/camera/image_raw';

export interface RecorderOptions {
  /** Class names by class id. */
  readonly labels: readonly string[];
  /** Minimum score that is reported, for the label table. */
  readonly threshold: number;
  /** Whether to write instance maps: 2 bytes for each cell of the mask grid, 4 MB for 1080p. @default true */
  readonly instanceMap?: boolean | undefined;
  /** Whether to write annotations for Foxglove. @default true */
  readonly annotations?: boolean | undefined;
  /** A faster form of tracing contours. */
  readonly kernels?: Kernels | undefined;
}

/** Optional additions to the result. */
export interface RecordExtras {
  readonly timings?: StageTimings | undefined;
  /** The frame itself, for bags that can be viewed on their own. */
  readonly frame?: Nv12Frame | undefined;
  /** An overlay picture as a JPEG file. */
  readonly overlay?: Uint8Array | undefined;
}

/** Writes results to a bag, with the topics and messages of the running node. */
export class SegmentationRecorder {
  readonly #bag: BagWriter;
  readonly #labels: Labels;
  readonly #threshold: number;
  readonly #queue = new SerialQueue();
  #labelInfoWritten = false;

  readonly #detections: DetectionArrayWriter;
  readonly #instances: InstanceArrayWriter;
  readonly #instanceMap: InstanceMapWriter | undefined;
  readonly #annotations: ImageAnnotationsWriter | undefined;
  readonly #image = new ImageWriter();
  readonly #overlay = new CompressedImageWriter();
  readonly #tracer: OutlineTracer;

  /** @param bag owned by the caller, who closes it */
  constructor(bag: BagWriter, options: RecorderOptions) {
    const labels = new Labels(options.labels);
    this.#tracer = new OutlineTracer(options.kernels);
    this.#bag = bag;
    this.#labels = labels;
    this.#threshold = options.threshold;
    this.#detections = new DetectionArrayWriter(labels);
    this.#instances = new InstanceArrayWriter(labels);
    this.#instanceMap = options.instanceMap === false ? undefined : new InstanceMapWriter();
    this.#annotations =
      options.annotations === false ? undefined : new ImageAnnotationsWriter(labels, paletteColor);
  }

  /**
   * Writes the messages of one frame. Await it, because the disk limits the speed.
   *
   * Rejects like BagWriter.write.
   */
  record(header: FrameHeader, segmentation: Segmentation, extras: RecordExtras = {}): Promise<void> {
    // Writes one message at a time: each writer has one buffer, which the bag reads until its write has settled.
    return this.#queue.run(async () => {
      const bag = this.#bag;
      const { stamp } = header;
      if (!this.#labelInfoWritten) {
        const writer = new LabelInfoWriter();
        const cdr = writer.write(header, this.#labels, this.#threshold);
        await bag.write(TOPICS.labelInfo, writer.type, cdr, stamp, 'transient_local');
        this.#labelInfoWritten = true;
      }
      if (extras.frame !== undefined) {
        const cdr = this.#image.writeNv12(header, extras.frame);
        await bag.write(IMAGE_TOPIC, this.#image.type, cdr, stamp);
      }
      const detections = this.#detections.write(header, segmentation);
      await bag.write(TOPICS.detections, this.#detections.type, detections, stamp);
      const instances = this.#instances.write(header, segmentation, extras.timings);
      await bag.write(TOPICS.instances, this.#instances.type, instances, stamp);
      if (this.#instanceMap !== undefined) {
        const cdr = this.#instanceMap.write(header, segmentation);
        await bag.write(TOPICS.instanceMap, this.#instanceMap.type, cdr, stamp);
      }
      if (this.#annotations !== undefined) {
        const cdr = this.#annotations.write(header, segmentation, this.#tracer.trace(segmentation));
        await bag.write(TOPICS.annotations, this.#annotations.type, cdr, stamp);
      }
      if (extras.overlay !== undefined) {
        const cdr = this.#overlay.write(header, 'jpeg', extras.overlay);
        await bag.write(TOPICS.overlay, this.#overlay.type, cdr, stamp);
      }
    });
  }
}
