import { ExpectationError, messageOf, show } from '../../base/expect.js';
import { cocoPolygonMask } from '../mask/coco-polygon.js';
import { decodeCroppedRle } from '../mask/rle.js';
import type { Mask } from '../mask/segmentation.js';
import type { FrameTruth, TruthInstance } from './average-precision.js';

/** An annotated picture. */
export interface CocoImage {
  readonly id: number | string;
  /** As in the file: a name or a path. */
  readonly fileName: string;
  readonly width: number;
  readonly height: number;
}

/** An object of the file, before its mask is drawn. */
interface Annotation {
  /** As in the file, for messages. */
  readonly id: unknown;
  readonly classId: number;
  readonly bbox: readonly [number, number, number, number];
  readonly segmentation: unknown;
  readonly crowd: boolean;
  readonly area: number | undefined;
}

const HINT = 'Give a file of COCO annotations: instances_val2017.json.';
/** Pixels of a picture at most, so that a damaged number does not take all memory. */
const MOST_PIXELS = 1 << 28;
/** Largest coordinate of a polygon: the time to draw one grows with it. */
const FARTHEST = 1 << 17;

/**
 * The ground truth of pictures from COCO's annotations (instances_val2017.json and what is written like it).
 *
 * Categories become class ids from 0 on, in the order of their ids, as pycocotools takes them.
 */
export class CocoTruth {
  /** In the order of their ids. */
  readonly images: readonly CocoImage[];
  /** Names by class id. */
  readonly names: readonly string[];
  /** COCO's ids by class id. */
  readonly categoryIds: readonly number[];
  readonly #objects = new Map<number | string, Annotation[]>();
  readonly #byEnd = new Map<string, CocoImage[]>();
  readonly #byId = new Map<number | string, CocoImage>();

  /**
   * @param parsed what the JSON file contains
   * @throws ExpectationError for what is no such file; an object that cannot be read is named by its id
   */
  constructor(parsed: unknown) {
    const { images, annotations, categories } = expectRecord(parsed, 'COCO annotations');
    this.images = expectList(images, 'images').map(readImage).sort(byId);
    const sorted = expectList(categories, 'categories')
      .map((entry) => {
        const { id, name } = expectRecord(entry, 'a category');
        if (typeof id !== 'number' || typeof name !== 'string') {
          throw new ExpectationError('a category with id and name', entry, HINT);
        }
        return { id, name };
      })
      .sort((a, b) => a.id - b.id);
    this.names = sorted.map(({ name }) => name);
    this.categoryIds = sorted.map(({ id }) => id);
    if (sorted.length === 0) throw new ExpectationError('at least one of the categories', 'none', HINT);
    expectUnique(this.categoryIds, 'categories');
    expectUnique(
      this.images.map(({ id }) => id),
      'images',
    );
    for (const image of this.images) {
      this.#byId.set(image.id, image);
      this.#objects.set(image.id, []);
      for (const end of endsOf(image.fileName)) {
        const known = this.#byEnd.get(end);
        if (known) known.push(image);
        else this.#byEnd.set(end, [image]);
      }
    }
    for (const entry of expectList(annotations, 'annotations')) this.#add(entry);
  }

  /** The picture of an id, undefined if there is none. */
  image(id: number | string): CocoImage | undefined {
    return this.#byId.get(id);
  }

  /**
   * The picture that a source shows: of its path as much of its end counts as a file_name has in common with it.
   *
   * @throws ExpectationError if there is none, or several may be meant
   */
  find(source: string): CocoImage {
    for (const end of endsOf(source)) {
      const images = this.#byEnd.get(end) ?? [];
      const exact = images.filter(({ fileName }) => fileName === end);
      if (exact.length === 1) return exact[0]!;
      if (images.length === 1) return images[0]!;
      if (images.length > 1) {
        const names = images.slice(0, 3).map(({ fileName }) => fileName);
        throw new ExpectationError(
          `one annotated picture for ${source}`,
          `${images.length}: ${names.join(', ')}`,
          'Run on the folder above, so that the source names it, too.',
        );
      }
    }
    throw new ExpectationError(
      `an annotated picture for ${source}`,
      'none of that name',
      'Evaluate only what is annotated.',
    );
  }

  /** Number of objects in all pictures, crowds included. */
  get objectCount(): number {
    let count = 0;
    for (const objects of this.#objects.values()) count += objects.length;
    return count;
  }

  /** The objects of a picture with their masks, which are drawn at each call: those of many pictures would not fit into memory. */
  of({ id, width, height }: CocoImage): FrameTruth {
    const objects = this.#objects.get(id)!.map((annotation): TruthInstance => {
      const { classId, bbox, segmentation, crowd, area } = annotation;
      const [x, y, boxWidth, boxHeight] = bbox;
      const box = { x1: x, y1: y, x2: x + boxWidth, y2: y + boxHeight };
      const mask = drawn(segmentation, width, height, () => `the annotation ${String(annotation.id)}`);
      return { classId, box, mask, ignore: crowd, area };
    });
    return { width, height, objects };
  }

  #add(entry: unknown): void {
    const { id, ...fields } = expectRecord(entry, 'an annotation');
    const { image_id, category_id, bbox, segmentation, iscrowd, area } = fields;
    const objects = this.#objects.get(image_id as number);
    const classId = this.categoryIds.indexOf(category_id as number);
    if (!objects || classId < 0) {
      throw new ExpectationError(
        'annotations of pictures and categories in the file',
        `${show(image_id)} and ${show(category_id)} in the annotation ${show(id)}`,
        HINT,
      );
    }
    if (!isBox(bbox)) {
      throw new ExpectationError(`a bbox of four numbers in the annotation ${show(id)}`, bbox, HINT);
    }
    objects.push({
      ...{ id, classId, bbox, segmentation },
      crowd: Boolean(iscrowd),
      area: typeof area === 'number' ? area : undefined,
    });
  }
}

export function isBox(value: unknown): value is readonly [number, number, number, number] {
  return Array.isArray(value) && value.length === 4 && value.every((number) => Number.isFinite(number));
}

/** @param hint what to do about something else */
export function expectRecord(value: unknown, name: string, hint = HINT): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new ExpectationError(`an object for ${name}`, value, hint);
}

function expectUnique(ids: readonly unknown[], name: string): void {
  const seen = new Set<unknown>();
  for (const id of ids) {
    if (seen.has(id)) {
      throw new ExpectationError(`${name} with ids of their own`, `${show(id)} twice`, 'Number them anew.');
    }
    seen.add(id);
  }
}

function expectList(value: unknown, name: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new ExpectationError(`a list of ${name}`, value, HINT);
}

function readImage(entry: unknown): CocoImage {
  const { id, file_name: fileName, width, height } = expectRecord(entry, 'an image');
  if (
    (typeof id !== 'number' && typeof id !== 'string') ||
    typeof fileName !== 'string' ||
    !(Number.isInteger(width) && (width as number) > 0 && Number.isInteger(height) && (height as number) > 0)
  ) {
    throw new ExpectationError('an image with id, file_name, width and height', entry, HINT);
  }
  if ((width as number) * (height as number) > MOST_PIXELS) {
    throw new ExpectationError(
      `at most ${MOST_PIXELS} pixels in the image ${fileName}`,
      `${String(width)}x${String(height)}`,
      'Correct its width and height.',
    );
  }
  return { id, fileName, width: width as number, height: height as number };
}

function byId(a: CocoImage, b: CocoImage): number {
  if (typeof a.id === 'number' && typeof b.id === 'number') return a.id - b.id;
  return String(a.id) < String(b.id) ? -1 : 1;
}

/** The path, then ever shorter ends of it, down to the file's name. */
function endsOf(path: string): string[] {
  const parts = path.replaceAll('\\', '/').split('/');
  return parts.map((_, i) => parts.slice(i).join('/'));
}

const SEGMENTATION = 'A segmentation is a list of polygons, or size and counts.';
const NO_MASK: Mask = { x: 0, y: 0, width: 0, height: 0, data: new Uint8Array(0) };

/**
 * A segmentation of COCO as a mask: polygons, compressed RLE, or run lengths. Empty where there is none.
 *
 * @param of names what it belongs to, for messages
 * @throws ExpectationError for what is none, or does not fit the picture
 */
export function drawn(segmentation: unknown, width: number, height: number, of: () => string): Mask {
  if (segmentation === undefined || segmentation === null) return NO_MASK;
  if (Array.isArray(segmentation)) {
    const polygons = segmentation as unknown[];
    if (
      polygons.every(
        (polygon): polygon is number[] =>
          Array.isArray(polygon) && polygon.every((value) => Math.abs(value as number) <= FARTHEST),
      )
    ) {
      return cocoPolygonMask(polygons, width, height);
    }
    const what = `polygons of numbers from ${-FARTHEST} to ${FARTHEST} for ${of()}`;
    throw new ExpectationError(what, segmentation, 'Correct it in the file.');
  }
  const { size, counts } = expectRecord(segmentation, `the segmentation of ${of()}`, SEGMENTATION);
  if (!Array.isArray(size) || size[0] !== height || size[1] !== width) {
    throw new ExpectationError(
      `a mask of ${width}x${height} pixels, as the picture, for ${of()}`,
      Array.isArray(size) ? `${size[1]}x${size[0]}` : size,
      'Masks are of the size of the picture: run with --masks source.',
    );
  }
  if (typeof counts === 'string' || (Array.isArray(counts) && counts.every(Number.isInteger))) {
    try {
      return decodeCroppedRle(counts as string | number[], width, height);
    } catch (error) {
      throw new ExpectationError(`a mask for ${of()}`, `damaged runs: ${messageOf(error)}`, undefined, {
        cause: error,
      });
    }
  }
  throw new ExpectationError(`counts of a run-length encoding for ${of()}`, counts, SEGMENTATION);
}
