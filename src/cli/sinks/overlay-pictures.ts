import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { FrameResult } from '../../pipeline/segmenter.js';
import { encodeJpeg } from '../../render/encode.js';
import type { OverlayRenderer } from './overlay-renderer.js';
import { makeFolder } from './folder.js';
import type { ResultSink } from './sink.js';

/** A JPEG file for each frame: the picture with masks, boxes and labels. */
export class OverlayPicturesSink implements ResultSink {
  /** Which source a stem belongs to, so that equal names from different folders do not overwrite each other. */
  readonly #owners = new Map<string, string>();
  readonly #stems = new Map<string, string>();

  constructor(
    /** The folder; made if need be. */
    readonly target: string,
    readonly renderer: OverlayRenderer,
  ) {
    makeFolder(target);
  }

  async write(result: FrameResult): Promise<void> {
    const { source, index } = result.frame;
    const file = `${this.#stem(source)}_${String(index).padStart(6, '0')}.jpg`;
    await writeFile(join(this.target, file), await encodeJpeg(this.renderer.render(result)));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #stem(source: string): string {
    let stem = this.#stems.get(source);
    if (stem === undefined) {
      const base =
        basename(source.replace(/#/g, '/'))
          .replace(/\.[^.]*$/, '')
          .replace(/[^\w.-]+/g, '_') || 'frame';
      stem = base;
      for (let n = 2; this.#owners.has(stem); n++) stem = `${base}-${n}`;
      this.#owners.set(stem, source);
      this.#stems.set(source, stem);
    }
    return stem;
  }
}
