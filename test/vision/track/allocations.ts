const NAMES = ['Float64Array', 'Float32Array', 'Int32Array', 'Uint8Array', 'Uint32Array'] as const;

/** Typed arrays that were made, and their bytes; views of others are none. */
export interface Arrays {
  count: number;
  bytes: number;
}

/** Counts the typed arrays that a function makes, whatever the garbage collector does in the meantime. */
export function countArrays(run: () => void): Arrays {
  const made: Arrays = { count: 0, bytes: 0 };
  const originals = NAMES.map((name) => globalThis[name]);
  const counted = (original: (typeof originals)[number]): unknown =>
    new Proxy(original, {
      construct(target, given, newTarget) {
        const array = Reflect.construct(target, given, newTarget) as Uint8Array;
        if (!(given[0] instanceof ArrayBuffer)) {
          made.count++;
          made.bytes += array.byteLength;
        }
        return array;
      },
    });
  NAMES.forEach((name, i) => Reflect.set(globalThis, name, counted(originals[i]!)));
  try {
    run();
  } finally {
    NAMES.forEach((name, i) => Reflect.set(globalThis, name, originals[i]));
  }
  return made;
}
