import { basename } from 'node:path';
import type { FrameSource, SourceFrame } from '../../vision/picture/frame-source.js';

/** A source and the name of its frames' files. */
interface NamedSource {
  readonly name: string;
  readonly stem: string;
  /** A picture, whose file has no number. */
  readonly single: boolean;
}

/** Names of frames by their source, for files of which there is one for each frame. No two sources have the same. */
export class FrameNames {
  readonly #sources: readonly NamedSource[];
  #source = 0;
  #index = -1;
  #frame: object | undefined;
  #name = '';

  /** @param sources in the order of their frames */
  constructor(sources: readonly Pick<FrameSource, 'name' | 'count'>[]) {
    const taken = new Set<string>();
    this.#sources = sources.map(({ name, count }) => ({
      name,
      stem: newStem(name, taken),
      single: count === 1,
    }));
  }

  /** `bus` for bus.jpg, `clip_000012` for a frame of clip.mp4. Frames are asked for in their order, by any number of outputs. */
  of(frame: Pick<SourceFrame, 'source' | 'index'>): string {
    if (frame === this.#frame) return this.#name;
    const { source, index } = frame;
    const sources = this.#sources;
    // Sources come in order; one without frames is skipped, and one that is named twice starts again.
    if (sources[this.#source]?.name !== source || index <= this.#index) {
      const next = sources.findIndex(({ name }, i) => name === source && i > this.#source);
      if (next >= 0) this.#source = next;
    }
    const { stem, single } = sources[this.#source]!;
    [this.#index, this.#frame] = [index, frame];
    this.#name = single && index === 0 ? stem : `${stem}_${String(index).padStart(6, '0')}`;
    return this.#name;
  }

  /** Whether a frame of these sources may have this name. */
  has(name: string): boolean {
    return this.#sources.some(({ stem, single }) =>
      single ? name === stem : name.startsWith(`${stem}_`) && /^\d{6,}$/.test(name.slice(stem.length + 1)),
    );
  }
}

/** The file's name as given, without its suffix; of a topic in a bag, both names. */
function newStem(source: string, taken: Set<string>): string {
  const [file = '', topic] = source.split('#/', 2);
  const base = basename(file).replace(/\.[^.]*$/, '');
  // A scene's name is a request, with characters that not every file system takes.
  const name = [base, topic]
    .filter(Boolean)
    .join('_')
    .replaceAll(/[/\\:*?"<>|]+/g, '_')
    .replace(/_+$/, '');
  let stem = name || 'frame';
  for (let n = 2; taken.has(stem); n++) stem = `${name || 'frame'}-${n}`;
  taken.add(stem);
  return stem;
}
