import { messageOf } from '../../base/expect.js';
import { SceneSource } from '../../media/scene/index.js';
import type { DepthSample, DepthSource } from '../../message/bag/bag-depth.js';
import { BagSource } from '../../message/bag/bag-source.js';
import { cameraInfoTopics } from '../../message/camera-info-topics.js';
import { PICTURE_QOS } from '../../message/qos.js';
import { CameraInfoWriter } from '../../message/write/camera-info.js';
import { ImageWriter } from '../../message/write/image.js';
import type { FrameSource, Stamp } from '../../vision/picture/frame-source.js';
import type { PictureSize } from '../../vision/picture/picture-size.js';
import { scaledTo } from '../../vision/depth/intrinsics.js';
import type { RawPublisher, RosNode } from '../ros/ros-node.js';

/** The stand-in's topic of depth pictures; launch files have it from launch/parameters.json. */
export const DEPTH_IMAGE_TOPIC = 'depth/image_raw';
const INFO_TOPIC = 'depth/camera_info';
/** Milliseconds between the stamps of an image in a bag and its depth picture: less than two thirds of a period at 20 Hz. */
const TOLERANCE = 30;

/** Publishes depth pictures beside the images of the stand-in: exact ones of generated scenes, recorded ones of bags. */
export class CameraDepth {
  readonly #image: ImageWriter = new ImageWriter();
  readonly #info = new CameraInfoWriter();
  readonly #imagePublisher: RawPublisher;
  readonly #infoPublisher: RawPublisher;
  readonly #sources = new Map<FrameSource, { source: DepthSource; last: number }>();
  readonly #reported = new Set<string>();

  /**
   * @param topic of depth pictures in bags; scenes have their own
   * @param info topic of their CameraInfo; empty: below or beside it
   * @param report called once for each problem
   */
  constructor(
    ros: Pick<RosNode, 'publish'>,
    private readonly topic: string,
    private readonly info: string,
    private readonly report: (line: string) => void,
  ) {
    this.#imagePublisher = ros.publish(this.#image.type.name, DEPTH_IMAGE_TOPIC, PICTURE_QOS);
    this.#infoPublisher = ros.publish(this.#info.type.name, INFO_TOPIC, PICTURE_QOS);
  }

  /**
   * Finds the depth picture of a frame.
   *
   * @param stamp the input's own
   * @param frameId of the images; empty: that of the depth picture
   * @returns publishes it with another stamp; undefined: there is none
   */
  async prepare(
    source: FrameSource | undefined,
    stamp: Stamp,
    size: PictureSize,
    frameId: string,
  ): Promise<((stamp: Stamp) => void) | undefined> {
    if (!source || this.#imagePublisher.subscriptions + this.#infoPublisher.subscriptions === 0)
      return undefined;
    try {
      const depth = await this.#sourceOf(source, stamp);
      const sample = await depth?.sampleOf({ stamp, frameId: '' }, size);
      return sample && ((now) => this.#publish(sample, now, frameId));
    } catch (error) {
      const text = `${source.name}: ${messageOf(error)}`;
      if (!this.#reported.has(text)) this.report(text);
      this.#reported.add(text);
      return undefined;
    }
  }

  close(): void {
    for (const { source } of this.#sources.values()) void source.close();
    this.#sources.clear();
    this.#imagePublisher.destroy();
    this.#infoPublisher.destroy();
  }

  #publish({ frame, camera }: DepthSample, stamp: Stamp, frameId: string): void {
    const header = { stamp, frameId: frameId || frame.frameId };
    const { encoding, depth } = frame;
    const { width, height, data } = depth;
    if (this.#infoPublisher.subscriptions > 0)
      this.#infoPublisher.publish(this.#info.write(header, scaledTo(camera, depth)));
    if (this.#imagePublisher.subscriptions === 0) return;
    const layout = { width, height, encoding, step: data.BYTES_PER_ELEMENT * width };
    const pixels = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.#imagePublisher.publish(this.#image.write(header, layout, pixels));
  }

  /** Bags are read from the beginning again when the stamps go back. */
  async #sourceOf(source: FrameSource, stamp: Stamp): Promise<DepthSource | undefined> {
    const time = stamp.sec + stamp.nanosec / 1e9;
    const known = this.#sources.get(source);
    if (known && time >= known.last) {
      known.last = time;
      return known.source;
    }
    await known?.source.close();
    const opened = await this.#open(source);
    if (opened) this.#sources.set(source, { source: opened, last: time });
    return opened;
  }

  async #open(source: FrameSource): Promise<DepthSource | undefined> {
    if (source instanceof SceneSource) return source.depth();
    if (!(source instanceof BagSource)) return undefined;
    return source.depth({
      topic: this.topic,
      depthInfo: this.info === '' ? cameraInfoTopics(this.topic) : [this.info],
      colorInfo: [],
      colorTopic: source.topic,
      distortion: 'ignore',
      // How the pictures lie to each other is for whoever receives them to find out.
      registration: 'unknown',
      tolerance: TOLERANCE,
    });
  }
}
