import type { NativeSlots } from '../native/camera.js';

/** The slot that an engine keeps for its next submit(). */
export class ReservedSlot {
  readonly #native: NativeSlots;
  #slot = -1;
  #waiting: { readonly promise: Promise<boolean>; readonly resolve: (kept: boolean) => void } | undefined;

  constructor(native: NativeSlots) {
    this.#native = native;
  }

  /** The slot, or -1 when none is kept. */
  get slot(): number {
    return this.#slot;
  }

  /** Keeps one if it is free now. @returns whether one is kept */
  claim(): boolean {
    if (this.#slot < 0) this.#slot = this.#native.take();
    return this.#slot >= 0;
  }

  /** Resolves with true when one is kept, with false when it is not wanted any more. */
  reserve(): Promise<boolean> {
    if (this.#slot >= 0) return Promise.resolve(true);
    if (!this.#waiting) {
      let resolve!: (kept: boolean) => void;
      const promise = new Promise<boolean>((settle) => (resolve = settle));
      this.#waiting = { promise, resolve };
      this.#native.ref();
      this.#native.requestSlot();
    }
    return this.#waiting.promise;
  }

  /** Gives it back. */
  unclaim(): void {
    if (this.#slot >= 0) this.#native.release(this.#slot);
    this.#slot = -1;
  }

  /** Gives it back, or does not wait for it any more. */
  unreserve(): void {
    this.unclaim();
    if (!this.#waiting) return;
    this.#native.cancelRequest();
    this.#answer(false);
  }

  /** The engine was granted a slot. */
  granted(slot: number): void {
    if (!this.#waiting) {
      this.#native.release(slot); // unreserve() came while it was on its way
      return;
    }
    if (this.#slot >= 0) this.#native.release(slot);
    else this.#slot = slot;
    this.#answer(true);
  }

  /** A frame is in it. */
  used(): void {
    this.#slot = -1;
  }

  #answer(kept: boolean): void {
    this.#native.unref();
    this.#waiting!.resolve(kept);
    this.#waiting = undefined;
  }
}
