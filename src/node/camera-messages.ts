import type { Nv12Frame } from '../frame/nv12-frame.js';
import type { Stamp } from '../frame/source.js';
import { HBM_OFFSETS, HbmImageWriter } from '../message/hbm-image.js';
import { ImageWriter } from '../message/image.js';
import type { CameraMessage } from '../parameters/camera.js';
import type { Qos } from './qos.js';

const NO_STAMP: Stamp = { sec: 0, nanosec: 0 };
/** Offset of header.stamp in a serialized sensor_msgs/Image. */
const IMAGE_STAMP = 4;
const DEPTH = 5;

/** As most camera drivers do, mipi_cam among them: subscribers of either reliability hear it. */
const IMAGE_QOS: Qos = { reliability: 'reliable', durability: 'volatile', depth: DEPTH };
/** rclcpp's SensorDataQoS, which TROS uses for HbmMsg. */
const SENSOR_DATA_QOS: Qos = { ...IMAGE_QOS, reliability: 'best_effort' };

/**
 * One type of message that frames are sent in. Messages are made beforehand; only stamp and index are written when they are
 * sent. So those of a short input can be kept and sent again and again.
 */
export interface MessageForm {
  /** As topics know it. */
  readonly type: string;
  readonly topic: string;
  readonly qos: Qos;
  /**
   * @returns the message, valid until the next call of `write` or `restore`
   * @throws ExpectationError for a frame that the type has no room for
   */
  write(frame: Nv12Frame, frameId: string): Buffer;
  /** @returns what is needed to have the message again, in memory of its own: hardly more than its pixels */
  keep(message: Buffer): Buffer;
  /** Inverse of `keep`. */
  restore(kept: Buffer): Buffer;
  /** Writes what differs each time a message is sent. */
  seal(message: Buffer, stamp: Stamp, index: number): void;
}

export function messageForm(message: CameraMessage, qos: 'auto' | 'sensor_data' | 'reliable'): MessageForm {
  const chosen = { auto: undefined, sensor_data: SENSOR_DATA_QOS, reliable: IMAGE_QOS }[qos];
  switch (message) {
    case 'image':
      return new ImageForm(chosen ?? IMAGE_QOS);
    case 'hbm480p':
      return new HbmForm(new HbmImageWriter('HbmMsg480P'), chosen ?? SENSOR_DATA_QOS);
    case 'hbm540p':
      return new HbmForm(new HbmImageWriter('HbmMsg540P'), chosen ?? SENSOR_DATA_QOS);
    case 'hbm1080p':
      return new HbmForm(new HbmImageWriter('HbmMsg1080P'), chosen ?? SENSOR_DATA_QOS);
  }
}

class ImageForm implements MessageForm {
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

  seal(message: Buffer, stamp: Stamp): void {
    writeStamp(message, stamp, IMAGE_STAMP);
  }
}

/** Of an HbmMsg only the part with pixels is kept: half of a 1080P message, a fifth of it for 720p frames. */
class HbmForm implements MessageForm {
  readonly type: string;
  readonly topic = '/hbmem_img';
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

  seal(message: Buffer, stamp: Stamp, index: number): void {
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
