/**
 * Mean and standard deviation of ImageNet's red, green and blue, from 0 to 1: what networks with a backbone trained there expect
 * (rfdetr/detr.py in github.com/roboflow/rf-detr has the same).
 */
const MEAN = [0.485, 0.456, 0.406] as const;
const DEVIATION = [0.229, 0.224, 0.225] as const;

/**
 * Normalizes a picture in place: (x - mean) / deviation for each channel.
 *
 * @param planes R, G, B from 0 to 1, one after the other
 */
export function normalizePlanes(planes: Float32Array): void {
  const size = planes.length / 3;
  for (const [channel, mean] of MEAN.entries()) {
    const factor = 1 / DEVIATION[channel]!;
    const end = (channel + 1) * size;
    for (let i = channel * size; i < end; i++) planes[i] = (planes[i]! - mean) * factor;
  }
}
