import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BagSource } from '../message/bag/bag-source.js';
import { ExpectationError, expectNumber, messageOf, errorOf } from '../base/expect.js';
import type { ImageReading } from '../native/camera.js';
import { isAnimatedPng } from './animated-png.js';
import { BEGIN_LENGTH, fileKind, knownFiles, type FileKind } from './file-kind.js';
import { DEFAULT_RATE } from './file-clock.js';
import { Nv12FileSource } from './nv12-file.js';
import { parseSize, type PictureSize } from '../vision/picture/picture-size.js';
import { PictureSource } from './picture-file.js';
import { SceneSource } from './scene/index.js';
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
}

const SCENE_PREFIX = 'scene:';

/**
 * Opens the user's inputs as sources of frames, in order:
 *
 * - files: pictures, videos, raw NV12, MCAP bags; by signature, else by name
 * - a rosbag2 folder, known by its metadata.yaml; `bag#/topic` says which topic is meant
 * - any other folder: its files of these kinds, in natural order (2 before 10); subfolders are skipped
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
  /** Frames without timestamps so far. */
  #stills = 0;

  constructor(private readonly options: InputOptions) {}

  async add(name: string): Promise<void> {
    await this.#attempt(name, async () => {
      if (name.startsWith(SCENE_PREFIX)) {
        this.sources.push(openScene(name, this.options));
        return;
      }
      const [path, topic] = await splitTopic(name);
      const found = await stat(path).catch((error: unknown) => {
        throw new ExpectationError('a file or folder', `${path}, which cannot be found`, undefined, {
          cause: error,
        });
      });
      if (topic !== undefined) await this.#addBag(path, topic);
      else if (found.isDirectory()) await this.#addFolder(path);
      else this.sources.push(await this.#openFile(path));
    });
  }

  async #attempt(name: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.failed.push({ name, error: errorOf(error) });
    }
  }

  async #addBag(path: string, topic: string | undefined): Promise<void> {
    this.sources.push(await BagSource.open(path, { topic, reading: this.options.reading }));
  }

  async #addFolder(folder: string): Promise<void> {
    const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
      const hint = 'Change its permissions, or name the files in it.';
      throw new ExpectationError('a folder that may be listed', messageOf(error), hint, { cause: error });
    });
    if (entries.some(({ name }) => name === 'metadata.yaml')) {
      await this.#addBag(folder, this.options.topic);
      return;
    }
    const names = entries
      .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name);
    const before = this.sources.length + this.failed.length;
    for (const name of names.sort(new Intl.Collator('en', { numeric: true }).compare)) {
      const path = join(folder, name);
      await this.#attempt(path, async () => {
        if ((await kindOf(path)) !== undefined) this.sources.push(await this.#openFile(path));
      });
    }
    if (this.sources.length + this.failed.length === before) {
      throw new ExpectationError(`files to read in ${folder}: ${knownFiles()}`, 'none');
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
  if (!found.isFile()) throw new ExpectationError('a regular file', `${path}, which is not one`);
  if (found.size === 0) throw new ExpectationError('a file that is not empty', `${path}, which is empty`);
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(BEGIN_LENGTH), 0, BEGIN_LENGTH, 0);
    const kind = fileKind(path, buffer.subarray(0, bytesRead));
    return kind === 'png' ? ((await isAnimatedPng(file)) ? 'apng' : 'picture') : kind;
  } finally {
    await file.close();
  }
}

/** Splits `bag.mcap#/camera` into path and topic, unless there is a file of that name. */
async function splitTopic(name: string): Promise<[path: string, topic: string | undefined]> {
  const hash = name.lastIndexOf('#/');
  if (hash <= 0 || (await stat(name).catch(() => undefined))) return [name, undefined];
  return [name.slice(0, hash), name.slice(hash + 1)];
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
    );
  }
  const number = (key: string): number | undefined => {
    const text = settings.get(key);
    return text === null ? undefined : text === '' ? NaN : Number(text);
  };
  const sizeText = settings.get('size');
  const size = sizeText === null ? options.size : parseSize(sizeText);
  if (sizeText !== null && !size) throw new ExpectationError('a size such as 640x480', sizeText);
  return new SceneSource({
    count: number('frames') ?? options.frames,
    seed: number('seed') ?? options.seed,
    rate: number('rate') ?? options.rate,
    objects: number('objects'),
    width: size?.width,
    height: size?.height,
  });
}
