import { messageOf } from '../../base/expect.js';
import { type ContentTools, FrameContent } from '../../message/frame-content.js';
import { installedType, isInstalled } from '../../message/installed-type.js';
import { type MessageType, shortName } from '../../message/message-type.js';
import {
  type FrameOutput,
  type Output,
  type OutputContext,
  type OutputPlace,
  outputTopic,
} from '../../message/output.js';
import { FRAME_OUTPUTS, OUTPUTS } from '../../message/outputs.js';
import type { KnownDistance } from '../../message/write/perception-targets.js';
import type { StageTimings } from '../../message/write/stage-timings.js';
import { OutlineTracer } from '../../vision/mask/outlines.js';
import type { Segmentation } from '../../vision/mask/segmentation.js';
import { ColorBook } from '../../vision/picture/color-book.js';
import type { ColorRange } from '../../vision/picture/color-range.js';
import { type FrameHeader, stampFromNanoseconds } from '../../vision/picture/frame-source.js';
import type { Nv12Frame } from '../../vision/picture/nv12-frame.js';
import type { Kernels } from '../../vision/tensor/kernels.js';
import type { RawPublisher, RosNode } from '../ros/ros-node.js';
import { AliveSignal } from './alive-signal.js';
import { InstanceMapOutput } from './instance-map-output.js';
import { OverlayOutput } from './overlay-output.js';

export interface OutputOptions
  extends OutputPlace, Pick<OutputContext, 'trosMasks' | 'coloredBy' | 'classMapSize'> {
  readonly colorRange: ColorRange;
  /** Pixels by which simplification may move the contours of masks. */
  readonly polygonTolerance: () => number;
  /** Milliseconds that may pass without a result. */
  readonly watchdog: () => number;
}

/** The model's labels and name, for messages. */
export interface ModelNames extends Pick<OutputContext, 'labels' | 'modelName' | 'trosTypes'> {
  /** Kernels of the engine, for outlines and other work on masks. */
  readonly kernels?: Kernels | undefined;
}

/** A result and its frame. */
export interface Result {
  readonly header: FrameHeader;
  /** Absent for native subscriptions while the overlay has no subscriber. */
  readonly pixels: Nv12Frame | undefined;
  readonly segmentation: Segmentation;
  readonly timings: StageTimings;
  /** Results of this camera per second. */
  readonly fps: number;
}

/** An output with its publisher. */
interface OpenOutput {
  readonly row: FrameOutput;
  readonly type: MessageType;
  readonly publisher: RawPublisher;
  /** Created again for each model. */
  write: ((content: FrameContent) => Uint8Array) | undefined;
}

/** The topics of one camera's results. Messages without a subscriber are not made. */
export class CameraOutputs {
  readonly overlay: OverlayOutput;
  /** Instance maps as PNG. */
  readonly maps: InstanceMapOutput;
  /** Publishes whether there are results. */
  readonly alive: AliveSignal;
  readonly #publishers: RawPublisher[] = [];
  readonly #outputs: OpenOutput[] = [];
  #tools: ContentTools;

  /**
   * @param missing called with each message type that is not installed, `package/msg/Type`, and the topic that is left out
   * @param rows the outputs for each frame, besides the overlay
   */
  constructor(
    private readonly ros: RosNode,
    private readonly options: OutputOptions,
    missing: (type: string, topic: string) => void,
    rows: readonly FrameOutput[] = FRAME_OUTPUTS,
  ) {
    this.#tools = {
      tracer: new OutlineTracer(),
      tolerance: options.polygonTolerance,
      now: () => stampFromNanoseconds(ros.now()),
    };
    for (const row of rows) {
      const topic = outputTopic(row, options);
      if (topic === undefined) continue;
      if (isInstalled(shortName(row.type))) {
        const type = installedType(shortName(row.type));
        this.#outputs.push({ row, type, publisher: this.#open(row), write: undefined });
      } else missing(row.type, topic);
    }
    this.alive = new AliveSignal(this.#open(OUTPUTS.alive), options.watchdog);
    this.maps = new InstanceMapOutput(this.#open(OUTPUTS.instance_map_compressed), (error) =>
      ros.log.warn(`instance_map/compressed: ${messageOf(error)}`),
    );
    this.overlay = new OverlayOutput(
      this.#open(OUTPUTS.overlay),
      this.#open(OUTPUTS.overlay_compressed),
      options.colorRange,
      (error) => ros.log.warn(`overlay: ${messageOf(error)}`),
    );
  }

  /** Sets the model of all further results. */
  use({ labels, modelName, trosTypes, kernels }: ModelNames): void {
    this.#tools = { ...this.#tools, tracer: new OutlineTracer(kernels) };
    const { trosMasks, coloredBy, classMapSize } = this.options;
    // Of another model, the same numbers are other classes.
    const book = (this.overlay.book = new ColorBook());
    const context = { labels, modelName, trosMasks, trosTypes, coloredBy, classMapSize, book };
    for (const output of this.#outputs) output.write = output.row.open(output.type, context);
  }

  /** @param without an output that is sent later */
  publish({ header, pixels, segmentation, timings, fps }: Result, without?: FrameOutput): void {
    let content: FrameContent | undefined;
    for (const { row, publisher, write } of this.#outputs) {
      if (!write || publisher.subscriptions === 0 || row === without) continue;
      if (row.has?.(segmentation) === false) continue;
      content ??= new FrameContent(header, segmentation, this.#tools, timings, fps);
      publisher.publish(write(content));
    }
    this.maps.publish(header, segmentation);
    if (pixels) this.overlay.publish(header, pixels, segmentation);
    this.alive.result();
  }

  /** Whether PerceptionTargets have a subscriber. */
  get targetsWanted(): boolean {
    return (this.#targets?.publisher.subscriptions ?? 0) > 0;
  }

  /** Publishes PerceptionTargets alone, of a result whose other messages are sent. @param objects where its instances are in space */
  publishTargets(
    { header, segmentation, timings, fps }: Omit<Result, 'pixels'>,
    objects: readonly KnownDistance[] | undefined,
  ): void {
    const { publisher, write } = this.#targets ?? {};
    if (!publisher || !write || publisher.subscriptions === 0) return;
    publisher.publish(write(new FrameContent(header, segmentation, this.#tools, timings, fps, objects)));
  }

  get #targets(): OpenOutput | undefined {
    return this.#outputs.find(({ row }) => row === OUTPUTS.perception_targets);
  }

  /** Waits for pictures that are being compressed. */
  async idle(): Promise<void> {
    await Promise.all([this.overlay.idle(), this.maps.idle()]);
  }

  /** The same, then removes the topics. */
  async destroy(): Promise<void> {
    await this.idle();
    for (const publisher of this.#publishers.splice(0)) publisher.destroy();
  }

  #open(row: Output): RawPublisher {
    const publisher = this.ros.publish(row.type, outputTopic(row, this.options)!, row.qos);
    this.#publishers.push(publisher);
    return publisher;
  }
}
