import type { NativeSlots } from '../native/camera.js';

/** The slot that an engine reserves for its next submit(). */
export class ReservedSlot {
  readonly #native: NativeSlots;
  #slot = -1;
  #waiting: { readonly promise: Promise<boolean>; readonly resolve: (kept: boolean) => void } | undefined;

  constructor(native: NativeSlots) {
    this.#native = native;
  }

  /** The reserved slot, or -1 if there is none. */
  get slot(): number {
    return this.#slot;
  }

  /** Reserves a slot if one is free now. @returns whether a slot is reserved */
  claim(): boolean {
    if (this.#slot < 0) this.#slot = this.#native.take();
    return this.#slot >= 0;
  }

  /** Resolves with true once a slot is reserved, or with false if the request is canceled. */
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

  /** Returns the reserved slot. */
  unclaim(): void {
    if (this.#slot >= 0) this.#native.release(this.#slot);
    this.#slot = -1;
  }

  /** Returns the reserved slot, or cancels the request. */
  unreserve(): void {
    this.unclaim();
    if (!this.#waiting) return;
    this.#native.cancelRequest();
    this.#answer(false);
  }

  /** Accepts a slot that was granted to the engine. */
  granted(slot: number): void {
    if (!this.#waiting) {
      this.#native.release(slot); // unreserve() was called in the meantime
      return;
    }
    if (this.#slot >= 0) this.#native.release(slot);
    else this.#slot = slot;
    this.#answer(true);
  }

  /** Marks the reserved slot as used by a frame. */
  used(): void {
    this.#slot = -1;
  }

  #answer(kept: boolean): void {
    this.#native.unref();
    this.#waiting!.resolve(kept);
    this.#waiting = undefined;
  }
}
