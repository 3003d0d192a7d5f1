import { type Clock, steadyClock } from '../../base/clock.js';
import type { Segmentation } from '../../vision/mask/segmentation.js';
import type { Nv12Frame } from '../../vision/picture/nv12-frame.js';
import type { Region } from '../../vision/picture/region.js';
import { stampToNanoseconds } from '../../vision/picture/frame-source.js';
import type { TrackIds } from '../../vision/track/tracker.js';
import { CameraTracking } from '../../pipeline/tracking.js';
import type { CameraCounts, LiveTimings } from '../../pipeline/live-segmenter.js';
import type { ReceivedImage } from './received-image.js';
import { CameraHealth } from './camera-health.js';
import { ImageSubscription, type ImageSubscriptionOptions, type FrameSink } from './image-subscription.js';
import { CameraOutputs, type OutputOptions } from './camera-outputs.js';
import { DepthStream, type DepthStreamOptions } from './depth-stream.js';
import type { TransformFeed } from './transform-feed.js';
import { OUTPUTS } from '../../message/outputs.js';
import { PublisherWatch } from '../ros/publisher-watch.js';
import { RefusedFrames } from './refused-frames.js';
import type { RosNode } from '../ros/ros-node.js';

/** One camera in the node: its image topic, the topics of its results, its diagnostics. */
export class CameraStream {
  readonly outputs: CameraOutputs;
  readonly health: CameraHealth;
  readonly tracking: CameraTracking;
  /** Absent if no depth topic belongs to this camera. */
  readonly depth: DepthStream | undefined;
  readonly #input: ImageSubscription;
  readonly #watch: PublisherWatch;
  readonly #refused: RefusedFrames;
  /** Whether the live page shows the camera. */
  #shown = false;

  /**
   * @param sink receives frames while the stream is open
   * @param counts counters of this camera's frames in the pipeline
   * @param trackIds that cameras share
   */
  constructor(
    private readonly ros: RosNode,
    topic: string,
    input: ImageSubscriptionOptions,
    output: OutputOptions,
    missing: (type: string, topic: string) => void,
    sink: FrameSink,
    counts: () => Readonly<CameraCounts>,
    private readonly clock: Clock = steadyClock,
    trackIds?: TrackIds,
    depth?: { readonly options: DepthStreamOptions; readonly transforms: TransformFeed },
  ) {
    this.tracking = new CameraTracking(trackIds);
    this.outputs = new CameraOutputs(ros, output, missing);
    this.depth =
      depth &&
      new DepthStream(
        ...([ros, output, depth.options, depth.transforms] as const),
        (result, distances) => this.outputs.publishTargets(result, distances),
        () => this.outputs.targetsWanted,
        missing,
        clock,
      );
    this.#input = new ImageSubscription(ros, topic, input, sink, clock);
    this.#watch = new PublisherWatch(ros, this.#input.topic, clock);
    this.#refused = new RefusedFrames(this.#input.topic, (line) => ros.log.warn(line), clock);
    this.health = new CameraHealth(
      this.#input,
      counts,
      () => this.outputs,
      () => this.outputs.alive.alive,
      clock,
      this.tracking,
      () => this.depth,
    );
  }

  /** Subscribes if there is a publisher. To be called about twice a second, because publishers start and stop. */
  follow(): void {
    this.#input.setKeepPixels(this.outputs.overlay.wanted || this.#shown);
    this.#input.follow();
    this.depth?.follow();
    this.#watch.update(this.#input.publisherCount);
    const { count, last } = this.health.errors();
    this.#refused.update(count, last);
  }

  /** @param shown whether the live page shows the camera, and needs its pixels */
  setShown(shown: boolean): void {
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.depth?.setShown(shown);
    this.#input.setKeepPixels(this.outputs.overlay.wanted || shown);
  }

  /** @param period minimum time between accepted frames, in milliseconds; 0: all frames are accepted */
  setMinPeriod(period: number): void {
    this.#input.setMinPeriod(period);
  }

  /** @param region the region of interest from the next frame on; undefined: the whole picture */
  setRegion(region: Region | undefined): void {
    this.#input.setRegion(region);
  }

  /** Ends the subscription; resolves when no more frames will arrive. */
  close(): Promise<void> {
    this.#watch.reset();
    this.depth?.close();
    return this.#input.close();
  }

  publish(
    frame: ReceivedImage,
    pixels: Nv12Frame | undefined,
    segmentation: Segmentation,
    timings: LiveTimings,
  ): void {
    const start = this.clock();
    const { fps } = this.health;
    const held = this.depth?.offer(frame, segmentation, timings, fps) === true;
    this.outputs.publish(
      { header: frame, pixels, segmentation, timings, fps },
      held ? OUTPUTS.perception_targets : undefined,
    );
    const end = this.clock();
    const stamp = stampToNanoseconds(frame.stamp);
    this.health.addResult(timings, stamp, this.ros.now(), end - frame.received, end - start);
  }

  async destroy(): Promise<void> {
    await this.close();
    await this.depth?.destroy();
    await this.outputs.destroy();
  }
}
