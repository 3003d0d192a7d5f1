import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { packedStride, type Tensor, UNQUANTIZED } from '../../../src/vision/tensor/tensor.js';
import type { Box, Mask } from '../../../src/vision/mask/segmentation.js';
import { sharedData } from '../../data.js';

/** The ten float heads of YOLOv8n-seg for bus.jpg. */
export function recordedBusHeads(): Tensor[] {
  const folder = sharedData.path('ref/bus-rdk-outputs');
  return readdirSync(folder)
    .sort()
    .map((file) => {
      const [, name, extent] = /^\d+_(.*)_(.*)\.f32\.gz$/.exec(file)!;
      const shape = extent!.split('x').map(Number);
      const bytes = gunzipSync(readFileSync(join(folder, file)));
      const data = new Float32Array(new Uint8Array(bytes).buffer);
      return {
        name: name!,
        shape,
        stride: packedStride(shape),
        type: 'float32',
        quantization: UNQUANTIZED,
        data,
      };
    });
}

export interface ReferenceDetection {
  class: number;
  name: string;
  score: number;
  boxImage: [number, number, number, number];
  /** Uncompressed COCO RLE, column-major. */
  rle: { size: [number, number]; counts: number[] };
}

/** Reference detections of one of the photos, made by an independent RGB pipeline. */
export function referenceDetections(photo: string): {
  width: number;
  height: number;
  detections: ReferenceDetection[];
} {
  return JSON.parse(readFileSync(sharedData.path(`ref/${photo}.dets.json`), 'utf8')) as never;
}

/** The reference mask as a bitmap over the whole picture. */
export function referenceMask({ rle }: ReferenceDetection): Mask {
  const [height, width] = rle.size;
  const data = new Uint8Array(width * height);
  let position = 0;
  rle.counts.forEach((run, i) => {
    for (let p = position; i % 2 === 1 && p < position + run; p++)
      data[(p % height) * width + Math.floor(p / height)] = 1;
    position += run;
  });
  return { x: 0, y: 0, width, height, data };
}

export function maskIou(a: Mask, b: Mask): number {
  let intersection = 0;
  let union = 0;
  const at = (mask: Mask, x: number, y: number): number =>
    x < mask.x || y < mask.y || x >= mask.x + mask.width || y >= mask.y + mask.height
      ? 0
      : mask.data[(y - mask.y) * mask.width + x - mask.x]!;
  const right = Math.max(a.x + a.width, b.x + b.width);
  const bottom = Math.max(a.y + a.height, b.y + b.height);
  for (let y = Math.min(a.y, b.y); y < bottom; y++) {
    for (let x = Math.min(a.x, b.x); x < right; x++) {
      const inA = at(a, x, y);
      const inB = at(b, x, y);
      intersection += inA & inB;
      union += inA | inB;
    }
  }
  return union === 0 ? 1 : intersection / union;
}

export function boxIou(a: Box, b: Box): number {
  const width = Math.min(a.x2, b.x2) - Math.max(a.x1, b.x1);
  const height = Math.min(a.y2, b.y2) - Math.max(a.y1, b.y1);
  if (width <= 0 || height <= 0) return 0;
  const area = (box: Box): number => (box.x2 - box.x1) * (box.y2 - box.y1);
  return (width * height) / (area(a) + area(b) - width * height);
}
