import { type Clock, steadyClock } from '../../base/clock.js';
import type { CameraFrameInfo } from '../../engine/engine.js';
import { messageOf } from '../../base/expect.js';
import { CameraImageReader } from '../../message/read/camera-image.js';
import { IMAGE_MESSAGES, type ImageMessage, type ImageMessageName } from '../../message/image-messages.js';
import type { Region } from '../../vision/picture/region.js';
import type { ImageReading, NativeCamera, SubscribedCamera } from '../../native/camera.js';
import { expectation } from '../../native/failure.js';
import { ImagePublishers, type ImagePublishersOptions } from './image-publishers.js';
import { ImageRenewal } from './image-renewal.js';
import { ReceivedImage } from './received-image.js';
import { describeArrival } from '../ros/loaned-messages.js';
import { Pace } from './pace.js';
import { describeQos, type Qos, qosText, sameQos, SENSOR_QOS } from '../../message/qos.js';
import { type Renewable, RenewableSubscription, stampOf } from '../ros/renewable-subscription.js';
import type { RosNode } from '../ros/ros-node.js';
import { type SentFrames, StampGaps } from './stamp-gaps.js';

export interface ImageSubscriptionOptions extends ImagePublishersOptions {
  readonly hbmFrameId: string;
  /** The user's settings for reading the images. */
  readonly reading: ImageReading;
  /** Maximum number of frames in use at the same time. */
  readonly framesInUse: number;
}

/** The receiver of a camera's frames. */
export interface FrameSink {
  offer(frame: ReceivedImage): void;
  /** Frames come from this native subscription from now on, without `offer`. */
  attach(camera: NativeCamera, frameOf: (frameInfo: CameraFrameInfo) => ReceivedImage): void;
  /** Ends `attach`; resolves when the frames in flight have their results. */
  detach(): Promise<void>;
}

/** Milliseconds after which a failed subscription is retried: each attempt may take much memory. */
const AGAIN_AFTER = 5000;
const JPEG_HINT = 'Set camera_transport to auto or rclnodejs, which decompress JPEG.';

/**
 * The subscription to one image topic. It follows the topic's publishers: it determines their type, subscribes again when the type
 * changes, and reports incompatible publishers.
 */
export class ImageSubscription {
  readonly topic: string;
  #subscription: RenewableSubscription | undefined;
  #camera: SubscribedCamera | undefined;
  /** While a native subscription is being closed. */
  #closing: Promise<void> | undefined;
  #message: ImageMessageName | undefined;
  #qos: Qos = SENSOR_QOS;
  /** When subscribing last failed. */
  #failed: number | undefined;
  readonly #reader: CameraImageReader;
  readonly #warned = new Set<string>();
  readonly #publishers: ImagePublishers;
  readonly #renewal: ImageRenewal;
  /** Whether a publisher that has gone may have blocked the subscription. */
  #doubtful = false;
  readonly #gaps = new StampGaps();
  /** Of rclnodejs's subscriptions and of native subscriptions that were closed. */
  #received = 0;
  #skipped = 0;
  #period = 0;
  readonly #pace = new Pace();
  /** Messages that could not be read as images of their type. */
  malformed = 0;
  #lastMalformed: string | undefined;
  #keepsPixels = false;
  /** Whether the publishers send images that only rclnodejs can handle. */
  #compressed = false;
  /** Whether publishers have come or gone since then. */
  #othersCame = false;
  /** A problem of the topic; undefined if there is none. */
  problem: string | undefined;

  /** @throws ExpectationError for invalid parameters `qos_overrides.*` */
  constructor(
    private readonly ros: RosNode,
    topic: string,
    private readonly options: ImageSubscriptionOptions,
    private readonly sink: FrameSink,
    private readonly clock: Clock = steadyClock,
  ) {
    this.topic = ros.resolve(topic);
    this.#publishers = new ImagePublishers(ros, this.topic, options, clock);
    this.#renewal = new ImageRenewal(ros.middleware, clock, (qos, several) => this.#renew(qos, several));
    this.#reader = new CameraImageReader(options.framesInUse, options.reading);
    this.#reader.keepsWhole = this.#keepsPixels;
    this.#qos = ros.overriddenQos(this.topic, 'subscription', SENSOR_QOS);
  }

  /** Type of the current subscription, if any: sensor_msgs/msg/Image ... */
  get messageType(): string | undefined {
    return this.#message && IMAGE_MESSAGES[this.#message].type;
  }

  /** Number of publishers at the last `follow`. */
  get publisherCount(): number {
    return this.#publishers.count;
  }

  get qos(): string {
    return qosText(this.#qos);
  }

  /** Number of received messages, readable or not. */
  get received(): number {
    return this.#received + (this.#camera?.counters().received ?? 0);
  }

  /** Frames that the camera sent recently, by the stamps of received frames; undefined if there are too few of them. */
  get sent(): SentFrames | undefined {
    for (const stamp of this.#camera?.takeStamps() ?? []) this.#gaps.add(stamp);
    return this.#gaps.sentFrames();
  }

  /** Why the last unreadable message could not be read. */
  get lastMalformed(): string | undefined {
    const failure = this.#camera?.counters().lastFailure;
    if (!failure) return this.#lastMalformed;
    return expectation(this.#sendsJpeg ? { ...failure, hint: JPEG_HINT } : failure).message;
  }

  /** A possible problem of the current images, although they can be read. */
  get warning(): string | undefined {
    if (!this.#camera) return this.#reader.warning;
    const { warning } = this.#camera.counters();
    return warning ? expectation(warning).message : undefined;
  }

  /** The transport of messages, for diagnostics. */
  get transport(): Record<string, string> {
    if (!this.#camera) {
      const { unavailable } = this.options.native;
      return {
        transport: 'rclnodejs',
        subscriber: this.ros.fullName,
        loaned: `no${unavailable === undefined ? '' : `: ${unavailable}`}`,
      };
    }
    const { bytesRead, bytesWritten, pixelCopies, slowest } = this.#camera.counters();
    return {
      transport: 'native',
      // `ros2 node info` shows the subscription there.
      subscriber: this.options.native.nodeName,
      loaned: describeArrival(this.#camera.transport(), this.messageType!, this.ros.middleware),
      pixel_bytes_read: String(bytesRead),
      pixel_bytes_written: String(bytesWritten),
      pixel_copies: String(pixelCopies),
      slowest_callback_ms: slowest.toFixed(2),
    };
  }

  /** Number of messages skipped because of `setMinPeriod`. */
  get skipped(): number {
    return this.#skipped + (this.#camera?.counters().skipped ?? 0);
  }

  /** @param period minimum time between accepted frames, in milliseconds; 0: all frames are accepted */
  setMinPeriod(period: number): void {
    this.#period = period;
    this.#pace.setMinPeriod(period);
    this.#camera?.setMinPeriod(period);
  }

  /** The region of interest from the next frame on; undefined: the whole picture. */
  get region(): Region | undefined {
    return this.#reader.region;
  }

  setRegion(region: Region | undefined): void {
    this.#reader.region = region;
    this.#camera?.setRegion(region);
  }

  /** Whether full pictures are needed. Native subscriptions must then copy them, and other encodings are converted beyond the region. */
  setKeepPixels(keep: boolean): void {
    if (keep === this.#keepsPixels) return;
    this.#keepsPixels = this.#reader.keepsWhole = keep;
    this.#camera?.setKeepPixels(keep);
  }

  /** Checks the topic's publishers; to be called about twice a second. */
  follow(): void {
    if (this.#closing) return;
    const publishers = this.#publishers;
    publishers.find();
    const message = publishers.message(this.#message);
    if (message === undefined) return;
    const qos = publishers.qos(IMAGE_MESSAGES[message].type);
    const { changed, gone } = publishers.compare();
    this.#othersCame ||= changed;
    this.#doubtful ||= gone && this.#mayBeStuck;
    if (!this.#subscribed || message !== this.#message || this.#mustChangeTransport()) {
      if (message === this.#message && !changed && this.#justFailed) return;
      this.#subscribe(message, qos);
    }
    this.#tidy();
    // A second renewal may close the only subscription that some publisher has discovered: it waits, unless publishers do not fit.
    const wanted = this.#doubtful || !sameQos(qos, this.#qos);
    const may = !this.#renewal.handingOver || !publishers.fit(this.#qos);
    if (this.#subscribed && wanted && may) this.#renewal.request(qos, this.#qos, publishers.count > 1);
    else this.#renewal.cancel();
    this.#findProblem();
  }

  /** Ends the subscription; `follow` opens it again. */
  close(): Promise<void> {
    this.#subscription?.destroy();
    this.#subscription = undefined;
    this.problem = undefined;
    this.#renewal.reset();
    this.#failed = undefined;
    this.#gaps.reset();
    const camera = this.#camera;
    if (!camera) return this.#closing ?? Promise.resolve();
    this.#camera = undefined;
    camera.close(); // joins its thread: the counters are final
    this.#received += camera.counters().received;
    this.#skipped += camera.counters().skipped;
    this.#closing = this.sink.detach().finally(() => (this.#closing = undefined));
    return this.#closing;
  }

  get #active(): Renewable | undefined {
    return this.#camera ?? this.#subscription;
  }

  get #subscribed(): boolean {
    return this.#active !== undefined;
  }

  #subscribe(message: ImageMessageName, qos: Qos): void {
    if (this.#subscribed) {
      void this.close();
      // The next call subscribes, after the frames in flight have their results.
      if (this.#closing) return;
    }
    this.#message = message;
    this.#qos = qos;
    this.#failed = undefined;
    this.#doubtful = false;
    const row: ImageMessage = IMAGE_MESSAGES[message];
    const { type } = row;
    const { native, hbmFrameId, reading } = this.options;
    try {
      if (native.supports(row) && !this.#compressed) {
        this.#camera = native.subscribe(this.topic, type, qos, reading);
      }
      if (this.#camera) {
        this.#camera.setKeepPixels(this.#keepsPixels);
        this.#camera.setMinPeriod(this.#period);
        this.#camera.setRegion(this.region);
        this.sink.attach(this.#camera, (frameInfo) => {
          this.#renewal.arrived();
          return ReceivedImage.arrived(frameInfo, hbmFrameId);
        });
        this.#camera.start();
      } else {
        this.#subscription = new RenewableSubscription(
          this.ros,
          row,
          this.topic,
          qos,
          (cdr) => this.#receive(cdr, message),
          this.clock,
        );
      }
      this.ros.log.info(
        `Images from ${this.topic} (${type}, ${describeQos(qos)}, ${this.#camera ? `native: node ${native.nodeName}` : 'rclnodejs'})`,
      );
    } catch (error) {
      this.#camera?.close();
      this.#camera = undefined;
      this.#warnOnce(messageOf(error));
      this.problem = messageOf(error);
      this.#failed = this.clock();
    }
  }

  get #justFailed(): boolean {
    return this.#failed !== undefined && this.clock() - this.#failed < AGAIN_AFTER;
  }

  /** Opens the new subscription before the former one is closed: no message is lost. */
  #renew(qos: Qos, several: boolean): boolean {
    if (!this.#active) return false;
    this.#doubtful = false;
    try {
      this.#active.renew(qos, several);
    } catch (error) {
      this.#warnOnce(messageOf(error));
      return false;
    }
    if (!sameQos(qos, this.#qos)) this.ros.log.info(`Images from ${this.topic} with ${qosText(qos)}`);
    this.#qos = qos;
    return true;
  }

  #tidy(): void {
    this.#subscription?.tidy();
    if (this.#renewal.settled()) this.#active?.endHandover();
  }

  #receive(cdr: Buffer, message: ImageMessageName): void {
    this.#received++;
    this.#renewal.arrived();
    // Includes skipped messages, because they were not lost.
    this.#gaps.add(stampOf(cdr, IMAGE_MESSAGES[message].stampAt));
    if (!this.#pace.admit(this.clock())) {
      this.#skipped++;
      return;
    }
    let frame: ReceivedImage;
    try {
      frame = ReceivedImage.read(cdr, message, this.#reader, this.options.hbmFrameId, this.clock());
    } catch (error) {
      this.malformed++;
      this.#lastMalformed = messageOf(error);
      return;
    }
    this.sink.offer(frame);
  }

  /**
   * Whether a publisher that has gone may have blocked the subscription.
   *
   * A publisher that dies in the middle of a large message leaves its fragments in Fast DDS's best-effort reader, and when they fill its
   * history there is no room for anything else, ever (seen with 2.6). A new subscription is free of them.
   */
  get #mayBeStuck(): boolean {
    return this.ros.middleware.startsWith('rmw_fastrtps') && this.#qos.reliability === 'best_effort';
  }

  /**
   * Whether to change to the other transport. A native subscription cannot read JPEG, which hobot_codec also puts into HbmMsg; messages
   * received by rclnodejs are decompressed.
   */
  #mustChangeTransport(): boolean {
    // Other publishers may send another format. For a while, there may have been none.
    if (this.#compressed && this.#othersCame && this.#publishers.count > 0) {
      this.#compressed = false;
      return true;
    }
    if (!this.#sendsJpeg || this.options.native.required) return false;
    this.ros.log.info(`${this.topic} sends JPEG: its messages are received by rclnodejs from now on.`);
    this.#compressed = true;
    this.#othersCame = false;
    return true;
  }

  /** Whether a native subscription gets JPEG in HbmMsg. JPEG in an Image is not supported by either transport. */
  get #sendsJpeg(): boolean {
    return (
      this.#message !== undefined &&
      'hbm' in IMAGE_MESSAGES[this.#message] &&
      this.#camera?.counters().lastFailure?.received === 'jpeg'
    );
  }

  /** Detects publishers that are incompatible with this subscription. */
  #findProblem(): void {
    if (!this.#subscribed) return;
    this.problem = undefined;
    for (const problem of this.#publishers.problems(this.messageType!, this.#qos)) {
      this.problem = problem;
      this.#warnOnce(problem);
    }
  }

  #warnOnce(text: string): void {
    if (this.#warned.has(text)) return;
    this.#warned.add(text);
    this.ros.log.warn(text);
  }
}
