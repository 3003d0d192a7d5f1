import { steadyClock } from '../../base/clock.js';
import type { CameraFrameInfo } from '../../engine/engine.js';
import { blurredClasses } from '../../model/blurred-classes.js';
import type { NativeCamera } from '../../native/camera.js';
import type { SegmentParameters } from '../../parameters/segment.js';
import type { CameraCounts } from '../../pipeline/live-segmenter.js';
import { TrackIds } from '../../vision/track/tracker.js';
import type { ZoneShape } from '../../vision/track/zone-shape.js';
import type { RosNode } from '../ros/ros-node.js';
import {
  cameraNames,
  forEachCamera,
  placedTopics,
  regionsOfInterest,
  zonesOfCameras,
} from './camera-names.js';
import { CameraStream } from './camera-stream.js';
import type { DepthStreamOptions } from './depth-stream.js';
import { type LoadedModel, maskedClasses, trackingOptions } from './loaded-model.js';
import type { NativeSubscriptions } from './native-subscriptions.js';
import { outputPlaces, outputSettings } from './output-settings.js';
import type { ReceivedImage } from './received-image.js';
import { TransformFeed } from './transform-feed.js';

/** The receiver of the frames of all cameras; each method does nothing while there is none. */
export interface FramesSink {
  offer(camera: number, frame: ReceivedImage): void;
  attach(camera: number, native: NativeCamera, frameOf: (frameInfo: CameraFrameInfo) => ReceivedImage): void;
  detach(camera: number): Promise<void>;
  counts(camera: number): Readonly<CameraCounts>;
}

/** The streams of the node's cameras, and what parameters and the model set in all of them. */
export class CameraStreams {
  #streams: readonly CameraStream[] = [];
  readonly #transforms: TransformFeed;
  /** Of all cameras, as long as the node lives. */
  readonly #trackIds = new TrackIds();
  /** Whether there are zones or lines, and no tracking. */
  #uncounted = false;
  /** Ids of the classes that are taken out of depth pictures; undefined: all. */
  #maskedClasses: readonly number[] | undefined;

  /** @param parameters of the node; they change while it runs */
  constructor(
    private readonly ros: RosNode,
    private readonly parameters: SegmentParameters,
    private readonly sink: FramesSink,
  ) {
    this.#transforms = new TransformFeed(ros);
  }

  /** One for each image topic, between `open` and `destroy`. */
  get all(): readonly CameraStream[] {
    return this.#streams;
  }

  /**
   * Opens a stream for each image topic. After an error, those that are open remain until `destroy`.
   *
   * @param framesInUse maximum number of frames of a camera that are in use at the same time
   * @param missing called with each message type that is not installed, and the topic that is left out
   * @throws ExpectationError for invalid parameters
   */
  open(
    framesInUse: number,
    native: NativeSubscriptions,
    missing: (type: string, topic: string) => void,
  ): void {
    const { parameters } = this;
    const { images } = parameters;
    const places = outputPlaces(parameters);
    const steps = forEachCamera('image_step', parameters.image_step, images.length, 0);
    const rows = forEachCamera('image_rows', parameters.image_rows, images.length, 0);
    const depths = placedTopics('depth', parameters.depth, images.length);
    const input = {
      type: parameters.image_type,
      qos: parameters.image_qos,
      hbmFrameId: parameters.hbm_frame_id,
      framesInUse,
      native,
    };
    const { sink } = this;
    const streams: CameraStream[] = [];
    this.#streams = streams;
    for (const [index, topic] of images.entries()) {
      const depth = depths[index]! === '' ? undefined : this.#depthOptions(index, depths[index]!);
      streams.push(
        new CameraStream(
          this.ros,
          topic,
          {
            ...input,
            reading: { step: steps[index]!, rows: rows[index]!, white: parameters.mono16_max },
          },
          outputSettings(places[index]!, () => parameters),
          missing,
          {
            offer: (frame) => sink.offer(index, frame),
            attach: (camera, frameOf) => sink.attach(index, camera, frameOf),
            detach: () => sink.detach(index),
          },
          () => sink.counts(index),
          steadyClock,
          this.#trackIds,
          depth && { options: depth, transforms: this.#transforms },
        ),
      );
    }
    this.#setRates();
    this.#setRegions();
  }

  /** Subscribes to the image topics that have publishers; to be called about twice a second. */
  follow(): void {
    for (const stream of this.#streams) stream.follow();
  }

  /** Ends the subscriptions; `follow` opens them again. */
  async close(): Promise<void> {
    await Promise.all(this.#streams.map((stream) => stream.close()));
  }

  async destroy(): Promise<void> {
    const streams = this.#streams;
    this.#streams = [];
    await Promise.all(streams.map((stream) => stream.destroy()));
    this.#transforms.close();
  }

  /** Uses the labels and kernels of this model from the next frame on. */
  use(model: LoadedModel): void {
    const { labels, name, trosTypes } = model;
    const { kernels } = model.engine;
    for (const { outputs, depth } of this.#streams) {
      outputs.use({ labels, modelName: name, trosTypes, kernels });
      depth?.use(labels);
    }
    this.#setForModel(model);
  }

  /** Applies parameters that have changed. */
  apply(changed: readonly (keyof SegmentParameters)[], model: LoadedModel): void {
    this.#setForModel(model);
    if (changed.includes('max_rate')) this.#setRates();
    if (changed.includes('roi')) this.#setRegions();
  }

  resetTracks(): void {
    for (const { tracking } of this.#streams) tracking.reset();
  }

  /** Zones and lines count from 0. */
  resetCounts(): void {
    for (const { tracking } of this.#streams) tracking.resetCounts();
  }

  #depthOptions(index: number, topic: string): DepthStreamOptions {
    const { parameters } = this;
    const { images } = parameters;
    return {
      topic,
      depthInfo: placedTopics('depth_info', parameters.depth_info, images.length)[index]!,
      colorInfo: placedTopics('camera_info', parameters.camera_info, images.length)[index]!,
      colorTopic: images[index]!,
      registration: parameters.depth_registration,
      distortion: parameters.depth_distortion,
      upFrame: parameters.depth_up_frame,
      tolerance: parameters.depth_tolerance,
      queue: parameters.depth_queue,
      timeout: parameters.depth_timeout,
      order: () => ({
        space: { step: parameters.depth_step || undefined, band: parameters.depth_band },
        maskedClasses: this.#maskedClasses,
        maskMargin: parameters.depth_mask_margin,
        coloredBy: parameters.overlay_colors,
      }),
    };
  }

  #setRates(): void {
    const rates = forEachCamera('max_rate', this.parameters.max_rate, this.#streams.length, 0);
    for (const [index, stream] of this.#streams.entries()) {
      stream.setMinPeriod(rates[index]! > 0 ? 1000 / rates[index]! : 0);
    }
  }

  #setRegions(): void {
    const regions = regionsOfInterest(this.parameters.roi, this.#streams.length);
    for (const [index, stream] of this.#streams.entries()) stream.setRegion(regions[index]);
  }

  /** Sets what depends on both parameters and the model's classes. */
  #setForModel({ labels }: LoadedModel): void {
    this.#maskedClasses = maskedClasses(this.parameters, labels.names);
    this.#setTracking(labels.names);
    this.#setOverlays(labels.names);
  }

  #setTracking(labels: readonly string[]): void {
    const options = trackingOptions(this.parameters, labels);
    const zones = zonesOf(this.parameters);
    const uncounted = !options && zones.some(({ length }) => length > 0);
    if (uncounted && !this.#uncounted)
      this.ros.log.warn('Zones and lines count nothing until tracking is on.');
    this.#uncounted = uncounted;
    for (const [index, { tracking }] of this.#streams.entries()) {
      tracking.setOptions(options && { ...options, zones: zones[index] });
    }
  }

  #setOverlays(labels: readonly string[]): void {
    const { parameters } = this;
    const options = {
      trails: parameters.overlay_trails,
      labels,
      colors: parameters.overlay_colors,
      masks: parameters.overlay_masks,
      boxes: parameters.overlay_boxes,
      names: parameters.overlay_labels,
      blur: blurredClasses(parameters.overlay_blur, parameters.classes, labels),
    };
    for (const { outputs } of this.#streams) outputs.overlay.setOptions(options, parameters.jpeg_quality);
  }
}

/** The zones and lines of each camera. @throws ExpectationError for invalid ones */
export function zonesOf({
  zones,
  lines,
  images,
  camera_names: names,
}: SegmentParameters): readonly (readonly ZoneShape[])[] {
  return zonesOfCameras(zones, lines, cameraNames(images, names));
}
