import type { KnownDistance } from '../../message/write/perception-targets.js';
import type { Box, Instance } from '../../vision/mask/segmentation.js';

/** Milliseconds after which a distance is too old to be shown. */
const MOST_AGE = 1000;

interface Known {
  readonly classId: number;
  readonly trackId: number;
  readonly x: number;
  readonly y: number;
  readonly distance: number;
}

/**
 * How far the objects of a camera were when that was last known. Depth comes later than what is seen, and what is only shown need not
 * wait for it.
 */
export class LatestDistances {
  #known: readonly Known[] = [];
  #at = -Infinity;

  /** @param distances of the instances, in their order; 0: unknown. @param now in milliseconds */
  keep(instances: readonly Instance[], distances: readonly KnownDistance[], now: number): void {
    this.#at = now;
    this.#known = instances.flatMap(({ classId, trackId = 0, box }, i) => {
      const distance = distances[i]?.distance ?? 0;
      return !(distance > 0) ? [] : [{ classId, trackId, ...middle(box), distance }];
    });
  }

  /** Meters to an object: the one of its id, else the nearest of its class; undefined: unknown, or not known any longer. */
  of(
    { classId, trackId = 0, box }: Pick<Instance, 'classId' | 'trackId' | 'box'>,
    now: number,
  ): number | undefined {
    if (now - this.#at > MOST_AGE) return undefined;
    if (trackId > 0) return this.#known.find((known) => known.trackId === trackId)?.distance;
    const { x, y } = middle(box);
    let least = Math.hypot(box.x2 - box.x1, box.y2 - box.y1) / 2;
    let found: number | undefined;
    for (const known of this.#known) {
      if (known.classId !== classId) continue;
      const apart = Math.hypot(known.x - x, known.y - y);
      if (apart >= least) continue;
      least = apart;
      found = known.distance;
    }
    return found;
  }
}

function middle({ x1, y1, x2, y2 }: Box): { x: number; y: number } {
  return { x: (x1 + x2) / 2, y: (y1 + y2) / 2 };
}
