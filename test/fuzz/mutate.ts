/** Numbers from 0 up to 2^32, the same for the same seed (mulberry32, public domain). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/** Bytes at which parsers stumble: ends of ranges, and tags of each wire type. */
const NASTY = [0x00, 0x01, 0x7f, 0x80, 0xff, 0x08, 0x0a, 0x12, 0x2a, 0x32, 0x3a, 0x0d, 0x09, 0x0b];

/**
 * A damaged copy: one to eight changes of bytes, bits, lengths, or order, or an early end. Most changes fall near bytes that
 * carry structure, given as [start, end).
 */
export function mutate(
  source: Uint8Array,
  random: () => number,
  structure: readonly (readonly [number, number])[] = [[0, source.length]],
): Uint8Array {
  let bytes: Buffer = Buffer.from(source);
  const place = (): number => {
    const [start, end] = structure[random() % structure.length]!;
    const at = random() % 8 === 0 ? random() % bytes.length : start + (random() % Math.max(1, end - start));
    return Math.min(at, bytes.length - 1);
  };
  for (let left = 1 + (random() % 8); left > 0 && bytes.length > 1; left--) {
    const at = place();
    const length = 1 + (random() % 64);
    switch (random() % 8) {
      case 0:
        bytes[at]! ^= 1 << (random() % 8);
        break;
      case 1:
        bytes[at] = NASTY[random() % NASTY.length]!;
        break;
      case 2:
        bytes[at] = random() & 0xff;
        break;
      case 3: // a varint that becomes long, or endless
        bytes.fill(0xff, at, Math.min(bytes.length, at + 1 + (random() % 11)));
        break;
      case 4: // a stretch twice
        bytes = Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
        break;
      case 5: // a stretch less
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
        break;
      case 6: // a stretch from elsewhere
        bytes.copy(bytes, at, ...range(place(), length));
        break;
      default:
        if (random() % 4 === 0) bytes = bytes.subarray(0, at);
    }
  }
  return bytes;
}

function range(start: number, length: number): [number, number] {
  return [start, start + length];
}
