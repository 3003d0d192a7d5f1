import type { Stamp } from '../../vision/picture/frame-source.js';
import type { Nv12Frame } from '../../vision/picture/nv12-frame.js';
import type { Qos } from '../qos.js';
import { HBM_OFFSETS, type HbmEncoding, HbmImageWriter, type HbmMessage } from './hbm-image.js';
import { CompressedImageWriter, ImageWriter } from './image.js';

export const NO_STAMP: Stamp = { sec: 0, nanosec: 0 };
/** Offset of header.stamp in a serialized sensor_msgs/Image or CompressedImage: their first field, after the encapsulation header. */
export const HEADER_STAMP = 4;

/** Makes the JPEG file of a frame, whose pixels must not change until then. */
export type JpegPacker = (frame: Nv12Frame) => Promise<Uint8Array>;

/** How pixels are put into messages that leave a choice. */
export interface Packing {
  readonly jpeg: JpegPacker;
  /** Of HbmMsg. */
  readonly hbmEncoding: HbmEncoding;
}

/** Topic, type and QoS of messages. */
export interface SentOn {
  /** Name of the type, as in `ros2 topic info`. */
  readonly type: string;
  readonly topic: string;
  readonly qos: Qos;
}

/**
 * A type of message for frames. Messages are made in advance; only stamp and index are written when they are
 * sent. So the messages of a short input can be kept and sent repeatedly.
 *
 * Message: the publisher's input, CDR bytes or a LoanMessage. Kept: its form in the cache.
 */
export interface MessageForm<Message extends object = Buffer, Kept extends Sized = Sized> extends SentOn {
  /** What the pixels are in the message. */
  readonly encoding: HbmEncoding;
  /**
   * @returns the message, valid until the next call of `write` or `restore`
   * @throws ExpectationError for a frame that is too large for the type; a promise rejects with it
   */
  write(frame: Nv12Frame, frameId: string): Message | Promise<Message>;
  /** @returns the data from which the message can be restored, in memory of its own: little more than its pixels */
  keep(message: Message): Kept;
  /** Inverse of `keep`. */
  restore(kept: Kept): Message;
  /** Writes the fields that differ each time a message is sent. */
  setStamp(message: Message, stamp: Stamp, index: number): void;
}

export interface Sized {
  readonly byteLength: number;
}

/** Messages as CDR bytes. */
export type CdrForm = MessageForm<Buffer, Buffer>;

/** What messages of sensor_msgs have in common: all of their bytes are kept, and the stamp comes first. */
abstract class SensorForm implements CdrForm {
  abstract readonly encoding: HbmEncoding;
  readonly type: string;
  readonly topic: string;
  readonly qos: Qos;

  constructor({ type, topic, qos }: SentOn) {
    [this.type, this.topic, this.qos] = [type, topic, qos];
  }

  abstract write(frame: Nv12Frame, frameId: string): Buffer | Promise<Buffer>;

  keep(message: Buffer): Buffer {
    return asBuffer(new Uint8Array(message));
  }

  restore(kept: Buffer): Buffer {
    return kept;
  }

  setStamp(message: Buffer, stamp: Stamp): void {
    writeStamp(message, stamp, HEADER_STAMP);
  }
}

/** Frames in sensor_msgs/msg/Image. */
export class ImageForm extends SensorForm {
  readonly encoding = 'nv12';
  readonly #writer = new ImageWriter();

  write(frame: Nv12Frame, frameId: string): Buffer {
    return asBuffer(this.#writer.writeNv12({ stamp: NO_STAMP, frameId }, frame));
  }
}

/** Frames as JPEG in sensor_msgs/msg/CompressedImage. */
export class CompressedForm extends SensorForm {
  readonly encoding = 'jpeg';
  readonly #writer = new CompressedImageWriter();

  constructor(
    sent: SentOn,
    private readonly jpeg: JpegPacker,
  ) {
    super(sent);
  }

  async write(frame: Nv12Frame, frameId: string): Promise<Buffer> {
    return asBuffer(this.#writer.write({ stamp: NO_STAMP, frameId }, 'jpeg', await this.jpeg(frame)));
  }
}

/** Frames in hbm_img_msgs. Only the part with pixels is kept: half of a 1080P message, or a fifth of it for 720p frames. */
export class HbmForm implements CdrForm {
  readonly encoding: HbmEncoding;
  readonly type: string;
  readonly topic: string;
  readonly qos: Qos;
  readonly #writer: HbmImageWriter;
  #message: Buffer | undefined;

  constructor(
    message: HbmMessage,
    { type, topic, qos }: SentOn,
    private readonly packing: Packing,
  ) {
    [this.type, this.topic, this.qos] = [type, topic, qos];
    this.encoding = packing.hbmEncoding;
    this.#writer = new HbmImageWriter(message);
  }

  write(frame: Nv12Frame): Buffer | Promise<Buffer> {
    if (this.encoding === 'jpeg') return this.#writeJpeg(frame);
    return (this.#message = this.#writer.writeNv12({ index: 0, stamp: NO_STAMP }, frame));
  }

  async #writeJpeg(frame: Nv12Frame): Promise<Buffer> {
    const file = await this.packing.jpeg(frame);
    return (this.#message = this.#writer.writeJpeg({ index: 0, stamp: NO_STAMP }, frame, file));
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

function writeStamp(message: Buffer, { sec, nanosec }: Stamp, offset: number): void {
  message.writeInt32LE(sec, offset);
  message.writeUInt32LE(nanosec, offset + 4);
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
