import { open, type FileHandle } from 'node:fs/promises';
import {
  McapIndexedReader,
  McapStreamReader,
  type IReadable,
  type TypedMcapRecord,
  type DecompressHandlers,
  type TypedMcapRecords,
} from '@mcap/core';
import { FileHandleReadable } from '@mcap/nodejs';
import { loadDecompressHandlers } from '@mcap/support';
import { ExpectationError, messageOf } from '../../base/expect.js';
import { expectMcap, MAGIC_LENGTH } from './bag-files.js';
import { Lz4 } from './lz4.js';

/** Maximum size of a record, and of a decompressed chunk; anything larger is a sign of damage. */
const MAX_RECORD_SIZE = 512 * 1024 * 1024;
/** Bytes to read at a time if there is no index. */
const BLOCK_SIZE = 1024 * 1024;

/** A topic of a bag. */
export interface BagTopic {
  readonly name: string;
  /** `sensor_msgs/msg/Image` */
  readonly type: string;
  /** Number of messages; undefined if the file's index does not give it. */
  readonly count: number | undefined;
}

/** A message of a bag. */
export interface BagMessage {
  readonly type: string;
  /** The message's own memory, not a view of a shared buffer. */
  readonly data: Uint8Array;
}

/**
 * Reads an MCAP file, even a damaged one, with at most one chunk in memory.
 *
 * With an index, messages come in the order of their log times. A file without one (a recording that was killed or stopped
 * by a full disk) is read from front to back, in the order in which it was written, as far as possible.
 */
export class McapFile {
  private constructor(
    readonly path: string,
    readonly topics: readonly BagTopic[],
    /** A problem of the file as a whole, if any: its index is missing and it ends early. */
    readonly damage: Error | undefined,
  ) {}

  /**
   * Lists the topics of the file: fast with an index, else the whole file is read once.
   *
   * @throws ExpectationError when it is not an MCAP file
   */
  static async open(path: string): Promise<McapFile> {
    return withFile(path, async (handle) => {
      const reader = await indexedReader(handle);
      if (reader !== undefined) return new McapFile(path, topicsOf(reader), undefined);
      const tally = new TopicTally();
      try {
        for await (const record of streamRecords(handle)) tally.add(record);
      } catch (error) {
        return new McapFile(path, tally.topics(tally.counts), damageOf(path, error));
      }
      return new McapFile(path, tally.topics(tally.counts), undefined);
    });
  }

  /**
   * All messages on a topic. A damaged part yields an error instead; later messages follow if there is an index.
   */
  async *messages(topic: string): AsyncGenerator<BagMessage | Error, void, void> {
    const handle = await open(this.path);
    try {
      const reader = await indexedReader(handle);
      yield* reader !== undefined
        ? indexedMessages(reader, topic, this.path)
        : streamedMessages(handle, topic, this.path);
    } finally {
      await handle.close();
    }
  }
}

async function withFile<T>(path: string, use: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await open(path).catch((error: unknown) => {
    throw new ExpectationError('an MCAP file', messageOf(error));
  });
  try {
    const begin = await handle.read(new Uint8Array(MAGIC_LENGTH), 0, MAGIC_LENGTH, 0);
    expectMcap(path, begin.buffer.subarray(0, begin.bytesRead));
    return await use(handle);
  } finally {
    await handle.close();
  }
}

/** A reader that uses the file's index; undefined if the index is missing, damaged or incomplete. */
async function indexedReader(handle: FileHandle): Promise<McapIndexedReader | undefined> {
  let reader: McapIndexedReader;
  try {
    const readable = new BoundedReadable(handle, BigInt((await handle.stat()).size));
    reader = await McapIndexedReader.Initialize({ readable, decompressHandlers: await decompressHandlers() });
  } catch {
    return undefined;
  }
  if (reader.chunkIndexes.length === 0) return undefined;
  for (const chunk of reader.chunkIndexes) {
    // rosbag2's storage options noMessageIndex and noRepeatedChannels omit these.
    if (chunk.messageIndexOffsets.size === 0 && chunk.messageEndTime !== 0n) return undefined;
    for (const id of chunk.messageIndexOffsets.keys()) {
      const channel = reader.channelsById.get(id);
      if (channel === undefined || !reader.schemasById.has(channel.schemaId)) return undefined;
    }
  }
  return reader;
}

/** Rejects reads beyond the file or of implausible size before anything is allocated. */
class BoundedReadable implements IReadable {
  readonly #readable: FileHandleReadable;

  constructor(
    handle: FileHandle,
    readonly bytes: bigint,
  ) {
    this.#readable = new FileHandleReadable(handle);
  }

  size(): Promise<bigint> {
    return Promise.resolve(this.bytes);
  }

  async read(offset: bigint, length: bigint): Promise<Uint8Array> {
    if (offset < 0n || length < 0n || offset + length > this.bytes || length > MAX_RECORD_SIZE) {
      throw new ExpectationError(
        `a record within the file's ${this.bytes} bytes`,
        `one of ${length} bytes at ${offset}`,
      );
    }
    return this.#readable.read(offset, length);
  }
}

let lz4: Promise<Lz4> | undefined;

async function decompressHandlers(): Promise<DecompressHandlers> {
  const own = await (lz4 ??= Lz4.load());
  const handlers = Object.entries({
    ...(await loadDecompressHandlers()),
    lz4: (bytes: Uint8Array, size: bigint) => own.decompress(bytes, Number(size)),
  });
  return Object.fromEntries(
    handlers.map(([name, decompress]) => [
      name,
      (bytes: Uint8Array, size: bigint): Uint8Array => {
        if (size > MAX_RECORD_SIZE) {
          throw new ExpectationError(`a chunk of at most ${MAX_RECORD_SIZE} bytes`, `${size} bytes`);
        }
        return decompress(bytes, size);
      },
    ]),
  );
}

function topicsOf(reader: McapIndexedReader): BagTopic[] {
  const tally = new TopicTally();
  for (const schema of reader.schemasById.values()) tally.add(schema);
  for (const channel of reader.channelsById.values()) tally.add(channel);
  return tally.topics(reader.statistics?.channelMessageCounts);
}

/** Collects channels with their types and counts messages. */
class TopicTally {
  readonly schemas = new Map<number, TypedMcapRecords['Schema']>();
  readonly channels = new Map<number, TypedMcapRecords['Channel']>();
  readonly counts = new Map<number, bigint>();

  add(record: TypedMcapRecord): void {
    if (record.type === 'Schema') this.schemas.set(record.id, record);
    else if (record.type === 'Channel') this.channels.set(record.id, record);
    else if (record.type === 'Message') {
      this.counts.set(record.channelId, (this.counts.get(record.channelId) ?? 0n) + 1n);
    }
  }

  /** One entry for each topic, however many channels it has (one for each publisher). */
  topics(counts: ReadonlyMap<number, bigint> | undefined): BagTopic[] {
    const topics = new Map<string, BagTopic>();
    for (const { id, topic: name, schemaId } of this.channels.values()) {
      const count = counts && Number(counts.get(id) ?? 0n) + (topics.get(name)?.count ?? 0);
      topics.set(name, { name, type: this.schemas.get(schemaId)?.name ?? 'unknown', count });
    }
    return [...topics.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}

/** Time ranges such that no chunk overlaps two of them, so that damage to one does not affect the others. */
function windowsOf(reader: McapIndexedReader): { startTime: bigint; endTime: bigint }[] {
  const chunks = reader.chunkIndexes
    .filter((chunk) => chunk.messageIndexOffsets.size > 0)
    .sort((a, b) => (a.messageStartTime < b.messageStartTime ? -1 : 1));
  const windows: { startTime: bigint; endTime: bigint }[] = [];
  for (const { messageStartTime: startTime, messageEndTime: endTime } of chunks) {
    const last = windows.at(-1);
    if (last === undefined || startTime > last.endTime) windows.push({ startTime, endTime });
    else if (endTime > last.endTime) last.endTime = endTime;
  }
  return windows;
}

async function* indexedMessages(
  reader: McapIndexedReader,
  topic: string,
  path: string,
): AsyncGenerator<BagMessage | Error, void, void> {
  for (const window of windowsOf(reader)) {
    try {
      for await (const message of reader.readMessages({ topics: [topic], ...window })) {
        const channel = reader.channelsById.get(message.channelId)!;
        yield { type: reader.schemasById.get(channel.schemaId)!.name, data: message.data };
      }
    } catch (error) {
      yield damageOf(path, error);
    }
  }
}

async function* streamedMessages(
  handle: FileHandle,
  topic: string,
  path: string,
): AsyncGenerator<BagMessage | Error, void, void> {
  const tally = new TopicTally();
  try {
    for await (const record of streamRecords(handle)) {
      tally.add(record);
      if (record.type !== 'Message') continue;
      const channel = tally.channels.get(record.channelId)!;
      if (channel.topic !== topic) continue;
      yield { type: tally.schemas.get(channel.schemaId)?.name ?? 'unknown', data: record.data };
    }
  } catch (error) {
    yield damageOf(path, error);
  }
}

/** Records from front to back. @throws at the first unreadable one, and at the end of a file without a footer */
async function* streamRecords(handle: FileHandle): AsyncGenerator<TypedMcapRecord, void, void> {
  const reader = new McapStreamReader({ decompressHandlers: await decompressHandlers() });
  const block = new Uint8Array(BLOCK_SIZE);
  for (let offset = 0; ;) {
    const { bytesRead } = await handle.read(block, 0, BLOCK_SIZE, offset);
    if (bytesRead === 0) break;
    offset += bytesRead;
    if (reader.done())
      throw new ExpectationError('the end of the file after its footer', `${bytesRead} bytes`);
    reader.append(block.subarray(0, bytesRead));
    for (let record; (record = reader.nextRecord()) !== undefined;) yield record;
    if (reader.bytesRemaining() > MAX_RECORD_SIZE) {
      throw new ExpectationError(`records of at most ${MAX_RECORD_SIZE} bytes`, 'a longer one');
    }
  }
  if (!reader.done()) {
    throw new ExpectationError(
      'the footer of an MCAP file',
      `its end, ${reader.bytesRemaining()} bytes into a record`,
    );
  }
}

function damageOf(path: string, error: unknown): ExpectationError {
  return new ExpectationError(
    `a complete MCAP file at ${path}`,
    `a damaged one (${messageOf(error).replace(/\.$/, '')})`,
    'Its readable part was used.',
    { cause: error },
  );
}
