import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { type CatalogModel, endingOf } from './catalog.js';
import { cacheFolder } from '../base/files/cache-folder.js';

/** What is recorded about a file in the cache when it is downloaded or first seen. */
export interface CacheRecord {
  readonly url: string;
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
  /** Time, in ISO 8601. */
  readonly at: string;
  /** Checksum of the file that a new one is about to replace; absent once it is replaced. */
  readonly replaces?: string;
}

/** Path of a downloaded model; models may also be put there by hand. */
export function cachedPath(model: CatalogModel, folder = cacheFolder()): string {
  return join(folder, model.name + endingOf(model));
}

/** Path of the record of a file in the cache; it stays when the file is removed. */
export function recordPath(file: string): string {
  return `${file}.json`;
}

/** Undefined if there is no readable one; it is then written again. */
export function readRecord(file: string): CacheRecord | undefined {
  try {
    const json = JSON.parse(readFileSync(recordPath(file), 'utf8')) as Partial<CacheRecord> | null;
    const { url, sha256, size, at, replaces } = json ?? {};
    if (typeof url !== 'string' || typeof at !== 'string' || typeof size !== 'number') return undefined;
    if (typeof sha256 !== 'string' || !/^[\da-f]{64}$/.test(sha256)) return undefined;
    return { url, sha256, size, at, ...(typeof replaces === 'string' ? { replaces } : {}) };
  } catch {
    return undefined;
  }
}

/** The file in the cache under the name of a model. */
export function cachedFile(model: CatalogModel, folder?: string): { path: string; size: number } | undefined {
  const path = cachedPath(model, folder);
  const found = statIfAny(path);
  return found?.isFile() ? { path, size: found.size } : undefined;
}

/** Undefined if there is nothing. */
export function statIfAny(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    // A folder that this user may not read counts as empty.
    return undefined;
  }
}

/** SHA-256 of a file in hexadecimal digits. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
