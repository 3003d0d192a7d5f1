import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { open, rm, rmdir, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { McapWriter, type IWritable } from '@mcap/core';
import { ExpectationError, messageOf } from '../../base/expect.js';
import { makeFolder } from '../../base/files/folder.js';
import { writeWhole } from '../../base/files/whole-file.js';
import { writeError } from '../../base/files/write-error.js';
import { stampToNanoseconds, type Stamp } from '../../vision/picture/frame-source.js';
import type { MessageType } from '../message-type.js';
import { type BagCompression, chunkCompressor, type CompressedChunk } from './chunk-compression.js';
import { bagMetadata, offeredQos, type Durability, type TopicMetadata } from './bag-metadata.js';
import { SerialQueue } from '../../base/serial-queue.js';

/** rosbag2's chunk size: the most that a crash may lose, and that a reader holds in memory. */
const CHUNK_SIZE = 768 * 1024;

interface Channel extends TopicMetadata {
  readonly id: number;
  messages: number;
}

/**
 * Writes a bag as rosbag2_storage_mcap does, for `ros2 bag play` and Foxglove: profile ros2, CDR messages, complete
 * definitions, the QoS of the publishers. Log and publish time are the
 * stamp of the frame.
 *
 * Await each write, so that no more than a chunk and a message are in memory. A killed process leaves a file without an
 * index, readable up to its last complete chunk (`ros2 bag reindex`, McapFile).
 */
export class BagWriter {
  readonly #handle: FileHandle;
  readonly #writable: FileWritable;
  readonly #mcap: McapWriter;
  readonly #channels = new Map<string, Channel>();
  readonly #schemas = new Map<string, number>();
  readonly #queue = new SerialQueue();
  #failure: ExpectationError | undefined;
  #closed = false;

  private constructor(
    /** Path of the MCAP file. */
    readonly file: string,
    /** The rosbag2 folder around it, if there is one. */
    readonly folder: string | undefined,
    handle: FileHandle,
    compressChunk: ((chunk: Uint8Array) => CompressedChunk) | undefined,
  ) {
    this.#handle = handle;
    this.#writable = new FileWritable(handle);
    this.#mcap = new McapWriter({
      ...{ writable: this.#writable, chunkSize: CHUNK_SIZE },
      ...(compressChunk ? { compressChunk } : {}),
    });
  }

  /**
   * @param target a new file, NAME.mcap, or else a new or empty folder, in the layout of `ros2 bag record`
   * @param replace whether to replace a bag of that name; a folder with other content is never replaced
   * @param compression of the chunks; rosbag2 and Foxglove read both
   * @throws ExpectationError when it already exists or cannot be created
   */
  static async create(
    target: string,
    replace = false,
    compression: BagCompression = 'none',
  ): Promise<BagWriter> {
    const compressor = await chunkCompressor(compression);
    const folder = target.endsWith('.mcap') ? undefined : target;
    const file = folder === undefined ? target : path.join(folder, `${path.basename(folder)}_0.mcap`);
    try {
      makeFolder(path.dirname(target));
      if (folder !== undefined) makeRoom(folder, replace);
      else if (replace && statSync(file, { throwIfNoEntry: false })?.isFile()) rmSync(file);
      const writer = new BagWriter(file, folder, await open(file, 'wx'), compressor);
      try {
        await writer.#attempt(() => writer.#mcap.start({ profile: 'ros2', library: 'tros-yolo-seg' }));
      } catch (error) {
        await writer.#withdraw();
        throw error;
      }
      return writer;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw writeError(target, error);
      throw new ExpectationError(
        `a new bag at ${target}`,
        messageOf(error),
        'Choose another name, or replace a bag with --force.',
        { cause: error },
      );
    }
  }

  /**
   * Appends a message.
   *
   * Rejects with an ExpectationError when the file cannot be written (a full disk); so do all later calls.
   *
   * @param cdr the message's bytes; they must not change until the promise settles
   * @param stamp of the frame; times before the epoch count as the epoch
   */
  write(
    topic: string,
    type: MessageType,
    cdr: Uint8Array,
    stamp: Stamp,
    durability: Durability = 'volatile',
  ): Promise<void> {
    return this.#queue.run(async () => {
      if (this.#closed)
        throw new ExpectationError(`a message on ${topic} before the end`, 'one after close()');
      await this.#attempt(async () => {
        const channel = this.#channels.get(topic) ?? (await this.#addChannel(topic, type, durability));
        const nanoseconds = stampToNanoseconds(stamp);
        const time = nanoseconds < 0n ? 0n : nanoseconds;
        const message = {
          channelId: channel.id,
          sequence: channel.messages,
          logTime: time,
          publishTime: time,
        };
        await this.#mcap.addMessage({ ...message, data: cdr });
        channel.messages++;
      });
    });
  }

  /** Writes the index and, in a folder, metadata.yaml; after a failed write it only closes the file. Idempotent. */
  close(): Promise<void> {
    return this.#queue.run(async () => {
      if (this.#closed) return;
      this.#closed = true;
      try {
        if (this.#failure === undefined) await this.#attempt(() => this.#finish());
      } finally {
        await this.#handle.close();
      }
    });
  }

  /** Removes a bag that could not be started. Errors are ignored here, because the first one matters more. */
  async #withdraw(): Promise<void> {
    this.#closed = true;
    await this.#handle.close().catch(() => undefined);
    await rm(this.file, { force: true }).catch(() => undefined);
    if (this.folder !== undefined) await rmdir(this.folder).catch(() => undefined);
  }

  async #finish(): Promise<void> {
    await this.#mcap.end();
    if (this.folder === undefined) return;
    const { messageStartTime: start, messageEndTime: end } = this.#mcap.statistics!;
    const metadata = { file: path.basename(this.file), start, end, topics: [...this.#channels.values()] };
    // Readers rely on metadata.yaml: an incomplete one would be worse than none.
    await writeWhole(path.join(this.folder, 'metadata.yaml'), bagMetadata(metadata));
  }

  async #addChannel(topic: string, type: MessageType, durability: Durability): Promise<Channel> {
    let schemaId = this.#schemas.get(type.name);
    if (schemaId === undefined) {
      const data = Buffer.from(type.definition, 'utf8');
      schemaId = await this.#mcap.registerSchema({ name: type.name, encoding: 'ros2msg', data });
      this.#schemas.set(type.name, schemaId);
    }
    const qos = offeredQos(durability);
    const metadata = new Map([['offered_qos_profiles', qos]]);
    const id = await this.#mcap.registerChannel({ schemaId, topic, messageEncoding: 'cdr', metadata });
    const channel = { id, topic, type: type.name, qos, messages: 0 };
    this.#channels.set(topic, channel);
    return channel;
  }

  /** After a failure the end of the file is unknown, so nothing more is appended. */
  async #attempt(work: () => Promise<void>): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      await work();
    } catch (error) {
      const expected = `room for the bag ${this.file}`;
      const readable = this.#writable.writes > 1;
      const hint = readable ? 'What was written before is readable.' : undefined;
      this.#failure = new ExpectationError(expected, messageOf(error), hint, { cause: error });
      throw this.#failure;
    }
  }
}

/**
 * Creates the folder of a bag, or removes the bag that is in it. @throws EEXIST if the folder has content that must not be
 * replaced
 */
function makeRoom(folder: string, replace: boolean): void {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found === undefined) {
    mkdirSync(folder);
    return;
  }
  const names = found.isDirectory() ? readdirSync(folder) : [];
  const isBag = names.every((name) => name === 'metadata.yaml' || name.endsWith('.mcap'));
  if (!found.isDirectory() || !isBag || (names.length > 0 && !replace)) {
    const what = !found.isDirectory() ? 'a file' : `a folder with ${names.length} files`;
    throw Object.assign(new Error(`EEXIST: ${what} of that name`), { code: 'EEXIST' });
  }
  for (const name of names) rmSync(path.join(folder, name));
}

/** Appends complete buffers to a file; FileHandle.write may write less. */
class FileWritable implements IWritable {
  #position = 0n;
  /** Number of complete writes: the header, and then one for each chunk. */
  writes = 0;

  constructor(readonly handle: FileHandle) {}

  async write(bytes: Uint8Array): Promise<void> {
    await this.handle.appendFile(bytes);
    this.#position += BigInt(bytes.length);
    this.writes++;
  }

  position(): bigint {
    return this.#position;
  }
}
