import type { Choices } from './choices.js';

/** Thrown by getters and traps here: it has to come back to the caller as it is. */
export class HostileError extends Error {}

type Buffers = ArrayBuffer | SharedArrayBuffer;
interface Resizable {
  readonly resizable?: boolean;
  resize?(length: number): void;
}
type MakeBuffer<B> = new (length: number, options?: { maxByteLength: number }) => B;

const NUMBERS = [
  ...[NaN, Infinity, -Infinity, -0, 0, 0.5, -1, 1, 2, 3, 15, 16, 17, 255, 256, 16384, 16386, 32768],
  ...[
    2 ** 30,
    2 ** 31 - 1,
    2 ** 31,
    2 ** 32 - 2,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 32 + 2,
    2 ** 53 - 1,
    2 ** 53,
    2 ** 64,
  ],
  ...[1e308, 5e-324, -(2 ** 31), -(2 ** 31) - 1],
];

const TYPED_ARRAYS = [
  ...[Uint8Array, Int8Array, Uint8ClampedArray, Uint16Array, Int16Array, Uint32Array, Int32Array],
  ...[Float32Array, Float64Array, BigInt64Array, BigUint64Array, DataView],
  // Since Node.js 24.
  ...[(globalThis as { Float16Array?: typeof Float32Array }).Float16Array].filter(
    (type) => type !== undefined,
  ),
] as readonly (new (buffer: Buffers, offset?: number, length?: number) => ArrayBufferView)[];

/**
 * Values that no caller should pass, and objects that change others while they are read. What they can change is what was made
 * here before, and what `effects` do.
 */
export class Hostile {
  readonly #choices: Choices;
  readonly #buffers: Buffers[] = [];
  readonly #effects: (() => void)[];

  constructor(choices: Choices, effects: (() => void)[]) {
    this.#choices = choices;
    this.#effects = effects;
  }

  /** `value` as a rule; seldom another of its kind or none. */
  seldom<T>(value: T, times = 12): T {
    return this.#choices.seldom(times) ? (this.value() as T) : value;
  }

  number(): number {
    return this.#choices.of(NUMBERS);
  }

  value(): unknown {
    const choices = this.#choices;
    switch (choices.below(14)) {
      case 0:
        return undefined;
      case 1:
        return null;
      case 2:
        return choices.of([0n, 2n, 2n ** 64n, -1n]);
      case 3:
        return Symbol('hostile');
      case 4:
        return choices.of(['', 'full', 'nv12', '2', '\0', '\ud800', 'x'.repeat(100_000)]);
      case 5:
        return choices.of([true, false]);
      case 6:
        return () => this.#strike();
      case 7:
        return choices.of([{}, [], [2, 4], Object.create(null), new Date(NaN), new Map()]) as object;
      case 8:
        return this.object({ width: 2, height: 2, data: new Uint8Array(16) });
      case 9:
      case 10:
        return this.bytes(choices.byte());
      default:
        return this.number();
    }
  }

  /** The object as a rule, or one with getters, or a proxy of it, or a revoked one. */
  object<T extends object>(object: T): T {
    const choices = this.#choices;
    if (!choices.seldom(4)) return object;
    const keys = Object.keys(object) as (keyof T & string)[];
    switch (choices.below(4)) {
      case 0: {
        const { proxy, revoke } = Proxy.revocable(object, {});
        revoke();
        return proxy;
      }
      case 1:
        return new Proxy(object, {
          get: (target, key) => {
            this.#strike();
            return Reflect.get(target, key) as unknown;
          },
        });
      default: {
        const key = keys.length > 0 ? choices.of(keys) : 'width';
        const result = { ...object };
        Object.defineProperty(result, key, {
          enumerable: true,
          get: (): unknown => {
            this.#strike();
            return this.seldom((object as Record<string, unknown>)[key], 3);
          },
        });
        return result;
      }
    }
  }

  /** So many bytes; seldom of another kind, on a buffer that was, or will be, taken away. */
  bytes(length: number): Uint8Array {
    return this.array(Uint8Array, length);
  }

  /** So many elements. */
  array<T extends ArrayBufferView>(
    Type: (new (buffer: ArrayBuffer, offset?: number, length?: number) => T) & { BYTES_PER_ELEMENT: number },
    length: number,
  ): T {
    const choices = this.#choices;
    const size = Math.max(4, Type.BYTES_PER_ELEMENT) * length;
    let buffer: Buffers;
    switch (choices.seldom(3) ? choices.below(5) : 0) {
      case 1:
        buffer = new (ArrayBuffer as MakeBuffer<ArrayBuffer>)(size, { maxByteLength: 2 * size + 8 });
        break;
      case 2:
        buffer = new (SharedArrayBuffer as MakeBuffer<SharedArrayBuffer>)(size, {
          maxByteLength: 2 * size + 8,
        });
        break;
      case 3:
        buffer = this.#buffers.length > 0 ? choices.of(this.#buffers.slice(0, 256)) : new ArrayBuffer(size);
        break;
      default:
        buffer = new ArrayBuffer(size);
    }
    this.#buffers.push(buffer);
    const Chosen = choices.seldom(12) ? choices.of(TYPED_ARRAYS) : Type;
    try {
      // One that follows the length of its buffer, or one that does not.
      return (
        choices.seldom(4) ? new Chosen(buffer as ArrayBuffer) : new Chosen(buffer as ArrayBuffer, 0, length)
      ) as T;
    } catch {
      return new Type(new ArrayBuffer(size), 0, length); // the buffer is detached, too short, or not of whole elements
    }
  }

  /** Something that happens while an argument is read. */
  #strike(): void {
    const choices = this.#choices;
    switch (choices.below(4)) {
      case 0:
        throw new HostileError();
      case 1:
        this.change();
        break;
      case 2:
        if (this.#effects.length > 0) choices.of(this.#effects)();
        break;
      default:
    }
  }

  /** Takes memory away, or gives it another size. */
  change(): void {
    if (this.#buffers.length === 0) return;
    const buffer = this.#choices.of(this.#buffers.slice(-256));
    try {
      if (buffer instanceof SharedArrayBuffer) return;
      if (this.#choices.below(2) === 0) structuredClone(buffer, { transfer: [buffer] });
      else (buffer as Resizable).resize?.(this.#choices.byte() % (buffer.byteLength + 1));
    } catch {
      // Detached already, or of fixed length.
    }
  }
}

/** Lets pass what the addon documents, and what getters here throw. */
export function tolerate(call: () => void): void {
  try {
    call();
  } catch (error) {
    if (error instanceof TypeError || error instanceof HostileError) return;
    if (error instanceof Error && 'failure' in error) return;
    throw error;
  }
}
