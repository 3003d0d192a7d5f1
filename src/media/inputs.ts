import { open, readdir, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { isDynamicPattern } from 'tinyglobby';
import { BagSource } from '../message/bag/bag-source.js';
import { ExpectationError, expectNumber, messageOf, errorOf } from '../base/expect.js';
import type { ImageReading } from '../native/camera.js';
import { isAnimatedPng } from './animated-png.js';
import { BEGIN_LENGTH, fileKind, knownFiles, type FileKind } from './file-kind.js';
import { DEFAULT_RATE } from './file-clock.js';
import { naturalOrder } from './globs.js';
import { Nv12FileSource } from './nv12-file.js';
import { parseSize, type PictureSize } from '../vision/picture/picture-size.js';
import { PictureSource } from './picture-file.js';
import { SceneSource } from './scene/index.js';
import { STDIN, StdinSource } from './stdin-source.js';
import { isLiveInput } from './stream-address.js';
import { withoutPassword } from './stream-connection.js';
import { openStream } from './stream-input.js';
import type { FrameSource } from '../vision/picture/frame-source.js';
import { VideoSource } from './video.js';

export interface InputOptions {
  /** Size of raw NV12 frames whose file names do not contain it, and of generated scenes. */
  readonly size?: PictureSize | undefined;
  /** Topic of the images in bags with several. */
  readonly topic?: string | undefined;
  /** Frames per second of inputs without timestamps: pictures, raw NV12 and scenes. */
  readonly rate?: number | undefined;
  /** Number of frames of a scene. */
  readonly frames?: number | undefined;
  /** Seed of a scene. */
  readonly seed?: number | undefined;
  /** The user's description of raw NV12 and the images of bags. */
  readonly reading?: ImageReading | undefined;
  /** Whether to read the folders in folders. */
  readonly recursive?: boolean | undefined;
  /** Input options of ffmpeg for cameras and streams: NAME=VALUE. */
  readonly streamOptions?: readonly string[] | undefined;
  /** Receives a line when a stream is lost, and when it is back. */
  readonly onNote?: ((text: string) => void) | undefined;
  /** Ends the waiting for streams that are lost. */
  readonly signal?: AbortSignal | undefined;
  /** Opens only every `count`-th input, from `index` on. Stamps are those that the inputs have among all of them. */
  readonly shard?: Shard | undefined;
}

/** One of several equal parts of the inputs. */
export interface Shard {
  /** From 0. */
  readonly index: number;
  readonly count: number;
}

/** An input that cannot be read. The others are not affected. */
export interface FailedInput {
  /** The input as named by the user, or the path of a file in a named folder. */
  readonly name: string;
  readonly error: Error;
}

export interface Inputs {
  readonly sources: FrameSource[];
  readonly failed: FailedInput[];
  /** What was left out, as lines for the user. */
  readonly notes: string[];
}

const SCENE_PREFIX = 'scene:';

/**
 * Opens the user's inputs as sources of frames, in order:
 *
 * - files: pictures, videos, raw NV12, MCAP bags; by signature, else by name
 * - a rosbag2 folder, known by its metadata.yaml; `bag#/topic` says which topic is meant
 * - any other folder: its files of these kinds, in natural order (2 before 10); folders in it only if asked for
 * - a camera, `/dev/video0`, or a stream, `rtsp://`, `http://`
 * - `-`, standard input: one picture, or raw NV12 if the size is given
 * - `scene:`, the generated camera, with optional settings: `scene:?frames=20&seed=3&size=640x480&rate=15&objects=4`
 *
 * Stamps of pictures and raw NV12 continue from one input to the next at `rate` per second, so that the results form one
 * recording.
 *
 * @throws ExpectationError for a rate outside its range; all other errors are in `failed`
 */
export async function openInputs(names: readonly string[], options: InputOptions = {}): Promise<Inputs> {
  if (options.rate !== undefined) expectNumber('the frame rate', options.rate, 0.001, 1000);
  const opener = new InputOpener(options);
  for (const name of names) await opener.add(name);
  return opener;
}

class InputOpener implements Inputs {
  readonly sources: FrameSource[] = [];
  readonly failed: FailedInput[] = [];
  readonly notes: string[] = [];
  /** Inputs so far, those of other shards included. */
  #inputs = 0;
  /** Frames without timestamps so far. */
  #stills = 0;

  constructor(private readonly options: InputOptions) {}

  async add(name: string): Promise<void> {
    const [path, topic] = await splitTopic(name);
    const found = await stat(path).catch(() => undefined);
    if (topic === undefined && found?.isDirectory()) await this.#addFolder(path);
    else await this.#addOne(name, () => this.#open(name, path, topic));
  }

  /** Adds an input if it belongs to this shard. */
  async #addOne(name: string, open: () => Promise<FrameSource>): Promise<void> {
    const { index, count } = this.options.shard ?? { index: 0, count: 1 };
    const mine = this.#inputs++ % count === index;
    if (!mine && !(await this.#hasStills(name))) return;
    try {
      // Stills of other shards are opened, too: they are counted for the stamps of the next.
      const source = await open();
      if (mine) this.sources.push(source);
    } catch (error) {
      if (mine) this.failed.push({ name: withoutPassword(name), error: errorOf(error) });
    }
  }

  async #hasStills(name: string): Promise<boolean> {
    if (name === STDIN) return true;
    const kind = await kindOf(name).catch(() => undefined);
    return kind === 'picture' || kind === 'nv12';
  }

  async #open(name: string, path: string, topic: string | undefined): Promise<FrameSource> {
    const { reading } = this.options;
    if (name.startsWith(SCENE_PREFIX)) return openScene(name, this.options);
    if (name === STDIN) return this.#openStdin();
    if (isLiveInput(name)) {
      const { size, rate, streamOptions, onNote, signal } = this.options;
      return openStream(name, { size, rate, options: streamOptions, onNote, signal });
    }
    await stat(path).catch((error: unknown) => {
      throw notFound(path, error);
    });
    return topic === undefined ? this.#openFile(path) : BagSource.open(path, { topic, reading });
  }

  #openStdin(): StdinSource {
    const { size, rate } = this.options;
    if (size && (size.width % 2 !== 0 || size.height % 2 !== 0)) {
      throw new ExpectationError(
        'an even size for NV12 on standard input',
        `${size.width}x${size.height}`,
        'NV12 has one color for 2x2 pixels: its frames are of even width and height.',
      );
    }
    const source = new StdinSource({ size, rate, first: this.#stills });
    this.#stills += source.count ?? 0;
    return source;
  }

  async #addFolder(folder: string, within = false): Promise<void> {
    try {
      await this.#listFolder(folder, within);
    } catch (error) {
      this.failed.push({ name: folder, error: errorOf(error) });
    }
  }

  async #listFolder(folder: string, within: boolean): Promise<void> {
    const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
      const hint = 'Change its permissions, or name the files in it.';
      throw new ExpectationError('a folder that may be listed', messageOf(error), hint, { cause: error });
    });
    if (entries.some(({ name }) => name === 'metadata.yaml')) {
      const { topic, reading } = this.options;
      return this.#addOne(folder, () => BagSource.open(folder, { topic, reading }));
    }
    const visible = entries
      .filter(({ name }) => !name.startsWith('.'))
      .sort((a, b) => naturalOrder(a.name, b.name));
    const folders = visible.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
    const before = this.#inputs;
    for (const entry of visible.filter((each) => !each.isDirectory())) {
      const path = join(folder, entry.name);
      // A file that cannot be recognized is left out; one that cannot be read is reported.
      const kind = await kindOf(path).catch(() => 'unreadable');
      if (kind !== undefined) await this.#addOne(path, () => this.#openFile(path));
    }
    if (this.options.recursive) for (const inner of folders) await this.#addFolder(inner, true);
    else if (folders.length > 0) this.notes.push(skippedText(folder, folders.length));
    if (this.#inputs === before && !within) {
      const hint = folders.length > 0 ? 'Add --recursive to read the folders in it.' : undefined;
      throw new ExpectationError(`files to read in ${folder}: ${knownFiles()}`, 'none', hint);
    }
  }

  async #openFile(path: string): Promise<FrameSource> {
    const kind = await kindOf(path);
    const { size, rate = DEFAULT_RATE, topic, reading } = this.options;
    switch (kind) {
      case 'picture':
        return this.#openStills(await PictureSource.open(path, { rate, first: this.#stills }));
      case 'nv12': {
        const options = { size, rate, first: this.#stills, reading };
        return this.#openStills(await Nv12FileSource.open(path, options));
      }
      case 'video':
        return VideoSource.open(path);
      case 'mjpeg':
        return VideoSource.open(path, { demuxer: 'mjpeg', rate: this.options.rate });
      case 'apng':
        return VideoSource.open(path, { demuxer: 'apng' });
      case 'bag':
        return BagSource.open(path, { topic, reading });
      case undefined:
        throw new ExpectationError(knownFiles(), path, 'Raw NV12 needs the ending .nv12.');
    }
  }

  /** Frames without timestamps; the stamps of later ones continue from there. */
  #openStills<Source extends FrameSource & { readonly count: number }>(source: Source): Source {
    this.#stills += source.count;
    return source;
  }
}

/** @throws ExpectationError for an empty file, and for anything that is not a file */
async function kindOf(path: string): Promise<Exclude<FileKind, 'png'> | 'apng' | undefined> {
  const found = await stat(path);
  // Opening a pipe or a device could block forever.
  if (!found.isFile())
    throw new ExpectationError(
      'a regular file',
      `${path}, which is not one`,
      'Name a file or folder; standard input is called -, a camera /dev/video0.',
    );
  if (found.size === 0)
    throw new ExpectationError(
      'a file that is not empty',
      `${path}, which is empty`,
      'Whatever wrote it may have failed: write or copy it again.',
    );
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(BEGIN_LENGTH), 0, BEGIN_LENGTH, 0);
    const kind = fileKind(path, buffer.subarray(0, bytesRead));
    return kind === 'png' ? ((await isAnimatedPng(file)) ? 'apng' : 'picture') : kind;
  } finally {
    await file.close();
  }
}

/** Why there is nothing to read at this path. */
function notFound(path: string, cause: unknown): ExpectationError {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code !== 'ENOENT' && code !== 'ENOTDIR') {
    const hint = 'Check the permissions of the folder that it is in.';
    return new ExpectationError(`to find ${path}`, messageOf(cause), hint, { cause });
  }
  if (isDynamicPattern(path)) {
    const hint = 'Check the pattern: * stands for a part of one name, ** for any folders.';
    return new ExpectationError(`files that match ${path}`, 'none', hint, { cause });
  }
  const hint = isAbsolute(path) ? 'Check the name.' : `Check the name; it is looked for in ${process.cwd()}.`;
  return new ExpectationError('a file or folder', `${path}, which cannot be found`, hint, { cause });
}

/** Splits `bag.mcap#/camera` into path and topic, unless there is a file of that name. */
async function splitTopic(name: string): Promise<[path: string, topic: string | undefined]> {
  const hash = name.lastIndexOf('#/');
  if (hash <= 0 || (await stat(name).catch(() => undefined))) return [name, undefined];
  return [name.slice(0, hash), name.slice(hash + 1)];
}

function skippedText(folder: string, count: number): string {
  const what = count === 1 ? 'a folder' : `${count} folders`;
  return `${folder}: ${what} in it ${count === 1 ? 'is' : 'are'} skipped; --recursive reads ${count === 1 ? 'it' : 'them'}.`;
}

const SCENE_SETTINGS = ['frames', 'seed', 'rate', 'objects', 'size'];

/** @throws ExpectationError for unknown settings and values outside their range */
function openScene(name: string, options: InputOptions): SceneSource {
  const query = name.slice(SCENE_PREFIX.length);
  const settings = new URLSearchParams(query);
  const unknown = [...settings.keys()].find((key) => !SCENE_SETTINGS.includes(key));
  if (unknown !== undefined || (query !== '' && !query.startsWith('?'))) {
    throw new ExpectationError(
      `${SCENE_PREFIX} or ${SCENE_PREFIX}?name=value&..., with ${SCENE_SETTINGS.join(', ')}`,
      name,
      "For example 'scene:?frames=20&seed=3', in quotation marks: & and ? mean something else to a shell.",
    );
  }
  const number = (key: string): number | undefined => {
    const text = settings.get(key);
    return text === null ? undefined : text === '' ? NaN : Number(text);
  };
  const sizeText = settings.get('size');
  const size = sizeText === null ? options.size : parseSize(sizeText);
  if (sizeText !== null && !size)
    throw new ExpectationError(
      'a size such as 640x480',
      sizeText,
      'Width and height in pixels, with an x between them.',
    );
  return new SceneSource({
    count: number('frames') ?? options.frames,
    seed: number('seed') ?? options.seed,
    rate: number('rate') ?? options.rate,
    objects: number('objects'),
    width: size?.width,
    height: size?.height,
  });
}
