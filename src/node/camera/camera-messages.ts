import {
  IMAGE_MESSAGES,
  type ImageMessage,
  type ImageMessageName,
  type StandIn,
  type StandInName,
} from '../../message/image-messages.js';
import { IMAGE_QOS, type Qos } from '../../message/qos.js';
import { encodeJpeg } from '../../media/render/encode.js';
import { expectRoom, type HbmEncoding, type HbmMessage } from '../../message/write/hbm-image.js';
import { packNv12 } from '../../message/write/image.js';
import {
  type CdrForm,
  type JpegPacker,
  type MessageForm,
  NO_STAMP,
  type SentOn,
} from '../../message/write/image-form.js';
import { nv12ToRgb } from '../../native/convert.js';
import type { CameraParameters } from '../../parameters/camera.js';
import type { Stamp } from '../../vision/picture/frame-source.js';
import { DEFAULT_COLOR_RANGE } from '../../vision/picture/color-range.js';
import { nv12Frame, nv12Size, type Nv12Frame } from '../../vision/picture/nv12-frame.js';

type CameraQos = CameraParameters['qos'];

/** Messages that the middleware can lend. */
export type LoanName = {
  [Name in ImageMessageName]: (typeof IMAGE_MESSAGES)[Name] extends { readonly hbm: HbmMessage }
    ? Name
    : never;
}[ImageMessageName];

/** Of JPEG cameras, about. */
const JPEG_QUALITY = 90;
/** What USB cameras and the board's encoder send, which take YUV 4:2:0 or 4:2:2: other decoders than for full color are at work. */
const JPEG_CHROMA = '4:2:0';

/** Messages as CDR bytes, for rclnodejs. */
export function messageForm(
  message: StandInName,
  qos: CameraQos,
  hbmEncoding: HbmEncoding = 'nv12',
): CdrForm {
  const row = IMAGE_MESSAGES[message];
  return row.standIn.form(sentOn(row, qos), { hbmEncoding, jpeg: jpegPacker() });
}

/** Keeps the memory of its colors from frame to frame. */
function jpegPacker(): JpegPacker {
  let colors = new Uint8Array(0);
  return (frame) => {
    const { width, height } = frame;
    if (colors.length !== 3 * width * height) colors = new Uint8Array(3 * width * height);
    const picture = { width, height, data: nv12ToRgb(frame, DEFAULT_COLOR_RANGE, colors) };
    return encodeJpeg(picture, JPEG_QUALITY, JPEG_CHROMA, 'standard');
  };
}

/** Messages that the native publisher writes into lent memory. */
export function loanForm(message: LoanName, qos: CameraQos): LoanForm {
  const row = IMAGE_MESSAGES[message];
  return new LoanForm(row.hbm, sentOn(row, qos));
}

function sentOn({ type, standIn }: ImageMessage & { readonly standIn: StandIn }, qos: CameraQos): SentOn {
  return { type, topic: standIn.topic, qos: qos === 'auto' ? standIn.qos : IMAGE_QOS[qos] };
}

/** A frame whose pixels are still in its source or in the cache. */
export interface LoanMessage {
  readonly frame: Nv12Frame;
  readonly stamp: Stamp;
  readonly index: number;
}

/** Pixels are copied into the lent memory when the message is sent. They are only copied before if the cache keeps them. */
export class LoanForm implements MessageForm<LoanMessage, KeptPixels> {
  readonly encoding = 'nv12';
  readonly type: string;
  readonly topic: string;
  readonly qos: Qos;
  /** Reused for all messages. */
  readonly #message = { frame: undefined as unknown as Nv12Frame, stamp: NO_STAMP, index: 0 };

  constructor(
    private readonly message: HbmMessage,
    { type, topic, qos }: SentOn,
  ) {
    [this.type, this.topic, this.qos] = [type, topic, qos];
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
