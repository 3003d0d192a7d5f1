import type { Intrinsics } from '../../vision/depth/intrinsics.js';
import type { FrameHeader } from '../../vision/picture/frame-source.js';
import { messageType } from '../message-type.js';
import { CdrEncoder, cdrText, type CdrText } from './cdr-encoder.js';
import { HeaderEncoder, type HeaderMessage } from './header.js';

interface CameraInfoMessage {
  header: HeaderMessage;
  height: number;
  width: number;
  distortion_model: CdrText;
  d: Float64Array;
  k: Float64Array;
  r: Float64Array;
  p: Float64Array;
}

const NO_DISTORTION = new Float64Array(5);
const NO_ROTATION = Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);

/** Writes sensor_msgs/msg/CameraInfo of a camera without distortion: plumb_bob with zeros, R the identity, P as K. */
export class CameraInfoWriter {
  readonly #encoder: CdrEncoder<CameraInfoMessage>;
  readonly #header = new HeaderEncoder();

  constructor(readonly type = messageType('sensor_msgs/CameraInfo')) {
    this.#encoder = new CdrEncoder(type);
  }

  /** @returns CDR bytes, valid until the next call */
  write(header: FrameHeader, { width, height, fx, fy, cx, cy }: Intrinsics): Uint8Array {
    return this.#encoder.write({
      ...{ header: this.#header.encode(header), height, width },
      ...{ distortion_model: cdrText('plumb_bob'), d: NO_DISTORTION, r: NO_ROTATION },
      k: Float64Array.of(fx, 0, cx, 0, fy, cy, 0, 0, 1),
      p: Float64Array.of(fx, 0, cx, 0, 0, fy, cy, 0, 0, 0, 1, 0),
    });
  }
}
