import { SerialQueue } from '../../base/serial-queue.js';
import { CompressedImageWriter } from '../../message/write/image.js';
import type { FrameHeader } from '../../vision/picture/frame-source.js';
import type { RawPublisher } from '../ros/ros-node.js';

/**
 * A topic of pictures that are packed (JPEG, PNG) beside the JS thread. They are published in the order of their frames. At the limit of
 * pictures that are packed at the same time, a frame's picture is left out and counted, so that other results do not wait for it.
 *
 * Memory: the source of a picture; it must not change while the picture is packed, and is reused afterwards.
 */
export class PackedOutput<Memory extends { readonly length: number }> {
  readonly #message = new CompressedImageWriter();
  /** Memory that is not being packed from at the moment. */
  readonly #free: Memory[] = [];
  #packing = 0;
  readonly #queue = new SerialQueue();
  /** Frames whose picture was left out. */
  skipped = 0;

  /**
   * @param most pictures that may be packed at the same time
   * @param make new memory with this many items
   * @param fail called with the error of each picture that could not be packed or published
   */
  constructor(
    private readonly publisher: RawPublisher | undefined,
    private readonly most: number,
    private readonly make: (length: number) => Memory,
    private readonly fail: (error: unknown) => void,
  ) {}

  /** Whether there is a subscriber. */
  get wanted(): boolean {
    return (this.publisher?.subscriptions ?? 0) > 0;
  }

  /** Whether a frame's picture is to be made: there is a subscriber, and time for it. To be called once a frame. */
  admits(): boolean {
    if (!this.wanted) return false;
    if (this.#packing < this.most) return true;
    this.skipped++;
    return false;
  }

  /** Memory with this many items, for `publish` or `giveBack`. */
  take(length: number): Memory {
    const memory = this.#free.pop();
    return memory?.length === length ? memory : this.make(length);
  }

  giveBack(memory: Memory): void {
    this.#free.push(memory);
  }

  /**
   * Publishes a picture when it is packed, after those before it.
   *
   * @param format of sensor_msgs/CompressedImage
   * @param memory from `take`, which `packed` is made from
   */
  publish(
    { stamp, frameId }: FrameHeader,
    format: string,
    memory: Memory,
    packed: Promise<Uint8Array>,
  ): void {
    this.#packing++;
    packed.catch(() => undefined); // reported below, in the order of the frames
    void this.#queue.run(async () => {
      try {
        this.publisher!.publish(this.#message.write({ stamp, frameId }, format, await packed));
      } catch (error) {
        this.fail(error);
      } finally {
        this.#packing--;
        this.giveBack(memory);
      }
    });
  }

  /** Waits until all pictures are published. */
  idle(): Promise<void> {
    return this.#queue.idle();
  }
}
