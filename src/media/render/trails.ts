import type { Segmentation } from '../../vision/mask/segmentation.js';
import type { Rgb } from '../../vision/picture/palette.js';
import { strokeLine, type RgbPicture } from './rgb-picture.js';

/** Where tracked objects were in the frames before: the centers of their boxes. */
export class Trails {
  /** By track id: x, y, x, y ..., oldest first, as shares of the picture. */
  readonly #paths = new Map<number, number[]>();

  /** @param length positions that are kept of each object */
  constructor(private readonly length: number) {}

  /** Adds the positions of a frame; objects that are given up are forgotten. */
  add({ instances, width, height, ended = [] }: Segmentation): void {
    for (const { trackId } of ended) this.#paths.delete(trackId);
    for (const { trackId = 0, box } of instances) {
      if (trackId === 0) continue;
      const path = this.#paths.get(trackId) ?? [];
      // Who was seen last stands last.
      this.#paths.delete(trackId);
      this.#paths.set(trackId, path);
      path.push((box.x1 + box.x2) / 2 / width, (box.y1 + box.y2) / 2 / height);
      if (path.length > 2 * this.length) path.splice(0, path.length - 2 * this.length);
    }
    this.#limit();
  }

  /** Forgets objects that have not been seen for longest: the frame that gives them up may not have been drawn. */
  #limit(): void {
    for (const id of this.#paths.keys()) {
      if (this.#paths.size <= MOST_PATHS) return;
      this.#paths.delete(id);
    }
  }

  /** Draws the path of each object of a frame. @param colors of its instances @param line width in pixels */
  draw(picture: RgbPicture, { instances }: Segmentation, colors: readonly Rgb[], line: number): void {
    instances.forEach(({ trackId = 0 }, i) => {
      const path = this.#paths.get(trackId) ?? [];
      for (let at = 2; at < path.length; at += 2) {
        const [x0, y0, x1, y1] = path.slice(at - 2, at + 2) as [number, number, number, number];
        const { width, height } = picture;
        strokeLine(picture, x0 * width, y0 * height, x1 * width, y1 * height, line, colors[i]!);
      }
    });
  }
}

const MOST_PATHS = 1000;
