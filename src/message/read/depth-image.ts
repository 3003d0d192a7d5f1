import { ExpectationError, expectInteger } from '../../base/expect.js';
import type { DepthPicture } from '../../vision/depth/depth-picture.js';
import { MAX_DIMENSION } from '../../vision/picture/nv12-frame.js';
import type { DepthFrame } from '../depth-content.js';
import { imageView, type ImageView } from './image-message.js';

/** Encodings of depth (REP 118), and the bytes of a pixel. mono16 is what hobot_stereonet sends. */
const PIXEL_BYTES: Readonly<Record<string, 2 | 4>> = { '16UC1': 2, mono16: 2, '32FC1': 4 };

/** Whether this machine stores the low byte first, as nearly all messages do. */
const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/**
 * Reads depth pictures of sensor_msgs/msg/Image. What can be is a view of the message: rows without gaps, in this machine's byte order, at
 * an offset that typed arrays can have. Others are copied to memory that is reused, so that a picture is valid until the next is read.
 */
export class DepthImageReader {
  #copy = new ArrayBuffer(0);

  /** @throws ExpectationError for bytes that are no such message, another encoding, and data that is too short */
  read(cdr: Uint8Array): DepthFrame {
    const view = imageView(cdr);
    const { encoding, stamp, frameId } = view;
    return { stamp, frameId, encoding, depth: this.#picture(view) };
  }

  #picture({ encoding, width, height, step, data, isBigEndian }: ImageView): DepthPicture {
    const bytes = PIXEL_BYTES[encoding];
    if (bytes === undefined) {
      throw new ExpectationError(
        'a depth picture: 16UC1 or mono16 in millimeters, or 32FC1 in meters',
        encoding === '' ? 'an image without an encoding' : encoding,
        'Name the topic of depth in parameter depth, not that of colors or disparities.',
      );
    }
    expectInteger('the width of a depth picture', width, 1, MAX_DIMENSION);
    expectInteger('the height of a depth picture', height, 1, MAX_DIMENSION);
    const row = bytes * width;
    // Some publishers leave it at 0.
    const stride = step === 0 ? row : step;
    const needed = stride * (height - 1) + row;
    if (stride < row || data.length < needed) {
      throw new ExpectationError(
        `${height} rows of at least ${row} bytes of ${encoding}`,
        `${data.length} bytes, ${stride} from row to row`,
        'The message is truncated, or its width, height or step are wrong.',
      );
    }
    const swapped = isBigEndian === LITTLE_ENDIAN;
    if (stride === row && !swapped && data.byteOffset % bytes === 0) {
      return {
        width,
        height,
        data: typed(bytes, data.buffer as ArrayBuffer, data.byteOffset, width * height),
      };
    }
    if (this.#copy.byteLength < row * height) this.#copy = new ArrayBuffer(row * height);
    const packed = Buffer.from(this.#copy, 0, row * height);
    for (let y = 0; y < height; y++) packed.set(data.subarray(y * stride, y * stride + row), y * row);
    if (swapped && bytes === 2) packed.swap16();
    if (swapped && bytes === 4) packed.swap32();
    return { width, height, data: typed(bytes, this.#copy, 0, width * height) };
  }
}

function typed(bytes: 2 | 4, buffer: ArrayBuffer, offset: number, length: number): DepthPicture['data'] {
  return bytes === 2 ? new Uint16Array(buffer, offset, length) : new Float32Array(buffer, offset, length);
}
