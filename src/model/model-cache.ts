import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { type CatalogModel, endingOf } from './catalog.js';
import { cacheFolder } from '../base/files/cache-folder.js';

/** What is known of a file in the cache since it was downloaded, or first seen. */
export interface CacheRecord {
  readonly url: string;
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
  /** When, as ISO 8601. */
  readonly at: string;
  /** Sum of the file that lies there until the new one takes its place; absent as soon as it has. */
  readonly replaces?: string;
}

/** Where a model lies once it is downloaded, or is to be laid by hand. */
export function cachedPath(model: CatalogModel, folder = cacheFolder()): string {
  return join(folder, model.name + endingOf(model));
}

/** Where the record of a file in the cache is kept; it stays when the file is removed. */
export function recordPath(file: string): string {
  return `${file}.json`;
}

/** Undefined where there is none that can be read: it is written anew then. */
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

/** What lies in the cache under the name of a model. */
export function cachedFile(model: CatalogModel, folder?: string): { path: string; size: number } | undefined {
  const path = cachedPath(model, folder);
  const found = statIfAny(path);
  return found?.isFile() ? { path, size: found.size } : undefined;
}

/** Undefined where there is nothing. */
export function statIfAny(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    // Somebody else's folder: to whoever may not look, it is as if there were nothing.
    return undefined;
  }
}

/** SHA-256 of a file in hexadecimal digits. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
