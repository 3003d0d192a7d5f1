import type { SourceFrame } from '../../vision/picture/frame-source.js';
import { type NamedSource, SourceFollower } from './output-names.js';

/** Names of frames, for outputs that have files for each frame. No two sources have the same. */
export class FrameNames {
  readonly #follower: SourceFollower;
  #frame: object | undefined;
  #name = '';

  /** @param sources in the order of their frames */
  constructor(private readonly sources: readonly NamedSource[]) {
    this.#follower = new SourceFollower(sources);
  }

  /** `bus` for bus.jpg, `clip_000012` for a frame of clip.mp4. Frames are asked for in their order, by any number of outputs. */
  of(frame: Pick<SourceFrame, 'source' | 'index'>): string {
    if (frame === this.#frame) return this.#name;
    const { source, index } = frame;
    const { stem, single } = this.sources[this.#follower.at(source, index)]!;
    this.#frame = frame;
    this.#name = single && index === 0 ? stem : `${stem}_${String(index).padStart(6, '0')}`;
    return this.#name;
  }

  /** Whether a frame of these sources may have this name. */
  has(name: string): boolean {
    return this.sources.some(({ stem, single }) =>
      single ? name === stem : name.startsWith(`${stem}_`) && /^\d{6,}$/.test(name.slice(stem.length + 1)),
    );
  }
}
