import type { MaskedPart } from '../../vision/depth/masked-depth.js';
import type { DepthContent } from '../depth-content.js';
import { messageType } from '../message-type.js';
import { ImageWriter } from './image.js';

/**
 * Writes the depth picture without the instances of the chosen classes, for maps without people; or without everything else. Same size,
 * encoding, stamp and frame_id as the depth picture, so that whoever takes that takes this. What is taken out is 0, or NaN of floats,
 * as REP 118 has it for pixels without a measurement.
 */
export class MaskedDepthWriter {
  readonly #image: ImageWriter;

  constructor(
    readonly part: MaskedPart,
    readonly type = messageType('sensor_msgs/Image'),
  ) {
    this.#image = new ImageWriter(type);
  }

  /** @returns CDR bytes, valid until the next call */
  write(content: DepthContent): Uint8Array {
    const { depth, encoding } = content.frame;
    const { width, height, data: source } = depth;
    const size = source.BYTES_PER_ELEMENT;
    const layout = { width, height, encoding, step: size * width };
    const { bytes, data } = this.#image.prepare(content.header, layout);
    const { buffer, byteOffset } = data;
    // The encoder's buffer begins with the 4 bytes of CDR's own header, and the pixels come after a uint32: 4 divides their offset.
    const target =
      size === 2
        ? new Uint16Array(buffer, byteOffset, width * height)
        : new Float32Array(buffer, byteOffset, width * height);
    content.mask(this.part, target);
    return bytes;
  }
}
