import { basename } from 'node:path';
import type { FrameSource } from '../../vision/picture/frame-source.js';

/** Characters that a file system does not allow, those of FAT on memory cards included. */
// eslint-disable-next-line no-control-regex -- those are to be found
const FORBIDDEN = /[\u0000-\u001f\u007f<>:"\\|?*]+/g;

/** A source, and what its outputs are called. */
export interface NamedSource {
  readonly name: string;
  /** The name of the input without folder and suffix; unique among the sources. */
  readonly stem: string;
  /** Whether it is a single picture, whose output needs no number. */
  readonly single: boolean;
}

/** What follows the stem in the name of a frame among several. */
const NUMBER = /_\d{6,}$/;

/**
 * Gives outputs the names of their inputs, with all their letters and spaces. Equal ones get a number, also where a picture has the
 * name of a frame: clip_000000.jpg beside clip.mp4.
 */
export function nameSources(
  sources: readonly Pick<FrameSource, 'name' | 'count' | 'still'>[],
): NamedSource[] {
  const taken = new Set<string>();
  /** Stems of inputs of several frames, and stems with which their frames would have the names of pictures. */
  const [several, pictured] = [new Set<string>(), new Set<string>()];
  return sources.map(({ name, count, still = false }) => {
    const single = still && count === 1;
    const free = (stem: string): boolean =>
      !taken.has(stem) &&
      !(single ? NUMBER.test(stem) && several.has(stem.replace(NUMBER, '')) : pictured.has(stem));
    const stem = newStem(name, free);
    taken.add(stem);
    if (!single) several.add(stem);
    else if (NUMBER.test(stem)) pictured.add(stem.replace(NUMBER, ''));
    return { name, stem, single };
  });
}

function newStem(source: string, free: (stem: string) => boolean): string {
  const base =
    basename(source.replace(/#/g, '/'))
      .replace(/(?<=.)\.[^.]*$/, '')
      .replace(FORBIDDEN, (found, at: number, name: string) => (at + found.length < name.length ? '_' : ''))
      .trim() || 'frame';
  let stem = base;
  for (let n = 2; !free(stem); n++) stem = `${base}-${n}`;
  return stem;
}

/**
 * Tells which of the sources a result comes from. Sources come in order; one without frames is skipped, and one that is
 * named twice starts again.
 */
export class SourceFollower {
  #source = 0;
  #index = -1;

  constructor(private readonly sources: readonly { readonly name: string }[]) {}

  /** @returns the position of the source */
  at(source: string, index: number): number {
    if (this.sources[this.#source]?.name !== source || index <= this.#index) {
      const next = this.sources.findIndex(({ name }, i) => name === source && i > this.#source);
      if (next >= 0) this.#source = next;
    }
    this.#index = index;
    return this.#source;
  }
}
