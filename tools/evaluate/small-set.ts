import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../../src/base/files/folder.js';
import { Random } from '../../src/media/scene/random.js';
import { cocoPolygonMask } from '../../src/vision/mask/coco-polygon.js';
import { RleEncoder } from '../../src/vision/mask/rle.js';
import { maskArea } from '../../src/vision/evaluate/overlap.js';

/*
 * Writes the small set that tests evaluate: annotations and detections without pictures, with what makes evaluation hard (crowds,
 * objects in two parts, equal scores, doubles, wrong classes, pictures without detections and without objects, more than ten objects of
 * a class, ids with gaps, a category that never comes).
 *
 *     node dist/tools/evaluate/small-set.js test/vision/evaluate/coco-set
 *     cd test/vision/evaluate/coco-set
 *     python3 ../../../../tools/evaluate/pycocotools_figures.py instances.json found.jsonl > expected.json
 */

const CATEGORIES = [
  { id: 1, name: 'person' },
  { id: 3, name: 'car' },
  { id: 8, name: 'truck' },
  { id: 44, name: 'bottle' },
  { id: 90, name: 'toothbrush' },
];
/** The last category has no objects. */
const COMMON = CATEGORIES.length - 1;
const SIZES = [
  [640, 480],
  [333, 251],
  [320, 180],
  [480, 640],
  [200, 200],
  [640, 427],
  [97, 61],
  [500, 375],
] as const;

const random = new Random(7);
const rle = new RleEncoder();
const round = (value: number, digits: number): number => Number(value.toFixed(digits));

/** A star-shaped polygon, with its middle in the picture. */
function polygon(x: number, y: number, radius: number, wobble: number): number[] {
  const corners = 5 + Math.floor(random.next() * 9);
  return Array.from({ length: corners }, (_, i) => {
    const angle = (2 * Math.PI * i) / corners;
    const reach = radius * (1 - wobble * random.next());
    return [round(x + reach * Math.cos(angle), 2), round(y + reach * Math.sin(angle), 2)];
  }).flat();
}

function boxOf(polygons: readonly (readonly number[])[]): [number, number, number, number] {
  const xs = polygons.flatMap((points) => points.filter((_, i) => i % 2 === 0));
  const ys = polygons.flatMap((points) => points.filter((_, i) => i % 2 === 1));
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return [round(left, 2), round(top, 2), round(Math.max(...xs) - left, 2), round(Math.max(...ys) - top, 2)];
}

const images: object[] = [];
const annotations: object[] = [];
const lines: object[] = [];
const results: object[] = [];
SIZES.forEach(([width, height], at) => {
  const id = 1000 - 37 * at;
  const file = `${String(id).padStart(12, '0')}.jpg`;
  images.push({ id, file_name: file, width, height });
  const instances: object[] = [];
  const find = (category: number, polygons: number[][], score: number): void => {
    const mask = cocoPolygonMask(polygons, width, height);
    const { id: category_id, name } = CATEGORIES[category]!;
    const box = boxOf(polygons);
    const segmentation = rle.encode(mask, width, height);
    instances.push({ class_id: category, class_name: name, score, box, mask: segmentation });
    results.push({ image_id: id, category_id, score, bbox: box, segmentation });
  };
  // The fifth picture has no objects, the seventh no detections.
  const count = at === 4 ? 0 : at === 0 ? 26 : 7;
  for (let i = 0; i < count; i++) {
    const category = at === 0 && i < 13 ? 0 : Math.floor(random.next() * COMMON);
    const radius = 6 + random.next() ** 2 * Math.min(width, height) * 0.3;
    const [x, y] = [random.next() * width, random.next() * height];
    const polygons = [polygon(x, y, radius, 0.4)];
    if (i % 6 === 5) polygons.push(polygon(x + radius * 1.5, y, radius / 2, 0.3));
    const mask = cocoPolygonMask(polygons, width, height);
    const crowd = i % 9 === 8;
    const segmentation = crowd
      ? { size: [height, width], counts: rle.encode(mask, width, height).counts }
      : polygons;
    annotations.push({
      id: annotations.length + 1,
      ...{ image_id: id, category_id: CATEGORIES[category]!.id, bbox: boxOf(polygons) },
      ...{ segmentation, area: maskArea(mask), iscrowd: Number(crowd) },
    });
    if (at === 6 || random.next() < 0.2) continue;
    const doubles = i % 7 === 3 ? 2 : 1;
    for (let double = 0; double < doubles; double++) {
      const shift = (random.next() - 0.5) * radius * 0.5;
      const grown = 1 + (random.next() - 0.5) * 0.3;
      const moved = polygons.map((points) =>
        points.map((value, k) => {
          const middle = k % 2 === 0 ? x : y;
          return round(Math.max(0, middle + (value - middle) * grown + shift), 2);
        }),
      );
      const found = random.next() < 0.1 ? (category + 1) % COMMON : category;
      find(found, moved, round(0.2 + 0.8 * random.next(), 1));
    }
  }
  if (at === 5) {
    // Objects whose area is just that between small, medium and large, in a crowd, which covers what was found of them even better.
    const square = (x: number, y: number, side: number): number[] => [
      x,
      y,
      x + side,
      y,
      x + side,
      y + side,
      x,
      y + side,
    ];
    const add = (polygons: number[][], iscrowd: number): void => {
      const mask = cocoPolygonMask(polygons, width, height);
      annotations.push({
        id: annotations.length + 1,
        ...{ image_id: id, category_id: CATEGORIES[0]!.id, bbox: boxOf(polygons) },
        segmentation: iscrowd ? rle.encode(mask, width, height) : polygons,
        ...{ area: maskArea(mask), iscrowd },
      });
    };
    add([square(100, 100, 280)], 1);
    for (const [x, side] of [
      [120, 32],
      [220, 96],
    ] as const) {
      add([square(x, 140, side)], 0);
      find(0, [square(x + side / 8, 140, side)], 0.9);
      find(0, [square(x, 140 + side, side)], 0.8);
    }
  }
  for (let i = 0; at !== 6 && i < 3; i++) {
    const [x, y] = [random.next() * width, random.next() * height];
    find(
      Math.floor(random.next() * COMMON),
      [polygon(x, y, 5 + random.next() * 60, 0.4)],
      round(0.5 * random.next(), 1),
    );
  }
  if (at !== 6) lines.push({ source: `pictures/${file}`, index: at, width, height, instances });
});

const folder = process.argv[2]!;
makeFolder(folder);
const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
write('instances.json', `${JSON.stringify({ images, annotations, categories: CATEGORIES })}\n`);
write('found.jsonl', lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
write('results.json', `${JSON.stringify(results)}\n`);
