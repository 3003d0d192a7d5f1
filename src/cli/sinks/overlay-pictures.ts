import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ExpectationError } from '../../base/expect.js';
import { makeFolder } from '../../base/files/folder.js';
import { writeWhole } from '../../base/files/whole-file.js';
import { writeError } from '../../base/files/write-error.js';
import type { FrameResult } from '../../pipeline/segmenter.js';
import { encodeJpeg, encodePng } from '../../media/render/encode.js';
import type { ReadFiles } from '../outputs.js';
import { type NamedSource, SourceFollower } from './output-names.js';
import type { OverlayRenderer } from './overlay-renderer.js';
import type { ResultSink } from './sink.js';

export const PICTURE_FORMATS = ['jpg', 'png'] as const;
export type PictureFormat = (typeof PICTURE_FORMATS)[number];

export interface OverlayPicturesOptions {
  /** The sources in the order of their frames. */
  readonly sources: readonly NamedSource[];
  /** Inputs, which must not be overwritten. */
  readonly read: ReadFiles;
  /** Whether to replace pictures of an earlier run. */
  readonly replace: boolean;
  /** @default jpg */
  readonly format?: PictureFormat | undefined;
  /** Of JPEG, 1 to 100. */
  readonly quality?: number | undefined;
}

/**
 * Writes a file for each frame: the picture with masks, boxes and labels. That of bus.png is called bus.jpg, those of
 * clip.mp4 clip_000000.jpg and so on.
 */
export class OverlayPicturesSink implements ResultSink {
  readonly #follower: SourceFollower;
  readonly #format: PictureFormat;

  /**
   * @param target the folder; created if necessary
   * @throws ExpectationError when it cannot be created, or contains pictures of these names that must not be replaced
   */
  constructor(
    readonly target: string,
    private readonly renderer: OverlayRenderer,
    private readonly options: OverlayPicturesOptions,
  ) {
    const { sources, read, replace, format = 'jpg' } = options;
    this.#format = format;
    this.#follower = new SourceFollower(sources);
    makeFolder(target);
    const singles = new Set(sources.filter(({ single }) => single).map(({ stem }) => stem));
    const several = new Set(sources.filter(({ single }) => !single).map(({ stem }) => stem));
    for (const file of list(target)) {
      if (!file.endsWith(`.${format}`)) continue;
      const stem = file.slice(0, -format.length - 1);
      const numbered = /^(.*)_\d{6,}$/s.exec(stem)?.[1];
      if (!singles.has(stem) && (numbered === undefined || !several.has(numbered))) continue;
      const path = join(target, file);
      const input = read.at(path);
      if (input === undefined && replace) continue;
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
    const { stem, single } = this.options.sources[this.#follower.at(source, index)]!;
    const file = `${single ? stem : `${stem}_${String(index).padStart(6, '0')}`}.${this.#format}`;
    const picture = this.renderer.render(result);
    const bytes = await (this.#format === 'png'
      ? encodePng(picture)
      : encodeJpeg(picture, this.options.quality));
    await writeWhole(join(this.target, file), bytes, this.options.replace);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw writeError(folder, error);
  }
}
