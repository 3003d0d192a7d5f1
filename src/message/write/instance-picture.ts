import { MaskPainter } from '../../vision/mask/mask-painter.js';
import type { Segmentation } from '../../vision/mask/segmentation.js';
import type { FrameHeader } from '../../vision/picture/frame-source.js';
import { type ColoredBy, instanceColor, type Rgb } from '../../vision/picture/palette.js';
import { messageType } from '../message-type.js';
import { ImageWriter } from './image.js';

/**
 * Writes the instances as a picture for people: sensor_msgs/msg/Image, rgb8, in the overlay's colors on black, as large as the
 * instance map. That map is nearly black in viewers that show mono16 as gray.
 */
export class InstancePictureWriter {
  readonly #image: ImageWriter;
  readonly #painter = new MaskPainter();
  /** A row in the color of one instance. */
  #row = new Uint8Array(0);

  /** @param coloredBy asked for each picture */
  constructor(
    private readonly coloredBy: () => ColoredBy,
    readonly type = messageType('sensor_msgs/Image'),
  ) {
    this.#image = new ImageWriter(type);
  }

  /** @returns CDR bytes, valid until the next call */
  write(header: FrameHeader, segmentation: Segmentation): Uint8Array {
    const { maskWidth: width, maskHeight: height, instances } = segmentation;
    const layout = { width, height, encoding: 'rgb8', step: 3 * width };
    const { bytes, data } = this.#image.prepare(header, layout);
    data.fill(0);
    const coloredBy = this.coloredBy();
    if (this.#row.length !== 3 * width) this.#row = new Uint8Array(3 * width);
    let drawn = -1;
    this.#painter.paint(segmentation, width, height, (from, to, rank) => {
      if (rank !== drawn) {
        fillWith(
          this.#row,
          instanceColor(coloredBy, instances[rank]!.classId, rank, instances[rank]!.trackId),
        );
        drawn = rank;
      }
      data.set(this.#row.subarray(0, 3 * (to - from)), 3 * from);
    });
    return bytes;
  }
}

function fillWith(row: Uint8Array, color: Rgb): void {
  row.set(color);
  for (let done = 3; done < row.length; done *= 2) row.copyWithin(done, 0, done);
}
