import type { Kernels } from '../vision/tensor/kernels.js';
import { ExpectationError } from '../base/expect.js';
import { Letterbox } from '../vision/picture/letterbox.js';
import type { NativeCamera, NativeSlots } from '../native/camera.js';
import { nativeKernels } from '../native/kernels.js';
import { AttachedCameras } from './attached-cameras.js';
import type { CameraAttachment, CameraHandlers, ModelInfo } from './engine.js';
import { ReservedSlot } from './reserved-slot.js';

/** Engines kept alive by frames, cameras or requests for a slot. */
const busy = new Set<object>();

/** Closes engines that became unreachable without having been closed. */
const forgotten = new FinalizationRegistry<() => void>((forget) => forget());

/**
 * The common part of engines that lend native slots: reserved slots, attached cameras, closing.
 *
 * An engine that is unreachable and was never closed is garbage-collected with its threads. Callbacks must therefore
 * reference the engine weakly; keepAlive() keeps it in memory while a callback is pending.
 */
export abstract class SlotEngine {
  abstract readonly model: ModelInfo;
  protected readonly cameras: AttachedCameras;
  protected readonly reserved: ReservedSlot;
  readonly #native: NativeSlots;
  #letterbox: Letterbox | undefined;
  /** Number of frames in flight, attached cameras and requests for a slot. */
  #uses = 0;
  #closed: Promise<void> | undefined;

  /** @param forget frees what the engine holds outside of JavaScript's heap; must not reference the engine */
  protected constructor(native: NativeSlots, forget: () => void) {
    this.#native = native;
    this.cameras = new AttachedCameras(native, {
      keepAlive: () => this.keepAlive(),
      allowCollection: () => this.allowCollection(),
    });
    this.reserved = new ReservedSlot(native);
    forgotten.register(this, forget, native);
  }

  get kernels(): Kernels {
    return nativeKernels();
  }

  get free(): number {
    return this.#native.free() + (this.reserved.slot >= 0 ? 1 : 0);
  }

  claim(): boolean {
    return !this.#closed && this.reserved.claim();
  }

  unclaim(): void {
    this.reserved.unclaim();
  }

  reserve(): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false);
    const kept = this.reserved.reserve();
    this.keepAlive();
    void kept.then(() => this.allowCollection());
    return kept;
  }

  unreserve(): void {
    this.reserved.unreserve();
  }

  attach(camera: NativeCamera, handlers: CameraHandlers, queue = 1): CameraAttachment {
    this.expectRunning();
    return this.cameras.attach(camera, handlers, queue);
  }

  /** Waits until all submitted frames have settled. Unreleased inferences become invalid. */
  close(): Promise<void> {
    this.unreserve();
    if (!this.#closed) {
      forgotten.unregister(this.#native);
      this.#closed = this.end();
    }
    return this.#closed;
  }

  /** Waits for what is in flight, then frees everything. Called once. */
  protected abstract end(): Promise<void>;

  /** @throws ExpectationError when the engine is closed */
  protected expectRunning(): void {
    if (this.#closed)
      throw new ExpectationError(
        'an open engine',
        'a closed one',
        'Open another one: after close() it takes no frames.',
      );
  }

  /** Prevents garbage collection until allowCollection() has been called as often. */
  protected keepAlive(): void {
    if (this.#uses++ === 0) busy.add(this);
  }

  protected allowCollection(): void {
    if (--this.#uses === 0) busy.delete(this);
  }

  protected letterboxFor({ width, height }: { readonly width: number; readonly height: number }): Letterbox {
    const { sourceWidth, sourceHeight } = this.#letterbox ?? {};
    if (!this.#letterbox || sourceWidth !== width || sourceHeight !== height) {
      const { input } = this.model;
      this.#letterbox = new Letterbox(width, height, input.width, input.height, input.fit);
    }
    return this.#letterbox;
  }
}
