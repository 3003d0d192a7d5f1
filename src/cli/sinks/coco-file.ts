import type { FrameResult } from '../../pipeline/segmenter.js';
import { MaskScaler } from '../../vision/mask/mask-scale.js';
import { RleEncoder } from '../../vision/mask/rle.js';
import { categoryIds } from '../../model/coco-categories.js';
import type { FrameNames } from './frame-names.js';
import type { ResultSink } from './sink.js';
import { TextFile } from './text-file.js';

/**
 * Writes COCO's results: one list of objects with image_id, category_id, bbox, score and, with masks, segmentation (RLE), which
 * pycocotools' loadRes reads.
 *
 * The image_id is the number that is the picture's name, as in COCO's own pictures, else its name without suffix; of videos, bags
 * and folders of NV12 the name with the frame's number behind it. Where two names are the same number (1.jpg, 01.jpg), the
 * second stays a name. Category ids are COCO's for COCO's 80 classes, else the
 * class id plus one.
 */
export class CocoSink implements ResultSink {
  readonly #rle = new RleEncoder();
  readonly #scaler = new MaskScaler();
  readonly #categories: readonly number[];
  #empty = true;
  /** By number, the name that has become it. */
  readonly #numbers = new Map<number, string>();

  private constructor(
    private readonly file: TextFile,
    labels: readonly string[],
    private readonly names: FrameNames,
    private readonly masks: boolean,
  ) {
    this.#categories = categoryIds(labels);
  }

  /** @param masks whether to write masks */
  static async open(
    target: string,
    labels: readonly string[],
    names: FrameNames,
    options: { readonly replace: boolean; readonly masks: boolean },
  ): Promise<CocoSink> {
    return new CocoSink(await TextFile.create(target, options.replace), labels, names, options.masks);
  }

  get target(): string {
    return this.file.target;
  }

  async write({ frame, segmentation }: FrameResult): Promise<void> {
    const { width, height, instances } = segmentation;
    const name = this.names.of(frame);
    const image_id = this.#imageId(name);
    const results = instances.map(({ classId, score, box, mask }) => {
      const { x1, y1, x2, y2 } = box;
      const result = {
        image_id,
        category_id: this.#categories[classId] ?? classId + 1,
        bbox: [x1, y1, x2 - x1, y2 - y1].map((value) => Number(value.toFixed(3))),
        score: Number(score.toFixed(6)),
      };
      if (!this.masks) return JSON.stringify(result);
      const segmented = this.#scaler.toPicture(mask, segmentation);
      return JSON.stringify({ ...result, segmentation: this.#rle.encode(segmented, width, height) });
    });
    if (results.length === 0) return;
    const before = this.#empty ? '[\n' : ',\n';
    await this.file.append(before + results.join(',\n'));
    this.#empty = false;
  }

  #imageId(name: string): number | string {
    if (!/^\d{1,15}$/.test(name)) return name;
    const number = Number(name);
    if (!this.#numbers.has(number)) this.#numbers.set(number, name);
    return this.#numbers.get(number) === name ? number : name;
  }

  /** The list ends here, after a full disk too: what was cut off has left room for a bracket. */
  async close(): Promise<void> {
    try {
      await this.file.append(this.#empty ? '[]\n' : '\n]\n');
    } finally {
      await this.file.close();
    }
  }
}
