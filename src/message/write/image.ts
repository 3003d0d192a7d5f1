import { type Nv12Frame, nv12Size } from '../../vision/picture/nv12-frame.js';
import type { FrameHeader } from '../../vision/picture/frame-source.js';
import { CdrEncoder, cdrText, type CdrText } from './cdr-encoder.js';
import { HeaderEncoder, type HeaderMessage } from './header.js';
import { messageType } from '../message-type.js';

interface ImageMessage {
  header: HeaderMessage;
  height: number;
  width: number;
  encoding: CdrText;
  is_bigendian: number;
  step: number;
}

interface CompressedImageMessage {
  header: HeaderMessage;
  format: CdrText;
}

/** The memory layout of a sensor_msgs/Image. */
export interface ImageLayout {
  readonly width: number;
  readonly height: number;
  /** Name in sensor_msgs/image_encodings: bgr8, mono16, nv12 ... */
  readonly encoding: string;
  /** Bytes from one row to the next. */
  readonly step: number;
}

/** Writes sensor_msgs/msg/Image. Pixels are written once, straight into the message. */
export class ImageWriter {
  readonly #encoder: CdrEncoder<ImageMessage>;
  readonly #header = new HeaderEncoder();

  constructor(readonly type = messageType('sensor_msgs/Image')) {
    this.#encoder = new CdrEncoder(type);
  }

  /**
   * Prepares a message; the caller writes its pixels.
   *
   * @param length bytes of pixels: step * height for packed formats
   * @returns the message's bytes and, within them, those of the pixels, not cleared; valid until the next call.
   *   The pixels begin at an even offset of their buffer, so that 16-bit pixels can be written as such.
   */
  prepare(
    header: FrameHeader,
    layout: ImageLayout,
    length = layout.step * layout.height,
  ): { bytes: Uint8Array; data: Uint8Array } {
    const { width, height, encoding, step } = layout;
    return this.#encoder.writeWithData(
      {
        header: this.#header.encode(header),
        height,
        width,
        encoding: cdrText(encoding),
        is_bigendian: 0,
        step,
      },
      length,
    );
  }

  /** @returns CDR bytes of an image with these pixels, valid until the next call */
  write(header: FrameHeader, layout: ImageLayout, pixels: Uint8Array): Uint8Array {
    const { bytes, data } = this.prepare(header, layout, pixels.length);
    data.set(pixels);
    return bytes;
  }

  /** @returns CDR bytes of the frame as encoding nv12, rows packed, step = width; valid until the next call */
  writeNv12(header: FrameHeader, frame: Nv12Frame): Uint8Array {
    const { width, height } = frame;
    const layout = { width, height, encoding: 'nv12', step: width };
    const { bytes, data } = this.prepare(header, layout, nv12Size(width, height));
    packNv12(frame, data);
    return bytes;
  }
}

/** Writes sensor_msgs/msg/CompressedImage. */
export class CompressedImageWriter {
  readonly #encoder: CdrEncoder<CompressedImageMessage>;
  readonly #header = new HeaderEncoder();

  constructor(readonly type = messageType('sensor_msgs/CompressedImage')) {
    this.#encoder = new CdrEncoder(type);
  }

  /**
   * @returns CDR bytes, valid until the next call
   * @param format jpeg or png
   */
  write(header: FrameHeader, format: string, file: Uint8Array): Uint8Array {
    const message = { header: this.#header.encode(header), format: cdrText(format) };
    const { bytes, data } = this.#encoder.writeWithData(message, file.length);
    data.set(file);
    return bytes;
  }
}

/** Copies a frame without gaps between its rows and planes: nv12Size() bytes from the beginning of `target`. */
export function packNv12(frame: Nv12Frame, target: Uint8Array): void {
  const { width, height } = frame;
  copyRows(frame.data, frame.lumaOffset, frame.lumaStride, target, 0, width, height);
  copyRows(frame.data, frame.chromaOffset, frame.chromaStride, target, width * height, width, height / 2);
}

function copyRows(
  source: Uint8Array,
  sourceOffset: number,
  stride: number,
  target: Uint8Array,
  targetOffset: number,
  width: number,
  rows: number,
): void {
  if (stride === width) {
    target.set(source.subarray(sourceOffset, sourceOffset + width * rows), targetOffset);
    return;
  }
  for (let row = 0; row < rows; row++) {
    const start = sourceOffset + row * stride;
    target.set(source.subarray(start, start + width), targetOffset + row * width);
  }
}
