import type { Nv12Frame } from '../vision/picture/nv12-frame.js';
import type { Region } from '../vision/picture/region.js';
import type { NativeFailure } from './failure.js';

/** Frame counts: `received` = skipped + dropped + failed + discarded + submitted + frames that wait. */
export interface NativeCameraCounters {
  readonly received: number;
  /** Skipped because of `setMinPeriod`. */
  readonly skipped: number;
  /** Replaced by a newer frame while no slot was free. */
  readonly dropped: number;
  /** Unreadable. */
  readonly failed: number;
  /** No engine was attached, or the frame was waiting when its engine was detached. */
  readonly discarded: number;
  /** Got a slot of the engine. */
  readonly submitted: number;
  /** Frames that were not NV12 and needed an extra pass over their pixels. */
  readonly converted: number;
  /** Full pictures copied because of setKeepPixels(), and those that were not because all buffers were lent. */
  readonly pixelCopies: number;
  readonly pixelsMissed: number;
  /** Bytes of pixels read and bytes written for them, for any purpose. */
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Duration of the longest callback in milliseconds. */
  readonly slowest: number;
  /** Why the most recent unreadable frame failed. */
  readonly lastFailure: NativeFailure | null;
  /** A possible problem with current frames, which are still read. */
  readonly warning: NativeFailure | null;
}

/** A camera whose frames never pass through JavaScript (native/camera). Engine.attach connects it to an engine. */
export interface NativeCamera {
  /** Its number in this process. */
  readonly id: number;
  /** Takes at most one frame per `period` milliseconds from now on, up to a day; 0 takes all. */
  setMinPeriod(period: number): void;
  /** Sets whether the full picture is copied along with each frame from now on. */
  setKeepPixels(keep: boolean): void;
  /** Sets how images are read from now on. */
  setReading(reading: ImageReading): void;
  /** Sets the region that the model sees from now on, in the sense of clipRegion(); undefined for the whole picture. */
  setRegion(region: Region | undefined): void;
  /** Also works after close(). */
  counters(): NativeCameraCounters;
  /** Stamps of the messages since the last call, readable or not, in milliseconds; the newest 1024. */
  takeStamps(): Float64Array;
  /** Stops the camera; frames in flight are not affected. Idempotent. */
  close(): void;
}

/** An image as sent by a camera; nothing is validated. */
export interface NativeImage {
  readonly width: number;
  readonly height: number;
  readonly step: number;
  readonly encoding: string;
  /** Whether the high byte of 16-bit samples comes first. @default false */
  readonly isBigEndian?: boolean;
  readonly data: Uint8Array;
  /** Whether `data` is a buffer that may be longer than the image. @default false */
  readonly hasBufferSize?: boolean;
}

/** How the user says a camera's images are laid out; 0 leaves it to the messages. */
export interface ImageReading {
  /** Bytes from row to row. */
  readonly step: number;
  /** Rows of luma before the chroma, including padding. */
  readonly rows: number;
  /** The 16-bit value that is white, 1 to 65535. */
  readonly white: number;
}

/** How an image will be read. */
export interface ImageReport {
  /** The encoding's name in imageEncodings(), even if the image uses an alias. */
  readonly encoding: string;
  /** Of the picture; the frame's sizes are these, rounded up to even numbers. */
  readonly width: number;
  readonly height: number;
  /** Bytes from row to row, and rows of luma (or of pixels) including padding below the picture. */
  readonly stride: number;
  readonly rows: number;
  /** A possible problem; null for none. */
  readonly warning: NativeFailure | null;
}

/** A message as sent by a camera. */
export interface InjectedMessage extends NativeImage {
  readonly sec: number;
  readonly nanosec: number;
  /** -1 for none. */
  readonly index: number;
  /** undefined for none. */
  readonly frameId?: string | undefined;
}

/** A camera without ROS, for tests and benchmarks. Its messages take the same path as those of a real camera. */
export interface InjectedCamera extends NativeCamera {
  /** Takes a message on the JS thread. */
  offer(message: InjectedMessage): void;
  /**
   * Takes the message `count` times on a separate thread, once per `period` ms, with increasing index. 0: without a
   * pause.
   */
  play(message: InjectedMessage, period: number, count: number): void;
  /** The same, but blocks the JS thread until all of them are taken. */
  step(message: InjectedMessage, count: number): void;
}

/** Metadata of a camera's frame whose slot is finished. Times in ms on the clock of process.hrtime(). */
export interface NativeFrameInfo {
  /** The number from attach(). */
  readonly attachment: number;
  /** The frame's position among those of the attachment that had a slot, from 0. Each is reported once. */
  readonly sequence: number;
  readonly sec: number;
  readonly nanosec: number;
  readonly index: number;
  readonly frameId: string | undefined;
  /** Of the picture; the frame's sizes are these, rounded up to even numbers. */
  readonly width: number;
  readonly height: number;
  /** The part of the picture that was letterboxed. */
  readonly part: Region;
  readonly received: number;
  readonly submitted: number;
  /** Duration of letterbox and conversion in milliseconds. */
  readonly preprocess: number;
  /** The full picture, packed NV12, and the number to pass to endLease(). */
  readonly pixels?: ArrayBuffer;
  readonly lease?: number;
  /** From openHeapSlots(): the model's input, packed NV12; detached by release(). */
  readonly input?: ArrayBuffer;
}

/**
 * Reports a finished slot, which stays taken until release(slot). Times in milliseconds.
 *
 * `frameInfo` is set for cameras' frames, undefined for submitted ones, and null for the slot that answers
 * requestSlot().
 */
export type NativeDone = (
  slot: number,
  failure: NativeFailure | null,
  preprocess: number,
  inference: number,
  frameInfo: NativeFrameInfo | null | undefined,
) => void;

/** Slots that submitted frames and attached cameras share (native/camera/slot_table.h). */
export interface NativeSlots {
  /** Number of free slots. */
  free(): number;
  /** @returns a slot for a submitted frame, or -1 when none is free */
  take(): number;
  /** Requests a slot in turn with waiting cameras; answered by one call of `done`. */
  requestSlot(): void;
  /** Cancels the request. @returns false when it was already granted, even if `done` has not been called yet */
  cancelRequest(): boolean;
  /** Frees a slot; a waiting camera gets it at once. */
  release(slot: number): void;
  /**
   * @param queueSize frames of the camera that may wait for a slot, 1 to 1000; the oldest is dropped when there are
   *   more @default 1
   * @returns the number of the attachment @throws when the camera is closed or already attached
   */
  attach(camera: number, queueSize?: number): number;
  /** Ends the attachment: the camera's frames get no more slots. @returns how many did */
  detach(attachment: number): number;
  /** Ends the lease of a picture and detaches its buffer. */
  endLease(lease: number, buffer: ArrayBuffer): void;
  /** ref() keeps the process alive until the matching unref(). */
  ref(): void;
  unref(): void;
  /** Ends threads and frees memory. Idempotent. */
  close(): void;
}

/** Whether native subscriptions are available: the supported messages, or the reason why not. */
export type NativeSubscriptionSupport =
  | { readonly available: true; readonly messages: readonly string[] }
  | { readonly available: false; readonly reason: string };

/** Options of the native subscriptions' node, which is separate from rclnodejs's and needs its own name. */
export interface CameraNodeOptions {
  readonly name: string;
  /** Absolute: / or /front. */
  readonly namespace: string;
  /** Default: the value of ROS_DOMAIN_ID. */
  readonly domain?: number | undefined;
  /** The SROS2 enclave. Default: / */
  readonly enclave?: string | undefined;
}

export interface CameraSubscription {
  /** Absolute; remaps are applied by the caller. */
  readonly topic: string;
  /** hbm_img_msgs/msg/HbmMsg1080P ... */
  readonly message: string;
  readonly reliability: 'reliable' | 'best_effort';
  readonly durability: 'volatile' | 'transient_local';
  /** Depth of the keep-last history, 1 to 1000. */
  readonly depth: number;
  readonly reading: ImageReading;
  /** @default keep_last */
  readonly history?: 'keep_last' | 'keep_all';
}

/** How a camera's messages are transported. */
export interface CameraTransport {
  /** Whether the middleware lends messages for this subscription. */
  readonly canLoan: boolean;
  /** Whether the last message was read in its publisher's shared memory; undefined before the first. */
  readonly sharedMemory: boolean | undefined;
  /** Number of matched publishers. */
  readonly publishers: number;
}

/** A camera that takes a topic's messages in C++ on its own thread. */
export interface SubscribedCamera extends NativeCamera {
  /** @throws TypeError when it is closed */
  transport(): CameraTransport;
  /**
   * Creates a new subscription. The former one delivers messages until the new one does; each message is taken once.
   *
   * @param several whether the topic has several publishers: the former one then delivers messages until `endHandover`
   */
  renew(qos: Omit<CameraSubscription, 'topic' | 'message' | 'reading'>, several: boolean): void;
  /** Ends the former subscription, even if the new one has delivered nothing yet. */
  endHandover(): void;
  /**
   * Starts taking messages, including those that waited in the middleware. Attach an engine first, or those are
   * discarded. Idempotent. @throws TypeError when it is closed
   */
  start(): void;
}

/** A publisher as listed in the ROS graph; policies are rmw's numbers. */
export interface CameraEndpoint {
  readonly node_name: string;
  readonly node_namespace: string;
  readonly topic_type: string;
  readonly endpoint_gid: readonly number[];
  readonly qos_profile: { readonly depth: number; readonly reliability: number; readonly durability: number };
}

export interface CameraNode {
  /** /namespace/name */
  readonly fullName: string;
  /** rmw_fastrtps_cpp ... */
  readonly middleware: string;
  /**
   * @throws Error from the middleware, for a message that nativeCameras() does not list, and when the node is closed
   */
  subscribe(options: CameraSubscription): SubscribedCamera;
  /** Publishers of a topic, as seen by this node. @throws Error from the middleware */
  publishers(topic: string): CameraEndpoint[];
  /** Closes the node and its cameras. Idempotent. */
  close(): void;
}

export interface CameraAddon {
  nativeCameras(): NativeSubscriptionSupport;
  /** Only if nativeCameras() are available. @throws Error from the middleware */
  openCameraNode(options: CameraNodeOptions): CameraNode;
  /** @param stretch whether pictures fill the input, instead of keeping their aspect @default false */
  openHeapSlots(
    slots: number,
    width: number,
    height: number,
    done: NativeDone,
    stretch?: boolean,
  ): NativeSlots;
  injectCamera(): InjectedCamera;
  /** Supported encodings with their aliases, separated by spaces. Case does not matter. */
  imageEncodings(): readonly { readonly name: string; readonly aliases: string }[];
  /** The encoding name, or jpeg, that these bytes start with; else the bytes as text. */
  hbmEncoding(letters: Uint8Array): string;
  /** @throws an error whose `failure` says why the image is not readable */
  inspectImage(image: NativeImage, reading: ImageReading): ImageReport;
  /**
   * Writes an image, or the part from clipRegion() for `region`, as full-range NV12. The target has the size of what is
   * written, rounded up to even numbers.
   *
   * @throws as inspectImage() and clipRegion()
   */
  imageToNv12(image: NativeImage, reading: ImageReading, target: Nv12Frame, region?: Region): void;
  /**
   * The part of a picture of this size that the model sees: the region, rounded outward to even pixels and clipped to
   * the picture.
   *
   * @throws an error whose `failure` says that the region does not intersect the picture
   */
  clipRegion(
    region: Region,
    width: number,
    height: number,
  ): Region & { readonly warning: NativeFailure | null };
  /** The rectangle of a Letterbox as computed by native subscriptions. */
  letterboxContent(
    sourceWidth: number,
    sourceHeight: number,
    modelWidth: number,
    modelHeight: number,
    stretch?: boolean,
  ): { readonly left: number; readonly top: number; readonly width: number; readonly height: number };
}
