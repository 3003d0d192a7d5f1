import { ExpectationError } from '../../base/expect.js';
import type { Box, EndedTrack, Segmentation } from '../mask/segmentation.js';
import type { ZoneClassCount, ZoneCount, ZoneEvent } from '../mask/zone-counts.js';
import { crossings, distanceTo, isInside } from './zone-geometry.js';
import { polygonArea, type ZoneShape } from './zone-shape.js';

/** Which point of an object counts: where it stands, or its center. */
export const ZONE_ANCHORS = ['bottom', 'center'] as const;
export type ZoneAnchor = (typeof ZONE_ANCHORS)[number];

/** Seconds after which an unseen object is no longer present, although its track continues: it may have left unseen. */
const PRESENT_TIME = 0.25;
/** How far across an edge an object must be to have crossed it, as shares of its mean side, and of the zone's at most. */
const MARGIN = 0.05;
const MARGIN_OF_ZONE = 0.1;

type Mutable<Type> = { -readonly [Name in keyof Type]: Type[Name] };

/** The state of a tracked object in a zone. */
interface Visit {
  readonly classId: number;
  inside: boolean;
  /** Times at which it entered and at which it was last seen, in seconds. */
  since: number;
  seen: number;
  /** Its last point clearly on one side of a line. */
  x: number;
  y: number;
}

interface Zone extends ZoneCount {
  readonly shape: ZoneShape;
  readonly corners: Float64Array;
  /** 1 for each edge on the border of the picture, which no object crosses, because beyond it nothing is seen. */
  readonly borders: Uint8Array;
  /** Whether all of it lies outside of the picture, so that it counts nothing. */
  outside: boolean;
  /** Pixels. */
  margin: number;
  readonly classes: Mutable<ZoneClassCount>[];
  /** By track id. */
  readonly visits: Map<number, Visit>;
}

/**
 * Counts tracked objects in the zones of a camera and across its lines.
 *
 * An object that is first seen inside has entered, and one whose track ends inside has left. On the edge, noise would count an object
 * repeatedly, so it must be clearly on the other side. A lost object has not left, but after a quarter of a second it
 * is not present.
 *
 * Lines have a direction, from the first corner to the last. Crossing from left to right is `entered`: downward, for a line
 * drawn from left to right.
 *
 * @example
 * const counter = new ZoneCounter(parseZones({ zone: ['door=0.1,0.4 0.3,0.4 0.3,0.9'], line: [] }, NAMES));
 * counter.update(tracked, seconds);
 * console.log(counter.zones[0].classes, counter.events);
 */
export class ZoneCounter {
  /** With the last frame. */
  readonly events: ZoneEvent[] = [];
  #zones: Zone[] = [];
  #anchor: ZoneAnchor = 'bottom';
  #width = 0;
  #height = 0;
  #warning: string | undefined;
  #zone: Zone | undefined;
  #now = 0;
  /** One function for all frames, to allocate none per frame. */
  readonly #addPresent = ({ classId, inside, since, seen }: Visit): void => {
    if (!inside || this.#now - seen > PRESENT_TIME) return;
    const count = countOf(this.#zone!, classId);
    count.present++;
    count.longestStay = Math.max(count.longestStay, seen - since);
  };

  constructor(shapes: readonly ZoneShape[] = [], anchor: ZoneAnchor = 'bottom') {
    this.setShapes(shapes, anchor);
  }

  /** Unchanged zones keep their counts. */
  setShapes(shapes: readonly ZoneShape[], anchor: ZoneAnchor): void {
    const before = this.#zones;
    this.#zones = shapes.map((shape) => before.find((zone) => isSame(zone.shape, shape)) ?? newZone(shape));
    if (anchor !== this.#anchor) {
      // Another anchor is another point: no object crossed a line between the two.
      for (const { kind, visits } of this.#zones) if (kind === 'line') visits.clear();
    }
    this.#anchor = anchor;
    // They are converted to pixels with the next frame.
    this.#width = this.#height = 0;
  }

  get zones(): readonly ZoneCount[] {
    return this.#zones;
  }

  /** Zones and lines that count nothing, since they lie outside of the last picture; undefined: none. */
  get warning(): string | undefined {
    return this.#warning;
  }

  /** Resets all counts to 0; objects inside count as entered. */
  resetCounts(): void {
    for (const zone of this.#zones) {
      for (const count of zone.classes) count.entered = count.left = count.meanDwell = 0;
      zone.visits.forEach(({ classId, inside }) => {
        if (inside) countOf(zone, classId).entered++;
      });
    }
  }

  /**
   * @param tracked the reported instances of a frame, with trackIds, and ended tracks
   * @param seconds when it was taken; never goes back
   */
  update({ width, height, instances, ended }: Segmentation, seconds: number): void {
    this.events.length = 0;
    if (width !== this.#width || height !== this.#height) {
      this.#width = width;
      this.#height = height;
      for (const zone of this.#zones) place(zone, width, height);
      this.#warning = warningOf(this.#zones, width, height);
    }
    for (const zone of this.#zones) {
      if (ended) for (let i = 0; i < ended.length; i++) this.#end(zone, ended[i]!);
      for (let i = 0; i < instances.length; i++) {
        const { trackId = 0, classId, box } = instances[i]!;
        if (trackId !== 0) this.#see(zone, trackId, classId, box, seconds);
      }
      for (const count of zone.classes) count.present = count.longestStay = 0;
      this.#zone = zone;
      this.#now = seconds;
      zone.visits.forEach(this.#addPresent);
    }
  }

  #see(zone: Zone, trackId: number, classId: number, box: Box, seconds: number): void {
    // An object cut off by the border of the picture stands on it, which is inside of a zone that extends that far.
    const x = within((box.x1 + box.x2) / 2, this.#width);
    const y = within(this.#anchor === 'bottom' ? box.y2 : (box.y1 + box.y2) / 2, this.#height);
    const visit = zone.visits.get(trackId);
    if (!visit) {
      const inside = zone.kind === 'zone' && isInside(zone.corners, x, y);
      zone.visits.set(trackId, { classId, inside, since: seconds, seen: seconds, x, y });
      if (inside) this.#count(zone, 'entered', trackId, classId, 0);
      return;
    }
    visit.seen = seconds;
    const side = Math.sqrt((box.x2 - box.x1) * (box.y2 - box.y1));
    const away = distanceTo(zone.corners, zone.kind === 'zone', x, y, zone.borders);
    if (away <= Math.min(MARGIN * side, zone.margin)) return;
    if (zone.kind === 'zone') {
      const inside = isInside(zone.corners, x, y);
      if (inside === visit.inside) return;
      visit.inside = inside;
      const stayed = seconds - visit.since;
      visit.since = seconds;
      this.#count(zone, inside ? 'entered' : 'left', trackId, classId, inside ? 0 : stayed);
      return;
    }
    const crossed = crossings(zone.corners, visit.x, visit.y, x, y);
    visit.x = x;
    visit.y = y;
    if (crossed !== 0) this.#count(zone, crossed > 0 ? 'entered' : 'left', trackId, classId, 0);
  }

  #end(zone: Zone, { trackId }: EndedTrack): void {
    const visit = zone.visits.get(trackId);
    if (!visit) return;
    zone.visits.delete(trackId);
    if (visit.inside) this.#count(zone, 'left', trackId, visit.classId, visit.seen - visit.since);
  }

  #count(zone: Zone, type: ZoneEvent['type'], trackId: number, classId: number, dwell: number): void {
    const count = countOf(zone, classId);
    if (type === 'entered') count.entered++;
    else {
      count.left++;
      count.meanDwell += (dwell - count.meanDwell) / count.left;
    }
    this.events.push({ zone: zone.name, type, trackId, classId, dwell });
  }
}

function newZone(shape: ZoneShape): Zone {
  const { name, kind, corners } = shape;
  return {
    ...{ shape, name, kind, corners: new Float64Array(corners), borders: new Uint8Array(corners.length / 2) },
    ...{ margin: 0, outside: false, classes: [], visits: new Map() },
  };
}

function isSame(a: ZoneShape, b: ZoneShape): boolean {
  return a.name === b.name && a.kind === b.kind && a.corners.join() === b.corners.join();
}

/** Its corners in pixels of the picture. */
function place(zone: Zone, width: number, height: number): void {
  let [left, top, right, bottom] = [Infinity, Infinity, 0, 0];
  const { shape, corners } = zone;
  shape.corners.forEach((value, i) => {
    corners[i] = shape.relative ? value * (i % 2 === 0 ? width : height) : value;
  });
  const n = corners.length;
  for (let i = 0; i < n; i += 2) {
    const [x1, y1, x2, y2] = [corners[i]!, corners[i + 1]!, corners[(i + 2) % n]!, corners[(i + 3) % n]!];
    const lies =
      (x1 <= 0 && x2 <= 0) ||
      (y1 <= 0 && y2 <= 0) ||
      (x1 >= width && x2 >= width) ||
      (y1 >= height && y2 >= height);
    zone.borders[i >> 1] = zone.kind === 'zone' && lies ? 1 : 0;
    [left, right] = [Math.min(left, x1), Math.max(right, x1)];
    [top, bottom] = [Math.min(top, y1), Math.max(bottom, y1)];
  }
  zone.outside = left >= width || top >= height || right <= 0 || bottom <= 0;
  zone.margin = zone.kind === 'zone' ? MARGIN_OF_ZONE * Math.sqrt(polygonArea(corners)) : Infinity;
}

function warningOf(zones: readonly Zone[], width: number, height: number): string | undefined {
  const names = zones.filter(({ outside }) => outside).map(({ name }) => name);
  if (names.length === 0) return undefined;
  const hint = 'It counts nothing. Give corners in pixels of this picture, or as shares of it from 0 to 1.';
  return new ExpectationError(
    `zones and lines in the picture of ${width}x${height}`,
    `${names.join(', ')} outside of it`,
    hint,
  ).message;
}

/** From 0 to `most`, without either. */
function within(value: number, most: number): number {
  return Math.min(most - 1e-3, Math.max(1e-3, value));
}

function countOf({ classes }: Zone, classId: number): Mutable<ZoneClassCount> {
  for (let i = 0; i < classes.length; i++) if (classes[i]!.classId === classId) return classes[i]!;
  const count = { classId, present: 0, entered: 0, left: 0, meanDwell: 0, longestStay: 0 };
  classes.push(count);
  return count;
}
