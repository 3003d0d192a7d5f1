import { encodeGray16 } from '../../media/render/encode.js';
import { paintInstanceMap } from '../../message/write/instance-map.js';
import type { Segmentation } from '../../vision/mask/segmentation.js';
import type { FrameHeader } from '../../vision/picture/frame-source.js';
import type { RawPublisher } from '../ros/ros-node.js';
import { PackedOutput } from './packed-output.js';

const MOST_PACKING = 2;

/** As image_transport's plugin `compressed` writes it; it reads the 16 bits from here. */
const FORMAT = 'mono16; png compressed ';

/** Packs instance maps as PNG for `~/instance_map/compressed`. */
export class InstanceMapOutput {
  readonly #png: PackedOutput<Uint16Array>;

  /** @param fail called with the error of each map that could not be packed or published */
  constructor(publisher: RawPublisher, fail: (error: unknown) => void) {
    this.#png = new PackedOutput(publisher, MOST_PACKING, (cells) => new Uint16Array(cells), fail);
  }

  /** Frames without a packed map because all packers were busy. */
  get skipped(): number {
    return this.#png.skipped;
  }

  publish(header: FrameHeader, segmentation: Segmentation): void {
    if (!this.#png.admits()) return;
    const { maskWidth: width, maskHeight: height } = segmentation;
    const map = this.#png.take(width * height);
    paintInstanceMap(segmentation, map);
    this.#png.publish(header, FORMAT, map, encodeGray16(map, width, height));
  }

  /** Waits until all maps are published. */
  idle(): Promise<void> {
    return this.#png.idle();
  }
}
