import { type Clock, steadyClock } from '../../base/clock.js';
import { ExpectationError, messageOf } from '../../base/expect.js';
import type { DepthFrame } from '../../message/depth-content.js';
import type { OutputPlace } from '../../message/output.js';
import { DepthImageReader } from '../../message/read/depth-image.js';
import type { KnownDistance } from '../../message/write/perception-targets.js';
import type { Labels } from '../../message/write/labels.js';
import type { StageTimings } from '../../message/write/stage-timings.js';
import { cameraOf, type DistortionMode } from '../../message/read/camera-info.js';
import { cameraInfoTopics } from '../../message/camera-info-topics.js';
import { DepthPairing, type PairingCounts, type PairingOptions } from '../../pipeline/depth-pairing.js';
import type { DepthOrder } from '../../pipeline/depth-work.js';
import { type DepthWork, DepthWorker } from '../../pipeline/depth-worker.js';
import type { Registration } from '../../vision/depth/objects-in-space.js';
import type { Intrinsics } from '../../vision/depth/intrinsics.js';
import { KeptSegmentation } from '../../vision/depth/kept-segmentation.js';
import {
  isRegistration,
  type NoRegistration,
  type RegistrationMode,
  registrationOf,
  SameView,
} from '../../vision/depth/registration.js';
import type { Instance, Segmentation } from '../../vision/mask/segmentation.js';
import { type FrameHeader, stampToNanoseconds } from '../../vision/picture/frame-source.js';
import { stampOf } from '../ros/renewable-subscription.js';
import type { RosNode } from '../ros/ros-node.js';
import { CameraInfoInput, DepthInput } from './depth-input.js';
import { DepthOutputs } from './depth-outputs.js';
import { LatestDistances } from './latest-distances.js';
import type { TransformFeed } from './transform-feed.js';
import { UpDirection } from './up-direction.js';

export interface DepthStreamOptions extends PairingOptions {
  /** Depth topic of this camera. */
  readonly topic: string;
  /** CameraInfo of the depth camera, and of the color camera; empty: beside or below their image topics. */
  readonly depthInfo: string;
  readonly colorInfo: string;
  readonly colorTopic: string;
  readonly registration: RegistrationMode;
  /** Whether the coefficients of distortion of CameraInfo are applied. */
  readonly distortion: DistortionMode;
  /** Frame whose z axis points up; empty: the depth camera is level. */
  readonly upFrame: string;
  /** How messages are made; called for each frame. */
  readonly order: () => Pick<DepthOrder, 'space' | 'maskedClasses' | 'maskMargin' | 'coloredBy'>;
}

/** A result that waits for its depth picture. */
export interface HeldResult {
  readonly header: FrameHeader;
  readonly segmentation: Segmentation;
  readonly timings: StageTimings;
  readonly fps: number;
  /** Whether PerceptionTargets have not been sent yet. */
  readonly targets: boolean;
}

interface Held extends HeldResult {
  readonly segmentation: KeptSegmentation;
}

/** Results whose PerceptionTargets are sent in order: a later one may be done earlier. */
interface QueuedTargets {
  readonly held: Held;
  done: boolean;
  distances: readonly KnownDistance[] | undefined;
}

/** A pair that waits for a CameraInfo or a transform. */
interface Pending {
  readonly held: Held;
  readonly depth: Buffer;
  readonly since: number;
}

/** Milliseconds since the last depth picture after which results no longer wait for one. */
const SILENT = 1000;
/** Milliseconds between warnings about the same. */
const AGAIN = 10_000;
const IMAGE_STAMP_AT = 4;
/** Pairs that may be on the other thread: the current one and the next. */
const MOST_AT_WORK = 2;

/** One camera's depth: pairs results with depth pictures, and publishes the messages that are made from both. */
export class DepthStream {
  readonly #input: DepthInput;
  readonly #depthInfo: CameraInfoInput;
  readonly #colorInfo: CameraInfoInput;
  /** Fully resolved: the name says whether its pictures are rectified. */
  readonly #colorTopic: string;
  readonly #outputs: DepthOutputs;
  readonly #pairing: DepthPairing<Held, Buffer>;
  readonly #reader = new DepthImageReader();
  readonly #view = new SameView();
  readonly #spare: KeptSegmentation[] = [];
  readonly #pending: Pending[] = [];
  readonly #queuedTargets: QueuedTargets[] = [];
  readonly #stopListening: () => void;
  #atWork = 0;
  /** Pairs left out because the thread was busy. */
  #skipped = 0;
  #warned: { text: string; at: number } | undefined;
  #refused = 0;
  #open = false;
  /** Whether the live page shows distances. */
  #shown = false;
  readonly #latest = new LatestDistances();
  readonly #up: UpDirection;
  /** Why depth could not be used last; undefined: it could. */
  problem: string | undefined;

  /**
   * @param targets publishes PerceptionTargets of a held result; `distances` are undefined without depth
   * @param targetsWanted whether they have a subscriber
   */
  constructor(
    private readonly ros: Pick<RosNode, 'publish' | 'subscribe' | 'publishersOf' | 'resolve' | 'log'>,
    place: OutputPlace,
    private readonly options: DepthStreamOptions,
    private readonly transforms: TransformFeed,
    private readonly targets: (result: HeldResult, distances: readonly KnownDistance[] | undefined) => void,
    private readonly targetsWanted: () => boolean,
    missing: (type: string, topic: string) => void,
    private readonly clock: Clock = steadyClock,
    private readonly work: DepthWork = new DepthWorker(),
  ) {
    this.#input = new DepthInput(ros, options.topic, (cdr) => this.#receive(cdr));
    const infoOf = (given: string, topic: string): CameraInfoInput =>
      new CameraInfoInput(ros, given === '' ? cameraInfoTopics(ros.resolve(topic)) : [ros.resolve(given)]);
    this.#depthInfo = infoOf(options.depthInfo, options.topic);
    this.#colorInfo = infoOf(options.colorInfo, options.colorTopic);
    this.#colorTopic = ros.resolve(options.colorTopic);
    this.#outputs = new DepthOutputs(ros, place, missing);
    this.#pairing = new DepthPairing(options, (held, depth) => this.#paired(held, depth), clock);
    this.#up = new UpDirection(options.upFrame, transforms, (text) => this.#warn(text));
    this.#stopListening = transforms.onChange(() => this.#retry());
  }

  get counts(): PairingCounts & { readonly refused: number; readonly skipped: number } {
    return { ...this.#pairing.counts, refused: this.#refused, skipped: this.#skipped };
  }

  /** Pairs of which messages are being made. */
  get atWork(): number {
    return this.#atWork;
  }

  get topic(): string {
    return this.#input.topic;
  }

  /** Sets the model of all further results. */
  use(labels: Labels): void {
    this.work.use({ labels: labels.names, types: this.#outputs.types });
  }

  /** @param shown whether the live page shows distances: depth is then used even if no topic has a subscriber */
  setShown(shown: boolean): void {
    this.#shown = shown;
  }

  /** The last known distance to an object of the camera, in meters; undefined: unknown. */
  distanceOf(instance: Instance): number | undefined {
    return this.#latest.of(instance, this.clock());
  }

  /** Subscribes while an output of depth has a subscriber or is shown. To be called about twice a second. */
  follow(): void {
    if (this.#outputs.wanted.length === 0 && !this.targetsWanted() && !this.#shown) {
      this.close();
      return;
    }
    this.#open = true;
    this.#input.follow();
    this.#depthInfo.open();
    if (this.options.registration !== 'registered') this.#colorInfo.open();
    this.#pairing.tick();
    this.#retry();
  }

  /** Gives up what has waited too long. To be called often. */
  tick(): void {
    if (!this.#open) return;
    this.#pairing.tick();
    if (this.#pending.length > 0) this.#retry();
  }

  /**
   * Takes a result, which is copied.
   *
   * @returns whether its PerceptionTargets are sent later, with distances, instead of now
   */
  offer(header: FrameHeader, segmentation: Segmentation, timings: StageTimings, fps: number): boolean {
    if (!this.#open) return false;
    const depthArrives = this.clock() - this.#pairing.lastDepth < SILENT;
    // Results that wait are published before this one, which does not.
    if (!depthArrives && this.#queuedTargets.length > 0) this.#giveUp();
    const targets = depthArrives && this.targetsWanted();
    if (!targets && this.#outputs.wanted.length === 0 && !this.#shown) return false;
    const kept = (this.#spare.pop() ?? new KeptSegmentation()).copy(segmentation);
    const { stamp, frameId } = header;
    const held = { header: { stamp, frameId }, segmentation: kept, timings: { ...timings }, fps, targets };
    if (targets) this.#queuedTargets.push({ held, done: false, distances: undefined });
    this.#pairing.addResult(milliseconds(held.header), held);
    return targets;
  }

  /** Ends the subscriptions; what waits is sent without depth. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#input.close();
    this.#depthInfo.close();
    this.#colorInfo.close();
    this.#giveUp();
    this.#pairing.reset();
    this.work.rest();
  }

  /** Sends what waits without depth, if there is none. */
  #giveUp(): void {
    this.#pairing.flush();
    for (const { held } of this.#pending.splice(0)) this.#finish(held, undefined);
  }

  async destroy(): Promise<void> {
    this.close();
    this.#stopListening();
    await this.work.close();
    this.#outputs.destroy();
  }

  #receive(cdr: Buffer): void {
    this.#pairing.addDepth(stampOf(cdr, IMAGE_STAMP_AT), cdr);
  }

  #paired(held: Held, depth: Buffer | undefined): void {
    if (depth === undefined) {
      this.#finish(held, undefined);
      return;
    }
    this.#pending.push({ held, depth, since: this.clock() });
    this.#retry();
  }

  /** Works on pairs in order, as far as what they need is there. */
  #retry(): void {
    while (this.#pending.length > 0) {
      const pair = this.#pending[0]!;
      const over =
        this.clock() - pair.since >= this.options.timeout || this.#pending.length > this.options.queue;
      if (!this.#work(pair, over)) return;
      this.#pending.shift();
    }
  }

  /** @param over whether this is the last try @returns whether the pair is done */
  #work({ held, depth: cdr }: Pending, over: boolean): boolean {
    let frame: DepthFrame;
    try {
      frame = this.#reader.read(cdr);
    } catch (error) {
      this.#refuse(messageOf(error));
      this.#finish(held, undefined);
      return true;
    }
    let camera: Intrinsics | undefined;
    let registration: Registration | NoRegistration;
    try {
      camera = this.#cameraOf(this.#depthInfo, this.#input.topic);
      registration = camera ? this.#registration(held, frame, camera) : this.#noCamera();
    } catch (error) {
      // A distortion that is not understood.
      this.#refuse(messageOf(error));
      this.#finish(held, undefined);
      return true;
    }
    if (!isRegistration(registration)) {
      if (registration.later && !over) return false;
      const { expected, received, hint } = registration;
      this.#refuse(new ExpectationError(expected, received, hint).message);
      this.#finish(held, undefined);
      return true;
    }
    if (!this.#up.find(frame, over)) return false;
    this.problem = undefined;
    if (this.#atWork >= MOST_AT_WORK) {
      this.#skipped++;
      this.#finish(held, undefined);
      return true;
    }
    const { space, ...order } = this.options.order();
    void this.#make(held, frame, {
      ...{ ...order, camera: camera!, registration },
      space: this.#up.vector ? { ...space, up: this.#up.vector } : space,
      topics: this.#outputs.wanted,
      distances: held.targets || this.#shown,
    });
    return true;
  }

  async #make(held: Held, frame: DepthFrame, order: DepthOrder): Promise<void> {
    this.#atWork++;
    try {
      const products = await this.work.make(order, held.segmentation, frame);
      this.#outputs.publish(products);
      const { distances } = products;
      if (distances) this.#latest.keep(held.segmentation.instances, distances, this.clock());
      this.#finish(held, products.distances);
    } catch (error) {
      this.#refuse(messageOf(error));
      this.#finish(held, undefined);
    } finally {
      this.#atWork--;
    }
  }

  /** The camera of the pictures on a topic; undefined: nothing is known of it. @throws ExpectationError as cameraOf() */
  #cameraOf({ value }: CameraInfoInput, topic: string): Intrinsics | undefined {
    if (!value) return undefined;
    return cameraOf(value, topic, this.options.distortion);
  }

  #registration(
    { header, segmentation }: Held,
    frame: DepthFrame,
    camera: Intrinsics,
  ): Registration | NoRegistration {
    const { width, height } = segmentation;
    return registrationOf(
      this.options.registration,
      { width, height, frameId: header.frameId },
      { width: frame.depth.width, height: frame.depth.height, frameId: frame.frameId },
      camera,
      this.options.registration === 'registered'
        ? undefined
        : this.#cameraOf(this.#colorInfo, this.#colorTopic),
      () => this.transforms.lookup(header.frameId, frame.frameId, stampToNanoseconds(frame.stamp)),
      this.#view,
    );
  }

  #noCamera(): NoRegistration {
    const { topics, problem } = this.#depthInfo;
    return {
      expected: `the depth camera's CameraInfo on ${topics.join(' or ')}`,
      received: problem ?? 'none yet',
      hint: 'Set depth_info to its topic.',
      later: true,
    };
  }

  #finish(held: Held, distances: readonly KnownDistance[] | undefined): void {
    if (!held.targets) {
      this.#spare.push(held.segmentation);
      return;
    }
    const own = this.#queuedTargets.find((place) => place.held === held)!;
    own.done = true;
    own.distances = distances;
    while (this.#queuedTargets[0]?.done) {
      const first = this.#queuedTargets.shift()!;
      this.targets(first.held, first.distances);
      this.#spare.push(first.held.segmentation);
    }
  }

  #refuse(text: string): void {
    this.#refused++;
    this.problem = text;
    this.#warn(`depth ${this.#input.topic}: ${text}`);
  }

  #warn(text: string): void {
    const now = this.clock();
    if (this.#warned?.text === text && now - this.#warned.at < AGAIN) return;
    this.#warned = { text, at: now };
    this.ros.log.warn(text);
  }
}

function milliseconds({ stamp }: FrameHeader): number {
  return stamp.sec * 1000 + stamp.nanosec / 1e6;
}
