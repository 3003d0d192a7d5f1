import { cocoCategories } from './labels.js';

/**
 * The ids of COCO's annotations for a model's classes, by class id. COCO's 80 classes have ids up to 90, with gaps; the
 * classes of other data sets count from 1, as COCO's do. A model whose classes are COCO's ids themselves (RF-DETR) keeps them.
 *
 * @example categoryIds(['person', 'bicycle']) // [1, 2]
 */
export function categoryIds(labels: readonly string[]): number[] {
  const coco = cocoCategories();
  const all = labels.every((name) => coco.has(name) || /^\d+$/.test(name));
  if (all && labels.some((name) => coco.has(name))) return labels.map((name, i) => coco.get(name) ?? i);
  return labels.map((_, i) => i + 1);
}
