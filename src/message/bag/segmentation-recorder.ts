import { PolygonTracer } from '../../vision/mask/polygon.js';
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

/** Topic of the camera's own images in bags that hold them. */
export const IMAGE_TOPIC = '/camera/image_raw';

export interface RecorderOptions {
  /** Class names by class id. */
  readonly labels: readonly string[];
  /** Least score that is reported, for the label table. */
  readonly threshold: number;
  /** Whether instance maps are written: 2 bytes for each cell of the mask grid, 4 MB for 1080p. @default true */
  readonly instanceMap?: boolean | undefined;
  /** Whether annotations for Foxglove are written. @default true */
  readonly annotations?: boolean | undefined;
}

/** What may go into the bag besides the result. */
export interface RecordExtras {
  readonly timings?: StageTimings | undefined;
  /** The frame itself, for bags that can be looked at by themselves. */
  readonly frame?: Nv12Frame | undefined;
  /** An overlay picture as a JPEG file. */
  readonly overlay?: Uint8Array | undefined;
}

/** Writes results into a bag, on the topics and in the messages of the running node. */
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
  readonly #tracer = new PolygonTracer();

  /** @param bag remains the caller's, who closes it */
  constructor(bag: BagWriter, options: RecorderOptions) {
    const labels = new Labels(options.labels);
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
   * Writes the messages of one frame. Await it: the bag is as fast as the disk.
   *
   * Rejects as BagWriter.write does.
   */
  record(header: FrameHeader, segmentation: Segmentation, extras: RecordExtras = {}): Promise<void> {
    // One frame at a time: each writer has one buffer, which the bag reads until its write has settled.
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
        const cdr = this.#annotations.write(header, segmentation, this.#tracer.outlines(segmentation));
        await bag.write(TOPICS.annotations, this.#annotations.type, cdr, stamp);
      }
      if (extras.overlay !== undefined) {
        const cdr = this.#overlay.write(header, 'jpeg', extras.overlay);
        await bag.write(TOPICS.overlay, this.#overlay.type, cdr, stamp);
      }
    });
  }
}
