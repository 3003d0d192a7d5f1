import { createRequire } from 'node:module';

/** How chunks of a bag are compressed; `none` is read everywhere, too. */
export const BAG_COMPRESSIONS = ['zstd', 'none'] as const;
export type BagCompression = (typeof BAG_COMPRESSIONS)[number];

/** A chunk as McapWriter stores it. */
export interface CompressedChunk {
  readonly compression: string;
  readonly compressedData: Uint8Array;
}

/**
 * Fast rather than small: at this level a chunk of 768 KB takes a few milliseconds, and instance maps and outlines, which
 * are mostly repetitions, still become a fraction.
 */
const LEVEL = 1;

/** What is called of @foxglove/wasm-zstd, which @mcap/support reads bags with. */
interface WasmZstd {
  readonly isLoaded: Promise<boolean>;
  compress(bytes: Uint8Array, level: number): Uint8Array;
}

/**
 * The function that McapWriter compresses chunks with; undefined for none.
 *
 * Zstandard is compiled to WebAssembly: Node.js has one of its own only from release 22.15 on.
 */
export async function chunkCompressor(
  compression: BagCompression,
): Promise<((chunk: Uint8Array) => CompressedChunk) | undefined> {
  if (compression === 'none') return undefined;
  const zstd = createRequire(import.meta.url)('@foxglove/wasm-zstd') as WasmZstd;
  await zstd.isLoaded;
  return (chunk) => ({ compression: 'zstd', compressedData: zstd.compress(chunk, LEVEL) });
}
