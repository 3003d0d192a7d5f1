import { statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Dispatcher } from 'undici';
import { ExpectationError, messageOf } from '../../base/expect.js';
import { makeFolder } from '../../base/files/folder.js';
import { writeWholeSync } from '../../base/files/whole-file.js';
import { withBin } from '../bin/bin-model.js';
import { type CatalogModel, endingOf } from '../catalog.js';
import { cacheFolder } from '../../base/files/cache-folder.js';
import { withModel } from '../onnx/model-form.js';
import {
  type CacheRecord,
  cachedFile,
  cachedPath,
  readRecord,
  recordPath,
  sha256Of,
} from '../model-cache.js';
import { ask, openConnections, UnreachableError } from './http.js';
import { Part, SYNC_EVERY } from './part.js';
import { LEAST, LOOK_EVERY, realWait, StallWatch, type Wait } from './stall-watch.js';

/** Bytes of the disk that a download leaves free: a robot with a full disk neither logs nor boots. */
const KEPT_FREE = 64 << 20;

export interface GetOptions {
  /** @default the user's cache folder */
  readonly folder?: string;
  /** Download even if the model is in the cache, and accept a file that differs from the last one. */
  readonly force?: boolean;
  /** Aborts the download; the next one continues with what was received. */
  readonly signal?: AbortSignal;
  /** Called with the bytes received, and the size of the file if the server reports it. */
  readonly onProgress?: (done: number, total: number | undefined) => void;
  /** Called when a download continues an earlier one, with the bytes that were received before. */
  readonly onResume?: (done: number) => void;
  readonly wait?: Wait;
  /** Returns the free bytes of a folder's disk. */
  readonly room?: (folder: string) => number;
}

export interface GotModel {
  readonly path: string;
  readonly record: CacheRecord;
  /** Whether it was downloaded now; false if it was in the cache. */
  readonly downloaded: boolean;
  /** Checksum of the previous file, if a download with `force` brought a different one. */
  readonly changedFrom?: string;
}

/**
 * Returns a model in the cache, after downloading it if necessary. There is never an incomplete file under its name: a
 * partial file lies beside it, the next download continues it, and it gets the name once its checksum and kind have been
 * checked.
 *
 * The checksum is the publisher's, or else the first download's, which is kept even when the file is removed.
 *
 * @example const { path } = await getModel(loadCatalog().get('yolov8n-seg-x5'));
 * @throws ExpectationError when it cannot be downloaded, or is not the expected file; the signal's reason when it is aborted
 */
export async function getModel(model: CatalogModel, options: GetOptions = {}): Promise<GotModel> {
  const { folder = cacheFolder(), force = false, signal = new AbortController().signal } = options;
  const path = cachedPath(model, folder);
  if (!force && cachedFile(model, folder)) return fromCache(model, path);
  prepareFolder(folder);
  const part = await Part.claim(path);
  try {
    await receive(model, part, signal, options);
    const before = readRecord(path);
    const found = await checkPart(model, part, before, force);
    const record = before?.sha256 === found.sha256 ? before : found;
    signal.throwIfAborted();
    const changed = before !== undefined && before.sha256 !== record.sha256;
    // The power may fail at any time, so the record covers both files until the new one is in place.
    if (changed) writeRecord(path, { ...record, replaces: before.sha256 });
    await part.finish();
    writeRecord(path, withoutReplaced(record));
    return {
      path,
      record: withoutReplaced(record),
      downloaded: true,
      ...(changed ? { changedFrom: before.sha256 } : {}),
    };
  } catch (error) {
    // Does nothing if the partial file was moved to its place or removed.
    await part.leave();
    throw error;
  }
}

/** The cached file, if it is unchanged. */
async function fromCache(model: CatalogModel, path: string): Promise<GotModel> {
  const before = readRecord(path);
  const found = await recordOf(model, path);
  const wanted = model.sha256 ?? before?.sha256;
  if (model.sha256 === undefined && found.sha256 === before?.replaces) {
    // The power failed before the new file was in place.
    writeRecord(path, found);
    return { path, record: found, downloaded: false };
  }
  if (wanted !== undefined && found.sha256 !== wanted) {
    throw new ExpectationError(
      `sha256 ${wanted} of ${path}, ${whose(model, before)}`,
      found.sha256,
      `The file was changed here. Download it again: tros-yolo-seg model get ${model.name} --force`,
    );
  }
  if (before) return { path, record: before, downloaded: false };
  // The file was put there by hand.
  checkKind(model, path, path);
  writeRecord(path, found);
  return { path, record: found, downloaded: false };
}

function writeRecord(path: string, record: CacheRecord): void {
  writeWholeSync(recordPath(path), `${JSON.stringify(record, null, 2)}\n`);
}

function withoutReplaced({ url, sha256, size, at }: CacheRecord): CacheRecord {
  return { url, sha256, size, at };
}

function prepareFolder(folder: string): void {
  try {
    makeFolder(folder);
  } catch (error) {
    throw new ExpectationError(
      `a cache folder at ${folder}`,
      error instanceof ExpectationError ? error.received : messageOf(error),
      'Set XDG_CACHE_HOME to a folder that can be written.',
      { cause: error },
    );
  }
}

/** Receives what the partial file lacks. */
async function receive(
  model: CatalogModel,
  part: Part,
  signal: AbortSignal,
  { onProgress, onResume, wait = realWait, room = roomIn }: GetOptions,
): Promise<void> {
  const beginning = usable(model, part);
  if (beginning !== undefined && beginning.length === beginning.total) return;
  const stall = new AbortController();
  const watch = new StallWatch(wait, () => stall.abort(stalled(model)));
  const either = AbortSignal.any([signal, stall.signal]);
  let connections: Dispatcher | undefined;
  try {
    connections = openConnections();
    const { start, origin, body } = await ask(model.url, beginning, either, connections);
    const { total } = origin;
    if (model.size !== undefined && total !== undefined && total !== model.size) {
      throw new ExpectationError(
        `${model.size} bytes at ${model.url}, as published`,
        `${total} bytes`,
        placeByHand(model, part.target),
      );
    }
    checkRoom(part.target, total === undefined ? 0 : total - start, room);
    if (start > 0) onResume?.(start);
    await part.begin(origin, start);
    onProgress?.(part.length, total);
    let looked = part.length;
    for await (const bytes of body) {
      watch.add(bytes.length);
      await part.write(bytes);
      if (part.length - looked >= SYNC_EVERY) {
        // Other programs write to the disk, too, and not every server reports the length.
        checkRoom(part.target, total === undefined ? 0 : total - part.length, room);
        looked = part.length;
      }
      onProgress?.(part.length, total);
    }
    if (total !== undefined && part.length !== total) {
      throw new ExpectationError(
        `${total} bytes from ${model.url}`,
        `${part.length}`,
        'Try again: the download continues from there.',
      );
    }
  } catch (error) {
    throw withWayOut(model, part.target, error);
  } finally {
    watch.end();
    // Not close(), which would wait for a body that is never read.
    await connections?.destroy();
  }
}

/**
 * The part of a partial file that may be continued. That requires a server that can tell whether the file is the same, or a
 * checksum.
 */
function usable(
  model: CatalogModel,
  part: Part,
): { length: number; validator: string | undefined; total: number | undefined } | undefined {
  const { origin, length } = part;
  if (origin?.url !== model.url || length === 0) return undefined;
  if (origin.validator === undefined && model.sha256 === undefined) return undefined;
  return { length, validator: origin.validator, total: origin.total };
}

function stalled({ url }: CatalogModel): UnreachableError {
  return new UnreachableError(
    `at least ${LEAST >> 10} KiB in ${LOOK_EVERY / 1000} s from ${new URL(url).origin}`,
    'less',
    'Try again: what was received is kept, and the download continues from there.',
  );
}

/** The error, with another way to get the file without a network. */
function withWayOut(model: CatalogModel, path: string, error: unknown): unknown {
  if (!(error instanceof UnreachableError)) return error;
  const hint = [error.hint, placeByHand(model, path)].filter(Boolean).join(' ');
  return new ExpectationError(error.expected, error.received, hint, { cause: error.cause });
}

function placeByHand({ url }: CatalogModel, path: string): string {
  return `Or download ${url} on another machine, and copy it to ${path} by hand.`;
}

function checkRoom(path: string, needed: number, room: (folder: string) => number): void {
  const free = room(dirname(path));
  if (free >= needed + KEPT_FREE) return;
  throw new ExpectationError(
    `room for ${path}: ${needed} bytes, and ${KEPT_FREE >> 20} MiB that stay free`,
    `${free} bytes`,
    'Free some space, or set XDG_CACHE_HOME to a folder on another disk.',
  );
}

function roomIn(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/** Checks the received file before it gets its name; removes it if it is wrong. */
async function checkPart(
  model: CatalogModel,
  part: Part,
  before: CacheRecord | undefined,
  force: boolean,
): Promise<CacheRecord> {
  await part.complete();
  try {
    const record = await recordOf(model, part.path);
    if (model.size !== undefined && record.size !== model.size) {
      throw new ExpectationError(
        `${model.size} bytes at ${model.url}, as published`,
        `${record.size} bytes`,
        'The file was changed at its publisher, or cut off on its way. Try again, and another network.',
      );
    }
    const wanted = model.sha256 ?? (force ? undefined : before?.sha256);
    if (wanted !== undefined && record.sha256 !== wanted) {
      throw new ExpectationError(
        `sha256 ${wanted} of ${model.url}, ${whose(model, before)}`,
        record.sha256,
        model.sha256 === undefined
          ? `The publisher has changed the file. To accept the new one: tros-yolo-seg model get ${model.name} --force`
          : 'The file was changed at its publisher, or on its way. Try again, and another network.',
      );
    }
    checkKind(model, part.path, model.url);
    return record;
  } catch (error) {
    await part.discard();
    throw error;
  }
}

async function recordOf({ url }: CatalogModel, file: string): Promise<CacheRecord> {
  const sha256 = await sha256Of(file);
  const { size } = statSync(file);
  return { url, sha256, size, at: new Date().toISOString() };
}

function whose({ sha256 }: CatalogModel, before: CacheRecord | undefined): string {
  return sha256 !== undefined ? 'as published' : `as at its first download on ${before!.at.slice(0, 10)}`;
}

/** A login page, or a model for another board, is not the requested model. */
function checkKind(model: CatalogModel, file: string, where: string): void {
  const kind = endingOf(model);
  let march: string;
  try {
    march =
      kind === '.bin'
        ? withBin(file, (bin) => (bin.metadata.get('MARCH') ?? '').trim())
        : withModel(file, () => '');
  } catch (error) {
    throw new ExpectationError(
      kind === '.bin' ? `a model for the BPU at ${where}` : `an ONNX model at ${where}`,
      error instanceof ExpectationError ? String(error.received) : messageOf(error),
      'Does this network ask for a login first? Open the address in a browser to see what is there.',
      { cause: error },
    );
  }
  if (kind === '.bin' && march !== model.march) {
    throw new ExpectationError(
      `a model for ${model.march} (${model.board}) at ${where}`,
      march || 'no march',
      'The publisher has another model there: choose one for this board with tros-yolo-seg model list.',
    );
  }
}
