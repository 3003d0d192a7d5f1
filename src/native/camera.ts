import type { Nv12Frame } from '../vision/picture/nv12-frame.js';
import type { Region } from '../vision/picture/region.js';
import type { NativeFailure } from './failure.js';

/** What became of a camera's frames: `received` = skipped + dropped + failed + discarded + submitted + those that wait. */
export interface NativeCameraCounters {
  readonly received: number;
  /** Not taken because of `limit`. */
  readonly skipped: number;
  /** Replaced by newer ones while no slot was free. */
  readonly dropped: number;
  /** Not readable. */
  readonly failed: number;
  /** No engine attached, or waiting when it was detached. */
  readonly discarded: number;
  /** Given to a slot of the engine. */
  readonly submitted: number;
  /** Frames that were not NV12 and cost one more pass over their pixels. */
  readonly converted: number;
  /** Full pictures copied because of keepPixels, and those that were not because all buffers were lent. */
  readonly pixelCopies: number;
  readonly pixelsMissed: number;
  /** Bytes of pixels that were gone through, and bytes written because of them, whatever for. */
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Milliseconds of the longest callback. */
  readonly slowest: number;
  /** Why the last of the failed ones was not readable. */
  readonly lastFailure: NativeFailure | null;
  /** What may be wrong with the frames that come now, though they are read. */
  readonly warning: NativeFailure | null;
}

/** A camera whose frames never pass through JavaScript (native/camera). Engine.attach gives it an engine. */
export interface NativeCamera {
  /** Its number in this process. */
  readonly id: number;
  /** From now on a frame is taken once per so many milliseconds at most, up to a day; 0: all are. */
  limit(period: number): void;
  /** Whether the full picture is copied along with each frame from now on. */
  keepPixels(keep: boolean): void;
  /** How images are read from now on. */
  setReading(reading: ImageReading): void;
  /** What the model sees of the picture from now on, as partOf() has it; undefined: all of it. */
  setRegion(region: Region | undefined): void;
  /** At any time, also after close. */
  counters(): NativeCameraCounters;
  /** Stamps of messages that came since the last call, readable or not, in milliseconds; the newest 1024. */
  takeStamps(): Float64Array;
  /** No frame comes afterwards; those in flight are not touched. Idempotent. */
  close(): void;
}

/** An image as a camera sends it; nothing of it needs to be right. */
export interface NativeImage {
  readonly width: number;
  readonly height: number;
  readonly step: number;
  readonly encoding: string;
  /** Whether the high byte of 16-bit samples comes first. @default false */
  readonly isBigEndian?: boolean;
  readonly data: Uint8Array;
  /** Whether the length of `data` is that of a buffer, which may be longer than the image. @default false */
  readonly hasBufferSize?: boolean;
}

/** What the user says of a camera's images; 0 as told by the messages. */
export interface ImageReading {
  /** Bytes from row to row. */
  readonly step: number;
  /** Rows of luma before the chroma, those below the picture included. */
  readonly rows: number;
  /** The value of a 16-bit grey that is white, 1 to 65535. */
  readonly white: number;
}

/** How an image is read. */
export interface ImageReport {
  /** The encoding's name in imageEncodings(), whatever the image calls it. */
  readonly encoding: string;
  /** Of the picture; the frame's sizes are these, rounded up to even numbers. */
  readonly width: number;
  readonly height: number;
  /** Bytes from row to row, and rows of luma (or of pixels) with those below the picture. */
  readonly stride: number;
  readonly rows: number;
  /** What may be wrong with it; null: nothing is. */
  readonly warning: NativeFailure | null;
}

/** A message as a camera sends it. */
export interface InjectedMessage extends NativeImage {
  readonly sec: number;
  readonly nanosec: number;
  /** -1: the message has none. */
  readonly index: number;
  /** undefined: the message has none. */
  readonly frameId?: string | undefined;
}

/** A camera without ROS, for tests and measurements: the same code takes its messages. */
export interface InjectedCamera extends NativeCamera {
  /** Takes a message on the JS thread. */
  offer(message: InjectedMessage): void;
  /**
   * Takes the message `count` times from a thread of its own, once per `period` ms, its index counting up. 0: one after the
   * other.
   */
  play(message: InjectedMessage, period: number, count: number): void;
  /** The same at once: when it returns, all of them were taken. The JS thread is blocked meanwhile. */
  step(message: InjectedMessage, count: number): void;
}

/** What is known of a camera's frame that is through with a slot. Times in ms on the clock of process.hrtime(). */
export interface NativeFrameInfo {
  /** What attach() returned. */
  readonly attachment: number;
  /** Position among the frames of the attachment that had a slot, from 0: each of them is told of once. */
  readonly sequence: number;
  readonly sec: number;
  readonly nanosec: number;
  readonly index: number;
  readonly frameId: string | undefined;
  /** Of the picture; the frame's sizes are these, rounded up to even numbers. */
  readonly width: number;
  readonly height: number;
  /** What of the picture was letterboxed. */
  readonly part: Region;
  readonly received: number;
  readonly submitted: number;
  /** Milliseconds of letterbox and conversion. */
  readonly preprocess: number;
  /** The full picture, packed NV12, and the number to give it back with. */
  readonly pixels?: ArrayBuffer;
  readonly lease?: number;
  /** From openHeapSlots(): the model's input, packed NV12; detached by release(). */
  readonly input?: ArrayBuffer;
}

/**
 * Tells that a slot is through with its frame; release(slot) makes it free. Milliseconds.
 *
 * `frameInfo` is there for cameras' frames, undefined for submitted ones, and null for the slot that answers requestSlot().
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
  /** How many are free now. */
  free(): number;
  /** @returns a slot for something else than a camera's frame, or -1 when none is free now */
  take(): number;
  /** Asks for a slot in turn with cameras that wait; `done` grants it, once. */
  requestSlot(): void;
  /** Takes it back. @returns false when it was granted already, also when `done` has not been called yet */
  cancelRequest(): boolean;
  /** Makes a slot that was told of free; a camera that waits has it at once. */
  release(slot: number): void;
  /**
   * @param queue frames of the camera that may wait for a slot, 1 to 1000; the oldest of more is dropped @default 1
   * @returns the number of the attachment @throws when the camera is closed or attached already
   */
  attach(camera: number, queue?: number): number;
  /** No frame of the camera is given a slot afterwards. @returns how many were */
  detach(attachment: number): number;
  /** Ends a lease of pixels; the buffer has length 0 then. */
  endLease(lease: number, buffer: ArrayBuffer): void;
  /** Between them the process stays alive. */
  ref(): void;
  unref(): void;
  /** Ends threads and frees memory. Idempotent. */
  close(): void;
}

/** Whether cameras can be subscribed to natively: which messages, or why not. */
export type NativeCameras =
  | { readonly available: true; readonly messages: readonly string[] }
  | { readonly available: false; readonly reason: string };

/** The node of native cameras. It is not rclnodejs's, so it needs a name of its own. */
export interface CameraNodeOptions {
  readonly name: string;
  /** Absolute: / or /front. */
  readonly namespace: string;
  /** Left out: that of ROS_DOMAIN_ID. */
  readonly domain?: number | undefined;
  /** Of its security files (SROS2). Left out: / */
  readonly enclave?: string | undefined;
}

export interface CameraSubscription {
  /** Absolute: remaps are the caller's. */
  readonly topic: string;
  /** hbm_img_msgs/msg/HbmMsg1080P ... */
  readonly message: string;
  readonly reliability: 'reliable' | 'best_effort';
  readonly durability: 'volatile' | 'transient_local';
  /** Of keep-last history, 1 to 1000. */
  readonly depth: number;
  readonly reading: ImageReading;
  /** @default keep_last */
  readonly history?: 'keep_last' | 'keep_all';
}

/** How a camera's messages arrive. */
export interface CameraTransport {
  /** Whether the middleware lends messages for this subscription. */
  readonly canLoan: boolean;
  /** Whether the last message was read where its publisher wrote it; undefined before the first. */
  readonly sharedMemory: boolean | undefined;
  /** That the subscription is matched with. */
  readonly publishers: number;
}

/** A topic's messages, taken in C++ on a thread of their own. */
export interface SubscribedCamera extends NativeCamera {
  /** @throws TypeError when it is closed */
  transport(): CameraTransport;
  /** Subscribes anew; the former subscription brings messages until the new one does, and each message comes once. */
  renew(qos: Omit<CameraSubscription, 'topic' | 'message' | 'reading'>): void;
  /** Ends the former subscription, whatever the new one has brought. */
  settle(): void;
  /**
   * Messages are taken from now on. What came before has waited in the middleware: an engine is attached first, or a burst of a
   * publisher that was there already is discarded. Idempotent. @throws TypeError when it is closed
   */
  start(): void;
}

/** A publisher as the graph tells it; the policies are numbers of rmw. */
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
  /** @throws Error of the middleware, for a message that nativeCameras() does not list, and when it is closed */
  subscribe(options: CameraSubscription): SubscribedCamera;
  /** Publishers of a topic, as this node sees them. @throws Error of the middleware */
  publishers(topic: string): CameraEndpoint[];
  /** Closes its cameras, too. Idempotent. */
  close(): void;
}

export interface CameraAddon {
  nativeCameras(): NativeCameras;
  /** Where nativeCameras() are available. @throws Error of the middleware */
  openCameraNode(options: CameraNodeOptions): CameraNode;
  openHeapSlots(slots: number, width: number, height: number, done: NativeDone): NativeSlots;
  injectCamera(): InjectedCamera;
  /** Encodings of images that are read, with their other names, separated by spaces. Any case will do. */
  imageEncodings(): readonly { readonly name: string; readonly aliases: string }[];
  /** What these letters, which other letters may follow, begin with: an encoding's name, or jpeg; else as they are. */
  hbmEncoding(letters: Uint8Array): string;
  /** @throws an error whose `failure` says why the image is not readable */
  inspectImage(image: NativeImage, reading: ImageReading): ImageReport;
  /**
   * Writes an image, or the part of it that partOf() gives for `region`, as NV12 of full range. The target has the size of what is
   * written, rounded up to even numbers.
   *
   * @throws as inspectImage() and partOf()
   */
  imageToNv12(image: NativeImage, reading: ImageReading, target: Nv12Frame, region?: Region): void;
  /**
   * What the model sees of a picture of this size: the region, rounded outward to even pixels and cut to the picture.
   *
   * @throws an error whose `failure` says that the region has no pixel of the picture
   */
  partOf(region: Region, width: number, height: number): Region & { readonly warning: NativeFailure | null };
  /** Left, top, width and height of a Letterbox as native cameras compute them. */
  letterboxContent(
    sourceWidth: number,
    sourceHeight: number,
    modelWidth: number,
    modelHeight: number,
  ): { readonly left: number; readonly top: number; readonly width: number; readonly height: number };
}
