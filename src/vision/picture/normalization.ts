/** What a network subtracts from the channels R, G, B of its pictures, whose values are from 0 to 1, and divides the rest by. */
export interface Normalization {
  /** The pictures whose statistics these are. */
  readonly name: string;
  readonly mean: readonly [r: number, g: number, b: number];
  readonly deviation: readonly [r: number, g: number, b: number];
}

/**
 * Of ImageNet's pictures: what networks with a backbone trained on them expect (rfdetr/detr.py in github.com/roboflow/rf-detr has
 * the same numbers).
 */
export const IMAGENET: Normalization = {
  name: 'ImageNet',
  mean: [0.485, 0.456, 0.406],
  deviation: [0.229, 0.224, 0.225],
};
