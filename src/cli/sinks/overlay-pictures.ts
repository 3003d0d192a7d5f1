import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ExpectationError } from '../../base/expect.js';
import { makeFolder } from '../../base/files/folder.js';
import { writeWhole } from '../../base/files/whole-file.js';
import { writeError } from '../../base/files/write-error.js';
import type { FrameResult } from '../../pipeline/segmenter.js';
import { encodeJpeg } from '../../media/render/encode.js';
import type { ReadFiles } from '../outputs.js';
import type { OverlayRenderer } from './overlay-renderer.js';
import type { ResultSink } from './sink.js';

const PICTURE = /^(.*)_\d{6,}\.jpg$/;

export interface OverlayPicturesOptions {
  /** Names of the sources in the order of their frames. */
  readonly sources: readonly string[];
  /** Inputs, which must not be overwritten. */
  readonly read: ReadFiles;
  /** Whether to replace pictures of an earlier run. */
  readonly replace: boolean;
}

/** Writes a JPEG file for each frame: the picture with masks, boxes and labels. */
export class OverlayPicturesSink implements ResultSink {
  /** Names of the pictures by source, so that sources of the same name do not overwrite each other's pictures. */
  readonly #sources: readonly { name: string; stem: string }[];
  #source = 0;
  #index = -1;

  /**
   * @param target the folder; created if necessary
   * @throws ExpectationError when it cannot be created, or contains pictures of these names that must not be replaced
   */
  constructor(
    readonly target: string,
    private readonly renderer: OverlayRenderer,
    private readonly options: OverlayPicturesOptions,
  ) {
    const taken = new Set<string>();
    this.#sources = options.sources.map((name) => ({ name, stem: newStem(name, taken) }));
    makeFolder(target);
    for (const file of list(target)) {
      const stem = PICTURE.exec(file)?.[1];
      if (stem === undefined || !taken.has(stem)) continue;
      const path = join(target, file);
      const input = options.read.at(path);
      if (input === undefined && options.replace) continue;
      throw new ExpectationError(
        'a folder for --overlay without pictures of these inputs',
        input === undefined ? `${path}, which exists` : `${path}, which is the input ${input}`,
        input === undefined
          ? 'Choose another folder, or add --force to replace them.'
          : 'Choose another folder.',
      );
    }
  }

  async write(result: FrameResult): Promise<void> {
    const { source, index } = result.frame;
    const file = `${this.#stem(source, index)}_${String(index).padStart(6, '0')}.jpg`;
    const picture = await encodeJpeg(this.renderer.render(result));
    await writeWhole(join(this.target, file), picture, this.options.replace);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Sources come in order; one without frames is skipped, and one that is named twice starts again. */
  #stem(source: string, index: number): string {
    const sources = this.#sources;
    if (sources[this.#source]?.name !== source || index <= this.#index) {
      const next = sources.findIndex(({ name }, i) => name === source && i > this.#source);
      if (next >= 0) this.#source = next;
    }
    this.#index = index;
    return sources[this.#source]!.stem;
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw writeError(folder, error);
  }
}

function newStem(source: string, taken: Set<string>): string {
  const base =
    basename(source.replace(/#/g, '/'))
      .replace(/\.[^.]*$/, '')
      .replace(/[^\w.-]+/g, '_') || 'frame';
  let stem = base;
  for (let n = 2; taken.has(stem); n++) stem = `${base}-${n}`;
  taken.add(stem);
  return stem;
}
