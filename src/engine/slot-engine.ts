import { ExpectationError } from '../base/expect.js';
import { Letterbox } from '../vision/picture/letterbox.js';
import type { NativeCamera, NativeSlots } from '../native/camera.js';
import { AttachedCameras } from './attached-cameras.js';
import type { CameraAttachment, CameraHandlers, ModelInfo } from './engine.js';
import { ReservedSlot } from './reserved-slot.js';

/** Engines that frames, cameras or waits for a slot keep alive. */
const busy = new Set<object>();

/** Closes what nobody closed and nobody can reach any more. */
const forgotten = new FinalizationRegistry<() => void>((forget) => forget());

/**
 * What engines have in common that lend native slots: who has a slot, attached cameras, and how an engine ends.
 *
 * An engine that nobody closes, and that nothing refers to any more, is collected with its threads. Whatever calls an engine
 * from elsewhere must therefore hold it weakly; hold() keeps it alive while something is to come of that.
 */
export abstract class SlotEngine {
  abstract readonly model: ModelInfo;
  protected readonly cameras: AttachedCameras;
  protected readonly reserved: ReservedSlot;
  readonly #native: NativeSlots;
  #letterbox: Letterbox | undefined;
  /** Frames in flight, cameras, and waits for a slot. */
  #uses = 0;
  #closed: Promise<void> | undefined;

  /** @param forget ends what the engine has outside of JavaScript's heap; must not refer to the engine */
  protected constructor(native: NativeSlots, forget: () => void) {
    this.#native = native;
    this.cameras = new AttachedCameras(native, {
      keepAlive: () => this.keepAlive(),
      allowCollection: () => this.allowCollection(),
    });
    this.reserved = new ReservedSlot(native);
    forgotten.register(this, forget, native);
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

  /** Waits until all submitted frames have settled. Inferences not yet released become invalid. */
  close(): Promise<void> {
    this.unreserve();
    if (!this.#closed) {
      forgotten.unregister(this.#native);
      this.#closed = this.end();
    }
    return this.#closed;
  }

  /** Waits for what is in flight, then frees everything. Once. */
  protected abstract end(): Promise<void>;

  /** @throws ExpectationError when the engine takes no frames any more */
  protected expectRunning(): void {
    if (this.#closed) throw new ExpectationError('an open engine', 'one that is closed');
  }

  /** The engine is not collected until as many calls of drop(). */
  protected keepAlive(): void {
    if (this.#uses++ === 0) busy.add(this);
  }

  protected allowCollection(): void {
    if (--this.#uses === 0) busy.delete(this);
  }

  protected letterboxFor({ width, height }: { readonly width: number; readonly height: number }): Letterbox {
    const { sourceWidth, sourceHeight } = this.#letterbox ?? {};
    if (!this.#letterbox || sourceWidth !== width || sourceHeight !== height) {
      this.#letterbox = new Letterbox(width, height, this.model.input.width, this.model.input.height);
    }
    return this.#letterbox;
  }
}
