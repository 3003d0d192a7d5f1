import { SerialQueue } from '../../base/serial-queue.js';
import { encodeGray16 } from '../../media/render/encode.js';
import { CompressedImageWriter } from '../../message/write/image.js';
import { paintInstanceMap } from '../../message/write/instance-map.js';
import type { Segmentation } from '../../vision/mask/segmentation.js';
import type { FrameHeader } from '../../vision/picture/frame-source.js';
import type { RawPublisher } from '../ros/ros-node.js';

/** Maps that are packed at once, at most: as for overlays, a frame's is left out when all are busy. */
const MOST_PACKING = 2;

/** What image_transport's plugin `compressed` puts there, and needs to know that these are 16 bits. */
const FORMAT = 'mono16; png compressed ';

/** Packs instance maps as PNG for `~/instance_map/compressed`, beside the JS thread. */
export class InstanceMapOutput {
  readonly #message = new CompressedImageWriter();
  /** Maps that nobody packs at the moment. */
  readonly #free: Uint16Array[] = [];
  #packing = 0;
  /** Maps are published in the order of their frames. */
  readonly #queue = new SerialQueue();
  /** Frames without a packed map because all packers were busy. */
  skipped = 0;

  /** @param fail is told of maps that could not be packed or published */
  constructor(
    private readonly publisher: RawPublisher,
    private readonly fail: (error: unknown) => void,
  ) {}

  publish(header: FrameHeader, segmentation: Segmentation): void {
    if (this.publisher.subscriptions === 0) return;
    if (this.#packing >= MOST_PACKING) {
      this.skipped++;
      return;
    }
    const { maskWidth: width, maskHeight: height } = segmentation;
    let map = this.#free.pop();
    if (map?.length !== width * height) map = new Uint16Array(width * height);
    paintInstanceMap(segmentation, map);
    this.#packing++;
    const kept = { stamp: header.stamp, frameId: header.frameId };
    const owned = map;
    const packed = encodeGray16(owned, width, height);
    packed.catch(() => undefined); // told below, in its turn
    void this.#queue.run(async () => {
      try {
        this.publisher.publish(this.#message.write(kept, FORMAT, await packed));
      } catch (error) {
        this.fail(error);
      } finally {
        this.#packing--;
        this.#free.push(owned);
      }
    });
  }

  /** Waits until all maps are published. */
  idle(): Promise<void> {
    return this.#queue.idle();
  }
}
