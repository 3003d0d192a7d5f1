import { MaskPainter } from '../../vision/mask/mask-painter.js';
import type { Segmentation } from '../../vision/mask/segmentation.js';
import type { FrameHeader } from '../../vision/picture/frame-source.js';
import { ColorBook } from '../../vision/picture/color-book.js';
import type { ColoredBy } from '../../vision/picture/palette.js';
import { messageType } from '../message-type.js';
import { ImageWriter } from './image.js';

/**
 * Writes the instances as a picture for people: sensor_msgs/msg/Image, rgb8, in the overlay's colors on black, as large as the
 * instance map. That map is nearly black in viewers that show mono16 as gray.
 */
export class InstancePictureWriter {
  readonly #image: ImageWriter;
  readonly #painter = new MaskPainter();

  /**
   * @param coloredBy asked for each picture
   * @param book chooses the colors
   */
  constructor(
    private readonly coloredBy: () => ColoredBy,
    readonly type = messageType('sensor_msgs/Image'),
    private readonly book = new ColorBook(),
  ) {
    this.#image = new ImageWriter(type);
  }

  /** @returns CDR bytes, valid until the next call */
  write(header: FrameHeader, segmentation: Segmentation): Uint8Array {
    const { maskWidth: width, maskHeight: height, instances } = segmentation;
    const layout = { width, height, encoding: 'rgb8', step: 3 * width };
    const { bytes, data } = this.#image.prepare(header, layout);
    data.fill(0);
    const colors = this.book.colors(this.coloredBy(), instances);
    // Two pixels are three halfwords: half as many stores as by bytes.
    const pairs = new Uint16Array(data.buffer, data.byteOffset, data.length >> 1);
    this.#painter.paint(segmentation, width, height, (from, to, rank) => {
      const [red, green, blue] = colors[rank]!;
      const first = from + (from & 1);
      const last = to - (to & 1);
      if (first > from) put(data, from, red, green, blue);
      const [redGreen, blueRed, greenBlue] = [red | (green << 8), blue | (red << 8), green | (blue << 8)];
      for (let at = (3 * first) >> 1; at < (3 * last) >> 1; at += 3) {
        pairs[at] = redGreen;
        pairs[at + 1] = blueRed;
        pairs[at + 2] = greenBlue;
      }
      if (last < to && last >= first) put(data, last, red, green, blue);
    });
    return bytes;
  }
}

function put(data: Uint8Array, pixel: number, red: number, green: number, blue: number): void {
  data[3 * pixel] = red;
  data[3 * pixel + 1] = green;
  data[3 * pixel + 2] = blue;
}
