import { ExpectationError, messageOf } from '../../base/expect.js';
import type { Intrinsics } from '../../vision/depth/intrinsics.js';
import { REGISTERED, type Registration, type Vector } from '../../vision/depth/objects-in-space.js';
import {
  isRegistration,
  type RegistrationMode,
  registrationOf,
  SameView,
} from '../../vision/depth/registration.js';
import { rotate } from '../../vision/depth/rigid-transform.js';
import { isTransform, TransformBuffer } from '../../vision/depth/transform-buffer.js';
import { type FrameHeader, stampToNanoseconds } from '../../vision/picture/frame-source.js';
import type { PictureSize } from '../../vision/picture/picture-size.js';
import type { DepthFrame } from '../depth-content.js';
import { type CameraInfo, cameraOf, type DistortionMode, readCameraInfo } from '../read/camera-info.js';
import { DepthImageReader } from '../read/depth-image.js';
import { readTransforms, type StampedTransform } from '../read/tf-message.js';
import type { BagMessage, McapFile } from './mcap-file.js';

export interface BagDepthOptions {
  /** Topic of the depth pictures. */
  readonly topic: string;
  /** Topics of CameraInfo of the depth camera and the color camera, and where else to look. */
  readonly depthInfo: readonly string[];
  readonly colorInfo: readonly string[];
  /** `unknown`: nobody asks how the pictures lie to each other, and they count as registered. */
  readonly registration: RegistrationMode | 'unknown';
  /** Topic of the color pictures. */
  readonly colorTopic: string;
  /** Whether the coefficients of distortion of CameraInfo are applied. */
  readonly distortion: DistortionMode;
  /** Milliseconds by which stamps may differ. */
  readonly tolerance: number;
  /** Frame whose z axis points up; undefined: the depth camera is level. */
  readonly upFrame?: string | undefined;
}

/** The depth picture of a frame, with all that it takes to use it. */
export interface DepthSample {
  readonly frame: DepthFrame;
  readonly camera: Intrinsics;
  readonly registration: Registration;
  readonly up: Vector | undefined;
}

/** Finds the depth pictures of frames. */
export interface DepthSource {
  /**
   * The depth picture of a frame; valid until the next call. Frames come in the order of their stamps.
   *
   * @param color size of the frame's picture
   * @returns undefined if there is none near the frame's stamp
   * Rejects with an ExpectationError if there is one that cannot be used
   */
  sampleOf(header: FrameHeader, color: PictureSize): Promise<DepthSample | undefined>;
  /** Closes the files. */
  close(): Promise<void>;
}

interface Stored {
  readonly stamp: number;
  readonly data: Uint8Array;
}

/** Everything of a bag is at hand: transforms are kept for a day. */
const ALL = 86_400_000_000_000n;
const IMAGE = 'sensor_msgs/msg/Image';
const TRANSFORMS = 'tf2_msgs/msg/TFMessage';

/** The depth pictures on one topic of a bag, paired with frames by stamps. At most the pictures within the tolerance are in memory. */
export class BagDepth implements DepthSource {
  readonly #messages: AsyncGenerator<BagMessage | Error, void, void>;
  readonly #reader = new DepthImageReader();
  readonly #view = new SameView();
  readonly #transforms = new TransformBuffer(ALL, ALL);
  #stored: Stored[] = [];
  #ended = false;
  #camera: CameraInfo | undefined;
  #color: CameraInfo | undefined;
  /** Why no CameraInfo of the depth camera is known. */
  #problem = 'none in the bag';

  private constructor(
    private readonly files: readonly McapFile[],
    private readonly options: BagDepthOptions,
  ) {
    this.#messages = messagesOf(files, options.topic);
  }

  /** @throws ExpectationError for a topic that the bag does not have, or whose type is another */
  static async open(bag: string, files: readonly McapFile[], options: BagDepthOptions): Promise<BagDepth> {
    const topics = files.flatMap((file) => file.topics);
    const topic = topics.find(({ name }) => name === options.topic);
    if (topic?.type !== IMAGE) {
      const images = topics.filter(({ type }) => type === IMAGE).map(({ name }) => name);
      throw new ExpectationError(
        `depth pictures (${IMAGE}) on ${options.topic} in ${bag}`,
        topic ? `${topic.type} there` : `no such topic; images are on ${images.join(', ') || 'none'}`,
        'Name the topic with --depth.',
      );
    }
    const depth = new BagDepth(files, options);
    depth.#camera = await depth.#cameraInfo(options.depthInfo);
    depth.#color = await depth.#cameraInfo(options.colorInfo);
    if (needsTransforms(options.registration) || options.upFrame !== undefined) await depth.#readTransforms();
    return depth;
  }

  async sampleOf(header: FrameHeader, color: PictureSize): Promise<DepthSample | undefined> {
    const stamp = milliseconds(header);
    const cdr = await this.#nearest(stamp);
    if (!cdr) return undefined;
    const frame = this.#reader.read(cdr);
    const { topic, colorTopic, distortion, registration: mode } = this.options;
    const camera = this.#camera && cameraOf(this.#camera, topic, distortion);
    if (!camera) {
      throw new ExpectationError(
        `the depth camera's CameraInfo on ${this.options.depthInfo.join(' or ')}`,
        this.#problem,
        'Name its topic with --depth-info.',
      );
    }
    const time = stampToNanoseconds(frame.stamp);
    if (mode === 'unknown') return { frame, camera, registration: REGISTERED, up: undefined };
    const registration = registrationOf(
      mode,
      { ...color, frameId: header.frameId },
      { width: frame.depth.width, height: frame.depth.height, frameId: frame.frameId },
      camera,
      this.#color && mode !== 'registered' ? cameraOf(this.#color, colorTopic, distortion) : undefined,
      () => this.#transforms.lookup(header.frameId, frame.frameId, time),
      this.#view,
    );
    if (!isRegistration(registration)) {
      throw new ExpectationError(registration.expected, registration.received, registration.hint);
    }
    return { frame, camera, registration, up: this.#up(frame.frameId, time) };
  }

  async close(): Promise<void> {
    await this.#messages.return();
  }

  #up(frameId: string, stamp: bigint): Vector | undefined {
    const { upFrame } = this.options;
    if (upFrame === undefined) return undefined;
    const found = this.#transforms.lookup(frameId, upFrame, stamp);
    if (!isTransform(found)) {
      throw new ExpectationError(`the transform from ${upFrame} to ${frameId}`, `none: ${found.missing}`);
    }
    const [x, y, z] = rotate(found, 0, 0, 1);
    return { x, y, z };
  }

  async #nearest(stamp: number): Promise<Uint8Array | undefined> {
    const { tolerance } = this.options;
    while (!this.#ended && !(this.#stored.length > 0 && this.#stored.at(-1)!.stamp >= stamp)) {
      const next = await this.#messages.next();
      if (next.done) {
        this.#ended = true;
        break;
      }
      // A damaged part has no pictures.
      if (next.value instanceof Error) continue;
      const found = stampOf(next.value.data);
      // Frames come in order: none wants it. A clock that lags would bring the whole bag into memory.
      if (found >= stamp - tolerance) this.#stored.push({ stamp: found, data: next.value.data });
    }
    this.#stored = this.#stored.filter((stored) => stored.stamp >= stamp - tolerance);
    let best: Stored | undefined;
    for (const stored of this.#stored) {
      const distance = Math.abs(stored.stamp - stamp);
      if (distance <= tolerance && (!best || distance < Math.abs(best.stamp - stamp))) best = stored;
    }
    return best?.data;
  }

  async #cameraInfo(topics: readonly string[]): Promise<CameraInfo | undefined> {
    for (const topic of topics) {
      for await (const message of messagesOf(this.files, topic)) {
        if (message instanceof Error || message.type !== 'sensor_msgs/msg/CameraInfo') continue;
        try {
          return readCameraInfo(message.data);
        } catch (error) {
          this.#problem = messageOf(error);
          break;
        }
      }
    }
    return undefined;
  }

  async #readTransforms(): Promise<void> {
    for (const [topic, fixed] of [
      ['/tf_static', true],
      ['/tf', false],
    ] as const) {
      for await (const message of messagesOf(this.files, topic)) {
        if (message instanceof Error || message.type !== TRANSFORMS) continue;
        for (const { stamp, frameId, childFrameId, pose } of transformsOf(message.data))
          this.#transforms.add(frameId, childFrameId, stampToNanoseconds(stamp), pose, fixed);
      }
    }
  }
}

/** None of a damaged message: if one is missed, the error about it says which. */
function transformsOf(cdr: Uint8Array): StampedTransform[] {
  try {
    return readTransforms(cdr);
  } catch {
    return [];
  }
}

function needsTransforms(mode: BagDepthOptions['registration']): boolean {
  return mode === 'auto' || mode === 'projected';
}

async function* messagesOf(
  files: readonly McapFile[],
  topic: string,
): AsyncGenerator<BagMessage | Error, void, void> {
  for (const file of files) yield* file.messages(topic);
}

function milliseconds({ stamp }: FrameHeader): number {
  return stamp.sec * 1000 + stamp.nanosec / 1e6;
}

/** Milliseconds; the header's stamp comes first in the message. */
function stampOf(cdr: Uint8Array): number {
  if (cdr.length < 12) return NaN;
  const view = new DataView(cdr.buffer, cdr.byteOffset);
  const little = view.getUint8(1) === 1;
  return view.getInt32(4, little) * 1000 + view.getUint32(8, little) / 1e6;
}
