import { createRequire } from 'node:module';

/** What we call of the module that @foxglove/wasm-lz4 is compiled to (liblz4's frame API). */
interface Lz4Module {
  readonly HEAPU8: Uint8Array;
  _malloc(size: number): number;
  _free(pointer: number): void;
  _createDecompressionContext(): number;
  /** @returns the number of bytes written, -1 for data that is damaged */
  _decompressFrame(context: number, target: number, size: number, source: number, length: number): number;
}

interface Instance {
  readonly module: Lz4Module;
  context: number;
}

const load = createRequire(import.meta.url)(
  '@foxglove/wasm-lz4/dist/wasm-lz4.js',
) as () => Promise<Lz4Module>;

/**
 * Decompresses LZ4 frames, as chunks of bags are.
 *
 * The package's own `decompress` keeps one context for good, and liblz4 leaves that in the middle of a frame when the frame is
 * damaged: from then on every frame fails in this process (seen with 1.0.2). Here each failure is followed by a new context.
 * liblz4's contexts cannot be freed through this module, so a new instance takes its place as soon as it has loaded.
 */
export class Lz4 {
  #renewing = false;

  private constructor(private instance: Instance) {}

  static async load(): Promise<Lz4> {
    return new Lz4(await instantiate());
  }

  /**
   * @param frame one LZ4 frame @param size of what is in it, in bytes
   * @returns a copy of what is in it
   * @throws Error for a frame that is damaged
   */
  decompress(frame: Uint8Array, size: number): Uint8Array {
    const { module, context } = this.instance;
    const source = module._malloc(frame.byteLength);
    const target = module._malloc(size);
    try {
      module.HEAPU8.set(frame, source);
      const length = module._decompressFrame(context, target, size, source, frame.byteLength);
      if (length < 0) {
        this.#renew();
        throw new Error('damaged LZ4 data');
      }
      return module.HEAPU8.slice(target, target + length);
    } finally {
      module._free(source);
      module._free(target);
    }
  }

  #renew(): void {
    this.instance.context = this.instance.module._createDecompressionContext();
    if (this.#renewing) return;
    this.#renewing = true;
    void instantiate()
      .then((instance) => (this.instance = instance))
      // Without memory for a new instance the former one goes on, with its new context.
      .catch(() => undefined)
      .finally(() => (this.#renewing = false));
  }
}

async function instantiate(): Promise<Instance> {
  const module = await load();
  return { module, context: module._createDecompressionContext() };
}
