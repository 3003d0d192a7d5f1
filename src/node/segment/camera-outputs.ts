import { messageOf } from '../../base/expect.js';
import { type Outlines, OutlineTracer } from '../../vision/mask/outlines.js';
import type { Kernels } from '../../vision/tensor/kernels.js';
import type { Segmentation } from '../../vision/mask/segmentation.js';
import type { ColorRange } from '../../vision/picture/color-range.js';
import type { Nv12Frame } from '../../vision/picture/nv12-frame.js';
import { type FrameHeader, stampFromNanoseconds } from '../../vision/picture/frame-source.js';
import { DetectionArrayWriter } from '../../message/write/detection-array.js';
import { ImageAnnotationsWriter } from '../../message/write/image-annotations.js';
import { InstanceArrayWriter } from '../../message/write/instance-array.js';
import { InstanceMapWriter } from '../../message/write/instance-map.js';
import { installedType, isInstalled } from '../../message/installed-type.js';
import type { Labels } from '../../message/write/labels.js';
import type { MessageType } from '../../message/message-type.js';
import { type PerceptionMasks, PerceptionTargetsWriter } from '../../message/write/perception-targets.js';
import type { StageTimings } from '../../message/write/stage-timings.js';
import { paletteColour } from '../../vision/picture/palette.js';
import { AliveSignal } from './alive-signal.js';
import { OverlayOutput } from './overlay-output.js';
import { LATCHED_QOS, PICTURE_QOS, type Qos, RESULT_QOS } from '../../message/qos.js';
import type { RawPublisher, RosNode } from '../ros/ros-node.js';

export interface OutputOptions {
  /** In front of the names of topics: `~/`, or `~/front/` for one of several cameras. */
  readonly prefix: string;
  /** Topic of PerceptionTargets; empty: none. */
  readonly trosTopic: string;
  readonly trosMasks: PerceptionMasks;
  readonly colorRange: ColorRange;
  /** Pixels by which simplification may move the contours of masks. */
  readonly polygonTolerance: () => number;
  /** Milliseconds that may go by without a result. */
  readonly watchdog: () => number;
}

/** What messages say of the model. */
export interface ModelNames {
  readonly labels: Labels;
  /** In front of PerceptionTargets' perfs. */
  readonly name: string;
  /** The engine's, for what is made of masks. */
  readonly kernels?: Kernels | undefined;
}

/** What a result is made of. */
export interface Result {
  readonly header: FrameHeader;
  /** Absent for native cameras while nobody wants an overlay. */
  readonly pixels: Nv12Frame | undefined;
  readonly segmentation: Segmentation;
  readonly timings: StageTimings;
  /** Results of this camera per second. */
  readonly fps: number;
}

/** A topic with its writer, which is made anew for another model. */
class Output<Writer> {
  #writer: Writer | undefined;

  constructor(
    private readonly publisher: RawPublisher,
    private readonly make: (model: ModelNames) => Writer,
  ) {}

  use(model: ModelNames): void {
    this.#writer = this.make(model);
  }

  /** Publishes what `write` makes, unless nobody listens. */
  publish(write: (writer: Writer) => Uint8Array): void {
    if (this.#writer && this.publisher.subscriptions > 0) this.publisher.publish(write(this.#writer));
  }
}

/** The topics of one camera's results. What nobody subscribes to is not made. */
export class CameraOutputs {
  readonly overlay: OverlayOutput;
  /** Whether results come. */
  readonly alive: AliveSignal;
  readonly #publishers: RawPublisher[] = [];
  readonly #outputs: { use(model: ModelNames): void }[] = [];
  readonly #detections: Output<DetectionArrayWriter> | undefined;
  readonly #instances: Output<InstanceArrayWriter> | undefined;
  readonly #instanceMap: Output<InstanceMapWriter> | undefined;
  readonly #annotations: Output<ImageAnnotationsWriter> | undefined;
  readonly #tros: Output<PerceptionTargetsWriter> | undefined;
  readonly #tolerance: () => number;
  #tracer = new OutlineTracer();

  /** @param missing is told each message type that is not installed, `package/Type`, and the topic that is off for it */
  constructor(
    private readonly ros: RosNode,
    { prefix, trosTopic, trosMasks, colorRange, polygonTolerance, watchdog }: OutputOptions,
    missing: (type: string, topic: string) => void,
  ) {
    this.#tolerance = polygonTolerance;
    const open = <Writer>(
      type: string,
      topic: string,
      make: (type: MessageType, model: ModelNames) => Writer,
      qos = RESULT_QOS,
    ): Output<Writer> | undefined => {
      if (!isInstalled(type)) {
        missing(type, topic);
        return undefined;
      }
      const installed = installedType(type);
      const output = new Output(this.#open(type, topic, qos), (model) => make(installed, model));
      this.#outputs.push(output);
      return output;
    };
    this.#detections = open(
      'vision_msgs/Detection2DArray',
      `${prefix}detections`,
      (type, { labels }) => new DetectionArrayWriter(labels, type),
    );
    this.#instances = open(
      'tros_yolo_seg/InstanceArray',
      `${prefix}instances`,
      (type, { labels }) => new InstanceArrayWriter(labels, type),
    );
    this.#instanceMap = open(
      'sensor_msgs/Image',
      `${prefix}instance_map`,
      () => new InstanceMapWriter(),
      PICTURE_QOS,
    );
    this.#annotations = open(
      'foxglove_msgs/ImageAnnotations',
      `${prefix}annotations`,
      (type, { labels }) => new ImageAnnotationsWriter(labels, paletteColour, type),
    );
    if (trosTopic !== '') {
      this.#tros = open(
        'ai_msgs/PerceptionTargets',
        trosTopic,
        (type, { labels, name }) => new PerceptionTargetsWriter(labels, name, trosMasks, type),
      );
    }
    this.alive = new AliveSignal(this.#open('std_msgs/Bool', `${prefix}alive`, LATCHED_QOS), watchdog);
    this.overlay = new OverlayOutput(
      this.#open('sensor_msgs/Image', `${prefix}overlay`, PICTURE_QOS),
      this.#open('sensor_msgs/CompressedImage', `${prefix}overlay/compressed`, PICTURE_QOS),
      colorRange,
      (error) => ros.log.warn(`overlay: ${messageOf(error)}`),
    );
  }

  /** From now on results are those of this model. */
  use(model: ModelNames): void {
    this.#tracer = new OutlineTracer(model.kernels);
    for (const output of this.#outputs) output.use(model);
  }

  publish({ header, pixels, segmentation, timings, fps }: Result): void {
    this.#detections?.publish((writer) => writer.write(header, segmentation));
    this.#instances?.publish((writer) => writer.write(header, segmentation, timings));
    let traced: Outlines | undefined;
    const outlines = (): Outlines =>
      (traced ??= this.#tracer.trace(segmentation, { tolerance: this.#tolerance() }));
    this.#tros?.publish((writer) =>
      writer.write(header, segmentation, {
        fps,
        timings,
        finished: stampFromNanoseconds(this.ros.now()),
        outlines: writer.masks === 'polygons' ? outlines() : undefined,
      }),
    );
    this.#annotations?.publish((writer) => writer.write(header, segmentation, outlines()));
    this.#instanceMap?.publish((writer) => writer.write(header, segmentation));
    if (pixels) this.overlay.publish(header, pixels, segmentation);
    this.alive.result();
  }

  /** Waits for what is still being packed, then takes the topics away. */
  async destroy(): Promise<void> {
    await this.overlay.idle();
    for (const publisher of this.#publishers.splice(0)) publisher.destroy();
  }

  #open(type: string, topic: string, qos: Qos): RawPublisher {
    const publisher = this.ros.publish(type.replace('/', '/msg/'), topic, qos);
    this.#publishers.push(publisher);
    return publisher;
  }
}
