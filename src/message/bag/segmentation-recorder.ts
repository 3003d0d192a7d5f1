import { expectOneOf } from '../../base/expect.js';
import { SerialQueue } from '../../base/serial-queue.js';
import { OutlineTracer } from '../../vision/mask/outlines.js';
import type { Segmentation } from '../../vision/mask/segmentation.js';
import type { FrameHeader } from '../../vision/picture/frame-source.js';
import type { Nv12Frame } from '../../vision/picture/nv12-frame.js';
import type { Kernels } from '../../vision/tensor/kernels.js';
import type { DepthContent } from '../depth-content.js';
import { type ContentTools, FrameContent } from '../frame-content.js';
import { messageType, type MessageType, shortName } from '../message-type.js';
import { bagTopic, type FrameOutput, type ModelOutput, type Output } from '../output.js';
import {
  BAG_OUTPUT_NAMES,
  type BagOutputName,
  DEPTH_OUTPUTS,
  FRAME_OUTPUTS,
  MODEL_OUTPUTS,
  OUTPUTS,
} from '../outputs.js';
import { ColorBook } from '../../vision/picture/color-book.js';
import type { ColoredBy } from '../../vision/picture/palette.js';
import { CompressedImageWriter, ImageWriter } from '../write/image.js';
import { Labels } from '../write/labels.js';
import type { StageTimings } from '../write/stage-timings.js';
import type { BagWriter } from './bag-writer.js';

/** Topics of the camera images in bags that contain them: as they are, and as JPEG. */
export const IMAGE_TOPIC = '/camera/image_raw';
export const JPEG_TOPIC = `${IMAGE_TOPIC}/compressed`;

export interface RecorderOptions {
  /** Class names by class id. */
  readonly labels: readonly string[];
  /** Minimum score that is reported, for the label table. */
  readonly threshold: number;
  /** Ids of the classes that are reported, for the label table. @default all */
  readonly classes?: readonly number[] | undefined;
  /** Outputs that are left out: `instance_map` has 2 bytes for each cell of the mask grid, 4 MB for 1080p. @default none */
  readonly omit?: readonly BagOutputName[] | undefined;
  /** A faster form of tracing contours. */
  readonly kernels?: Kernels | undefined;
  /** As in the overlay; asked for each frame. @default 'auto' */
  readonly coloredBy?: (() => ColoredBy) | undefined;
}

/** Optional additions to the result. */
export interface RecordExtras {
  readonly timings?: StageTimings | undefined;
  /** The frame itself, for bags that can be viewed on their own. */
  readonly frame?: Nv12Frame | undefined;
  /** The same as a JPEG file. */
  readonly jpeg?: Uint8Array | undefined;
  /** An overlay picture as a JPEG file. */
  readonly overlay?: Uint8Array | undefined;
  /** Where the instances are in space. */
  readonly depth?: DepthContent | undefined;
}

interface RecordedOutput<Content> {
  readonly topic: string;
  readonly type: MessageType;
  /** Absent: every frame has it. */
  readonly has?: FrameOutput['has'];
  readonly write: (content: Content) => Uint8Array;
}

/** Writes results to a bag, with the topics and messages of the running node. */
export class SegmentationRecorder {
  readonly #bag: BagWriter;
  readonly #labels: Labels;
  readonly #score: number;
  readonly #classes: readonly number[] | undefined;
  readonly #queue = new SerialQueue();
  #modelWritten = false;

  readonly #outputs: readonly RecordedOutput<FrameContent>[];
  readonly #depthOutputs: readonly RecordedOutput<DepthContent>[];
  readonly #modelOutputs: readonly ModelOutput[];
  readonly #image = new ImageWriter();
  readonly #jpeg = new CompressedImageWriter();
  readonly #overlay = new CompressedImageWriter();
  readonly #tools: ContentTools;

  /** @param bag the caller owns it and closes it */
  constructor(bag: BagWriter, options: RecorderOptions) {
    const { labels: names, threshold, classes, omit = [], kernels, coloredBy = () => 'auto' } = options;
    const labels = new Labels(names);
    this.#bag = bag;
    this.#labels = labels;
    this.#score = threshold;
    this.#classes = classes;
    this.#tools = { tracer: new OutlineTracer(kernels) };
    const book = new ColorBook();
    const omitted = omit.map((name): Output => OUTPUTS[expectOneOf('omit', name, BAG_OUTPUT_NAMES)]);
    this.#modelOutputs = MODEL_OUTPUTS.filter((row) => row.inBags && !omitted.includes(row));
    this.#outputs = FRAME_OUTPUTS.filter((row) => row.inBags && !omitted.includes(row)).map((row) => {
      const type = messageType(shortName(row.type));
      const write = row.open(type, {
        ...{ labels, modelName: '', trosMasks: 'none' },
        coloredBy,
        book,
        classMapSize: () => 'picture',
      });
      return { topic: bagTopic(row), type, has: row.has, write };
    });
    this.#depthOutputs = DEPTH_OUTPUTS.filter((row) => row.inBags && !omitted.includes(row)).map((row) => {
      const type = messageType(shortName(row.type));
      return { topic: bagTopic(row), type, write: row.open(type, { labels }) };
    });
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
      await this.#writeModel(header);
      if (extras.frame !== undefined) {
        const cdr = this.#image.writeNv12(header, extras.frame);
        await bag.write(IMAGE_TOPIC, this.#image.type, cdr, stamp);
      }
      if (extras.jpeg !== undefined) {
        const cdr = this.#jpeg.write(header, 'jpeg', extras.jpeg);
        await bag.write(JPEG_TOPIC, this.#jpeg.type, cdr, stamp);
      }
      const content = new FrameContent(header, segmentation, this.#tools, extras.timings);
      for (const { topic, type, has, write } of this.#outputs) {
        if (has?.(segmentation) ?? true) await bag.write(topic, type, write(content), stamp);
      }
      if (extras.depth) {
        for (const { topic, type, write } of this.#depthOutputs)
          await bag.write(topic, type, write(extras.depth), extras.depth.header.stamp);
      }
      if (extras.overlay !== undefined) {
        const cdr = this.#overlay.write(header, 'jpeg', extras.overlay);
        await bag.write(bagTopic(OUTPUTS.overlay_compressed), this.#overlay.type, cdr, stamp);
      }
    });
  }

  /**
   * The same for a live result, which is overwritten before the disk is ready: its messages are made at once, and copied.
   *
   * @param content read during the call only
   * @param picture the camera's frame as a JPEG file
   */
  recordContent(content: FrameContent, picture?: Promise<Uint8Array>): Promise<void> {
    const { stamp, frameId } = content.header;
    const header = { stamp: { ...stamp }, frameId };
    const messages = this.#outputs
      .filter(({ has }) => has?.(content.segmentation) ?? true)
      .map(({ topic, type, write }) => ({ topic, type, cdr: write(content).slice() }));
    return this.#queue.run(async () => {
      await this.#writeModel(header);
      if (picture !== undefined) {
        const cdr = this.#overlay.write(header, 'jpeg', await picture);
        await this.#bag.write(JPEG_TOPIC, this.#overlay.type, cdr, header.stamp);
      }
      for (const { topic, type, cdr } of messages) await this.#bag.write(topic, type, cdr, header.stamp);
    });
  }

  /** Once, before the first frame. */
  async #writeModel(header: FrameHeader): Promise<void> {
    if (this.#modelWritten) return;
    for (const row of this.#modelOutputs) {
      const type = messageType(shortName(row.type));
      const content = { header, labels: this.#labels, score: this.#score, classes: this.#classes };
      const cdr = row.open(type)(content);
      await this.#bag.write(bagTopic(row), type, cdr, header.stamp, row.qos.durability);
    }
    this.#modelWritten = true;
  }
}
