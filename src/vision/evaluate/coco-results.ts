import { ExpectationError, show } from '../../base/expect.js';
import type { Instance, Segmentation } from '../mask/segmentation.js';
import { type CocoImage, type CocoTruth, drawn, expectRecord, isBox } from './coco-truth.js';

const RESULTS = 'Give what run --json or --coco wrote, or COCO results of another program.';

/** A detection of the file, before its mask is drawn. */
interface Detection {
  readonly classId: number;
  readonly score: number;
  readonly bbox: readonly [number, number, number, number] | undefined;
  readonly mask: unknown;
}

/**
 * Detections that were found in annotated pictures: JSON lines of `run --json`, or COCO's results (a list of objects with
 * image_id, category_id, score, bbox, segmentation).
 *
 * Pictures without detections count as pictures in which nothing was found, as with pycocotools.
 */
export class CocoResults {
  readonly #found = new Map<CocoImage['id'], Detection[]>();
  /** Names of classes that the annotations do not have; their detections are left out. */
  readonly unknown = new Set<string>();
  /** Whether any detection has a mask, or none at all was found. */
  masks = false;
  boxes = false;
  /** Number of detections. */
  count = 0;

  constructor(private readonly truth: CocoTruth) {}

  /** Adds a line of `run --json`. @throws ExpectationError for what is no such line, or a picture that is not annotated */
  addLine(line: unknown): void {
    const { source, width, height, instances } = expectRecord(line, 'a line of run --json', RESULTS);
    if (typeof source !== 'string' || !Array.isArray(instances)) {
      throw new ExpectationError('a line of run --json', line, RESULTS);
    }
    const image = this.truth.find(source);
    if (width !== image.width || height !== image.height) {
      throw new ExpectationError(
        `${source} with ${image.width}x${image.height} pixels, as the annotations say`,
        `${String(width)}x${String(height)}`,
      );
    }
    this.#listOf(image);
    for (const instance of instances as unknown[]) {
      const {
        class_name: name,
        score,
        box,
        mask,
      } = expectRecord(instance, `an instance of ${source}`, RESULTS);
      const classId = this.truth.names.indexOf(String(name));
      if (classId < 0) this.unknown.add(String(name));
      else this.#add(image, classId, score, box, mask);
    }
  }

  /** Adds an object of COCO's results. @throws ExpectationError for an unknown picture or category */
  addResult(entry: unknown): void {
    const { image_id, category_id, score, bbox, segmentation } = expectRecord(entry, 'a result', RESULTS);
    const image = this.truth.image(image_id as number);
    const classId = this.truth.categoryIds.indexOf(category_id as number);
    if (!image || classId < 0) {
      throw new ExpectationError(
        'results of pictures and categories of the annotations',
        `image_id ${show(image_id)}, category_id ${show(category_id)}`,
        'Evaluate with the annotations of the same pictures.',
      );
    }
    this.#add(image, classId, score, bbox, segmentation);
  }

  /** What was found in a picture. Masks are drawn at each call. */
  of(image: CocoImage): Segmentation {
    const { width, height } = image;
    const instances = (this.#found.get(image.id) ?? []).map(({ classId, score, bbox, mask }): Instance => {
      const [x, y, boxWidth, boxHeight] = bbox ?? [0, 0, 0, 0];
      const box = { x1: x, y1: y, x2: x + boxWidth, y2: y + boxHeight };
      return {
        classId,
        score,
        box,
        mask: drawn(mask, width, height, () => `a detection in ${image.fileName}`),
      };
    });
    return { width, height, maskWidth: width, maskHeight: height, instances };
  }

  #listOf(image: CocoImage): Detection[] {
    let list = this.#found.get(image.id);
    if (!list) this.#found.set(image.id, (list = []));
    return list;
  }

  #add(image: CocoImage, classId: number, score: unknown, bbox: unknown, mask: unknown): void {
    if (typeof score !== 'number' || !(score >= 0 && score <= 1) || (bbox !== undefined && !isBox(bbox))) {
      const what = `a score from 0 to 1 and a box of four numbers in ${image.fileName}`;
      throw new ExpectationError(what, { score, bbox }, RESULTS);
    }
    this.masks ||= mask !== undefined;
    this.boxes ||= bbox !== undefined;
    this.count++;
    this.#listOf(image).push({ classId, score, bbox, mask });
  }
}
