import type { Segmentation } from '../../vision/mask/segmentation.js';
import { MaskRuns } from '../../vision/mask/runs.js';
import type { FrameHeader } from '../../vision/picture/frame-source.js';
import { messageType } from '../message-type.js';
import { ImageWriter } from './image.js';

/**
 * Writes the instances as one sensor_msgs/msg/Image on the mask grid: 0 is background, i + 1 is instance i of the
 * InstanceArray and the Detection2DArray with the same stamp. Where instances overlap, the better score is on top.
 *
 * mono16, because mono8 is limited to 255 instances, and few viewers show 32SC1, which vision_msgs suggests.
 */
export class InstanceMapWriter {
  readonly #image: ImageWriter;

  constructor(readonly type = messageType('sensor_msgs/Image')) {
    this.#image = new ImageWriter(type);
  }

  /** @returns CDR bytes, valid until the next call */
  write(header: FrameHeader, segmentation: Segmentation): Uint8Array {
    const { maskWidth: width, maskHeight: height } = segmentation;
    const layout = { width, height, encoding: 'mono16', step: 2 * width };
    const { bytes, data } = this.#image.prepare(header, layout);
    paintInstanceMap(segmentation, new Uint16Array(data.buffer, data.byteOffset, width * height));
    return bytes;
  }
}

const maskRuns = new MaskRuns();

/** @param map a number for each cell of the mask grid, all of which are written */
export function paintInstanceMap({ maskWidth: width, instances }: Segmentation, map: Uint16Array): void {
  map.fill(0);
  // Best score last.
  for (let i = instances.length - 1; i >= 0; i--) {
    const { mask } = instances[i]!;
    maskRuns.read(mask);
    maskRuns.rows((from, to) => {
      const row = Math.floor(from / mask.width);
      const shift = (mask.y + row) * width + mask.x - row * mask.width;
      map.fill(i + 1, from + shift, to + shift);
    });
  }
}
