/**
 * What the JavaScript thread and the thread of pages both read and write, so that neither has to be told of each frame: a message
 * between threads, and the wake for it, cost more than everything else that is done for a frame.
 */

/** Numbers for each camera. */
const OF_CAMERA = 2;
/** Numbers before those of cameras. */
const OF_PAGE = 2;

/** A page's connection. */
export class PageState {
  readonly #numbers: Uint32Array;

  constructor(readonly memory: SharedArrayBuffer) {
    this.#numbers = new Uint32Array(memory);
  }

  static of(cameras: number): PageState {
    return new PageState(new SharedArrayBuffer(4 * (OF_PAGE + OF_CAMERA * cameras)));
  }

  get cameras(): number {
    return (this.#numbers.length - OF_PAGE) / OF_CAMERA;
  }

  /**
   * Takes the descriptor: the thread of pages does so before it opens the connection, and the other one before it gives the page up.
   *
   * @returns whether it was still to be had. Who gets it must close it; the other must not touch its number, which may mean another file
   */
  claim(): boolean {
    return Atomics.compareExchange(this.#numbers, 0, 0, 1) === 0;
  }

  /** Bytes that wait for the network. */
  get waiting(): number {
    return Atomics.load(this.#numbers, 1);
  }

  set waiting(bytes: number) {
    Atomics.store(this.#numbers, 1, Math.min(bytes, 0xffffffff));
  }

  watches(camera: number): boolean {
    return Atomics.load(this.#numbers, OF_PAGE + OF_CAMERA * camera) === 1;
  }

  watch(camera: number, watched: boolean): void {
    Atomics.store(this.#numbers, OF_PAGE + OF_CAMERA * camera, watched ? 1 : 0);
  }

  /** The sequence number of the newest frame of a camera that the page has drawn; 0: none. */
  acknowledged(camera: number): number {
    return Atomics.load(this.#numbers, OF_PAGE + OF_CAMERA * camera + 1);
  }

  acknowledge(camera: number, sequence: number): void {
    Atomics.store(this.#numbers, OF_PAGE + OF_CAMERA * camera + 1, sequence);
  }
}

/** Counts of the cameras' frames, since the thread of pages began. */
export class FrameCounts {
  readonly #making: Int32Array;
  readonly #newest: Uint32Array;
  /** Frames and their bytes, by turns. */
  readonly #sent: BigUint64Array;

  constructor(readonly memory: SharedArrayBuffer) {
    const cameras = memory.byteLength / 24;
    this.#sent = new BigUint64Array(memory, 0, 2 * cameras);
    this.#making = new Int32Array(memory, 16 * cameras, cameras);
    this.#newest = new Uint32Array(memory, 20 * cameras, cameras);
  }

  static of(cameras: number): FrameCounts {
    return new FrameCounts(new SharedArrayBuffer(24 * cameras));
  }

  /** Frames of a camera that are being made. */
  making(camera: number): number {
    return Atomics.load(this.#making, camera);
  }

  begin(camera: number): void {
    Atomics.add(this.#making, camera, 1);
  }

  end(camera: number): void {
    Atomics.sub(this.#making, camera, 1);
  }

  /** Frames of a camera that were sent to pages, each counted once for each page. */
  frames(camera: number): number {
    return Number(Atomics.load(this.#sent, 2 * camera));
  }

  /** Bytes of these. */
  bytes(camera: number): number {
    return Number(Atomics.load(this.#sent, 2 * camera + 1));
  }

  /** The sequence number of the newest frame that was sent to a page; 0: none. */
  newest(camera: number): number {
    return Atomics.load(this.#newest, camera);
  }

  /** @param sequence of the frame */
  sent(camera: number, sequence: number, bytes: number): void {
    Atomics.store(this.#newest, camera, sequence);
    Atomics.add(this.#sent, 2 * camera, 1n);
    Atomics.add(this.#sent, 2 * camera + 1, BigInt(bytes));
  }
}
