import type { FileHandle } from 'node:fs/promises';

const SIGNATURE_LENGTH = 8;
/** Bytes of length and type before the data of a chunk, and of the checksum after it. */
const CHUNK_HEADER = 8;
const CHUNK_CHECK = 4;
/** More chunks than any PNG has before its pixels. */
const MOST_CHUNKS = 1000;

/**
 * Whether a PNG file is animated (APNG), which is marked by a chunk acTL before its pixels (PNG specification, third
 * edition, 11.3.6.1). False for files that are truncated before that.
 */
export async function isAnimatedPng(file: FileHandle): Promise<boolean> {
  const header = Buffer.alloc(CHUNK_HEADER);
  let position = SIGNATURE_LENGTH;
  for (let chunk = 0; chunk < MOST_CHUNKS; chunk++) {
    const { bytesRead } = await file.read(header, 0, CHUNK_HEADER, position);
    if (bytesRead < CHUNK_HEADER) return false;
    const type = header.toString('latin1', 4);
    if (type === 'acTL') return true;
    if (type === 'IDAT' || type === 'IEND') return false;
    position += CHUNK_HEADER + header.readUInt32BE(0) + CHUNK_CHECK;
  }
  return false;
}
