import { nv12Frame, nv12Size, type Nv12Frame } from '../../vision/picture/nv12-frame.js';
import type { Stamp } from '../../vision/picture/frame-source.js';
import { expectRoom, HBM_OFFSETS, HbmImageWriter, type HbmMessage } from '../../message/write/hbm-image.js';
import { ImageWriter, packNv12 } from '../../message/write/image.js';
import type { CameraMessage } from '../../parameters/camera.js';
import type { Qos } from '../ros/qos.js';

const NO_STAMP: Stamp = { sec: 0, nanosec: 0 };
/** Offset of header.stamp in a serialized sensor_msgs/Image. */
const IMAGE_STAMP = 4;
const DEPTH = 5;
/** Where TROS's cameras publish HbmMsg. */
const HBM_TOPIC = '/hbmem_img';

/** As most camera drivers do, mipi_cam among them: subscribers of either reliability hear it. */
const IMAGE_QOS: Qos = { reliability: 'reliable', durability: 'volatile', depth: DEPTH };
/** rclcpp's SensorDataQoS, which TROS uses for HbmMsg. */
const SENSOR_DATA_QOS: Qos = { ...IMAGE_QOS, reliability: 'best_effort' };

/** Parameter `qos`. */
export type CameraQos = 'auto' | 'sensor_data' | 'reliable';

/**
 * One type of message that frames are sent in. Messages are made beforehand; only stamp and index are written when they are
 * sent. So those of a short input can be kept and sent again and again.
 *
 * Message: what is handed to the publisher: CDR bytes, or a LoanMessage. Kept: the same as it waits in the cache.
 */
export interface MessageForm<Message extends object = Buffer, Kept extends Sized = Sized> {
  /** As topics know it. */
  readonly type: string;
  readonly topic: string;
  readonly qos: Qos;
  /**
   * @returns the message, valid until the next call of `write` or `restore`
   * @throws ExpectationError for a frame that the type has no room for
   */
  write(frame: Nv12Frame, frameId: string): Message;
  /** @returns what is needed to have the message again, in memory of its own: hardly more than its pixels */
  keep(message: Message): Kept;
  /** Inverse of `keep`. */
  restore(kept: Kept): Message;
  /** Writes what differs each time a message is sent. */
  setStamp(message: Message, stamp: Stamp, index: number): void;
}

export interface Sized {
  readonly byteLength: number;
}

const HBM_MESSAGES = { hbm480p: 'HbmMsg480P', hbm540p: 'HbmMsg540P', hbm1080p: 'HbmMsg1080P' } as const;

/** The message's type as topics know it. */
export function topicType(message: CameraMessage): string {
  return message === 'image' ? 'sensor_msgs/msg/Image' : `hbm_img_msgs/msg/${HBM_MESSAGES[message]}`;
}

/** Messages as CDR bytes, for rclnodejs. */
export function messageForm(message: CameraMessage, qos: CameraQos): MessageForm<Buffer, Buffer> {
  const chosen = chosenQos(qos);
  return message === 'image'
    ? new ImageForm(chosen ?? IMAGE_QOS)
    : new HbmForm(new HbmImageWriter(HBM_MESSAGES[message]), chosen ?? SENSOR_DATA_QOS);
}

/** Messages that the native publisher writes, into memory that is lent to it. */
export function loanForm(message: Exclude<CameraMessage, 'image'>, qos: CameraQos): LoanForm {
  return new LoanForm(HBM_MESSAGES[message], chosenQos(qos) ?? SENSOR_DATA_QOS);
}

function chosenQos(qos: CameraQos): Qos | undefined {
  return { auto: undefined, sensor_data: SENSOR_DATA_QOS, reliable: IMAGE_QOS }[qos];
}

class ImageForm implements MessageForm<Buffer, Buffer> {
  readonly #writer = new ImageWriter();
  readonly type = this.#writer.type.name;
  readonly topic = 'image';

  constructor(readonly qos: Qos) {}

  write(frame: Nv12Frame, frameId: string): Buffer {
    return asBuffer(this.#writer.writeNv12({ stamp: NO_STAMP, frameId }, frame));
  }

  keep(message: Buffer): Buffer {
    return asBuffer(new Uint8Array(message));
  }

  restore(kept: Buffer): Buffer {
    return kept;
  }

  setStamp(message: Buffer, stamp: Stamp): void {
    writeStamp(message, stamp, IMAGE_STAMP);
  }
}

/** Of an HbmMsg only the part with pixels is kept: half of a 1080P message, a fifth of it for 720p frames. */
class HbmForm implements MessageForm<Buffer, Buffer> {
  readonly type: string;
  readonly topic = HBM_TOPIC;
  #message: Buffer | undefined;

  constructor(
    private readonly writer: HbmImageWriter,
    readonly qos: Qos,
  ) {
    this.type = writer.type;
  }

  write(frame: Nv12Frame): Buffer {
    return (this.#message = this.writer.writeNv12({ index: 0, stamp: NO_STAMP }, frame));
  }

  keep(message: Buffer): Buffer {
    const end = HBM_OFFSETS.data + message.readUInt32LE(HBM_OFFSETS.dataSize);
    return asBuffer(new Uint8Array(message.subarray(0, end)));
  }

  restore(kept: Buffer): Buffer {
    const message = this.#message!; // written before it was kept
    message.set(kept);
    return message;
  }

  setStamp(message: Buffer, stamp: Stamp, index: number): void {
    message.writeInt32LE(index | 0, HBM_OFFSETS.index);
    writeStamp(message, stamp, HBM_OFFSETS.stamp);
  }
}

/** A frame that is not yet written anywhere but where its source has it, or the cache. */
export interface LoanMessage {
  readonly frame: Nv12Frame;
  readonly stamp: Stamp;
  readonly index: number;
}

/** Pixels are copied when the message is sent, into the memory lent; and before that only where the cache keeps them. */
export class LoanForm implements MessageForm<LoanMessage, KeptPixels> {
  readonly type: string;
  readonly topic = HBM_TOPIC;
  /** The same for all messages. */
  readonly #message = { frame: undefined as unknown as Nv12Frame, stamp: NO_STAMP, index: 0 };

  constructor(
    private readonly message: HbmMessage,
    readonly qos: Qos,
  ) {
    this.type = `hbm_img_msgs/msg/${message}`;
  }

  write(frame: Nv12Frame): LoanMessage {
    expectRoom(this.message, frame);
    this.#message.frame = frame;
    return this.#message;
  }

  keep({ frame }: LoanMessage): KeptPixels {
    return new KeptPixels(frame);
  }

  restore({ frame }: KeptPixels): LoanMessage {
    this.#message.frame = frame;
    return this.#message;
  }

  setStamp(_message: LoanMessage, stamp: Stamp, index: number): void {
    this.#message.stamp = stamp;
    this.#message.index = index | 0;
  }
}

class KeptPixels {
  readonly frame: Nv12Frame;
  readonly byteLength: number;

  constructor(original: Nv12Frame) {
    const { width, height } = original;
    this.byteLength = nv12Size(width, height);
    const pixels = new Uint8Array(this.byteLength);
    packNv12(original, pixels);
    this.frame = nv12Frame(pixels, { width, height });
  }
}

function writeStamp(message: Buffer, { sec, nanosec }: Stamp, offset: number): void {
  message.writeInt32LE(sec, offset);
  message.writeUInt32LE(nanosec, offset + 4);
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
