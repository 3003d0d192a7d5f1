import { castShadow, paint, type Canvas } from './canvas.js';
import { Coverage, type Pose } from './coverage.js';
import { hsv, material, noisePattern, PATTERN_SIZE, type Color, type Material } from './material.js';
import type { Random } from './random.js';
import { bar, blob } from './shapes.js';

/** Pixels by which the picture may move over the backdrop in each direction. */
export const BACKDROP_MARGIN = 24;

/**
 * Draws the background: a floor of planks, tiles or concrete with stains, scraps and cables on it. It exceeds the picture by
 * a margin on every side.
 */
export function drawBackdrop(random: Random, width: number, height: number): Canvas {
  const canvas: Canvas = {
    width: width + 2 * BACKDROP_MARGIN,
    height: height + 2 * BACKDROP_MARGIN,
    luma: new Uint8Array((width + 2 * BACKDROP_MARGIN) * (height + 2 * BACKDROP_MARGIN)),
    chroma: new Uint8Array(((width + 2 * BACKDROP_MARGIN) * (height + 2 * BACKDROP_MARGIN)) / 2),
  };
  const unit = Math.min(width, height);
  const noise = noisePattern(random, 4, 6);
  const hue = random.next();
  const floor = material(noise, floorColors(random, hue));
  const floors = [planks, tiles, concrete];
  layFloor(canvas, floor, floors[random.integer(floors.length)]!(random, unit));
  scatter(canvas, random, unit, hue, noise);
  return canvas;
}

function floorColors(random: Random, hue: number): Color[] {
  const saturation = random.uniform(0.05, 0.35);
  const dark = random.uniform(0.2, 0.45);
  const light = dark + random.uniform(0.2, 0.35);
  return [
    hsv(hue, saturation, dark),
    hsv((hue + 0.04) % 1, saturation, (dark + light) / 2),
    hsv((hue + 0.08) % 1, saturation * 0.7, light),
  ];
}

/** How the noise is stretched into a grain, and how planks or tiles and their joints differ from it. */
interface Floor {
  /** Pattern values per pixel along x and y. */
  readonly grainX: number;
  readonly grainY: number;
  /** Added to the noise value at this pixel: -255 to 255. */
  readonly tone: (x: number, y: number) => number;
}

function planks(random: Random, unit: number): Floor {
  const breadth = Math.max(6, Math.round(unit * random.uniform(0.1, 0.2)));
  const length = breadth * 7;
  const tones = Int32Array.from({ length: 64 }, () => random.integer(90) - 45);
  const joint = Math.max(1, Math.round(unit / 400));
  return {
    grainX: (0.5 * PATTERN_SIZE) / unit,
    grainY: (3 * PATTERN_SIZE) / unit,
    tone(x, y) {
      const row = Math.floor(y / breadth);
      const along = x + row * 2.6 * breadth;
      const gap = y % breadth < joint || along % length < joint;
      return gap ? -110 : tones[(row * 7 + Math.floor(along / length)) & 63]!;
    },
  };
}

function tiles(random: Random, unit: number): Floor {
  const side = Math.max(8, Math.round(unit * random.uniform(0.15, 0.3)));
  const tones = Int32Array.from({ length: 64 }, () => random.integer(40) - 20);
  const contrast = random.integer(60);
  const joint = Math.max(1, Math.round(unit / 250));
  const jointTone = 90 * random.sign();
  return {
    grainX: (1.3 * PATTERN_SIZE) / unit,
    grainY: (1.3 * PATTERN_SIZE) / unit,
    tone(x, y) {
      if (x % side < joint || y % side < joint) return jointTone;
      const column = Math.floor(x / side);
      const row = Math.floor(y / side);
      return tones[(column * 5 + row * 11) & 63]! + ((column + row) & 1 ? contrast : -contrast);
    },
  };
}

function concrete(random: Random, unit: number): Floor {
  const grain = (random.uniform(0.6, 1.6) * PATTERN_SIZE) / unit;
  return { grainX: grain, grainY: grain, tone: () => 0 };
}

function layFloor(canvas: Canvas, floor: Material, { grainX, grainY, tone }: Floor): void {
  const { width, height, luma, chroma } = canvas;
  const { pattern } = floor;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const value = smoothValue(pattern, x * grainX, y * grainY) + tone(x, y);
      const index = Math.max(0, Math.min(255, Math.round(value)));
      luma[y * width + x] = floor.luma[index]!;
      if (((x | y) & 1) === 0) {
        chroma[(y >> 1) * width + x] = floor.u[index]!;
        chroma[(y >> 1) * width + x + 1] = floor.v[index]!;
      }
    }
  }
}

/** Interpolates the pattern, because floors magnify it and nearest values would show as squares. */
function smoothValue(pattern: Uint8Array, x: number, y: number): number {
  const mask = PATTERN_SIZE - 1;
  const column = Math.floor(x);
  const row = Math.floor(y);
  const fx = x - column;
  const fy = y - row;
  const upper = (row & mask) * PATTERN_SIZE;
  const lower = ((row + 1) & mask) * PATTERN_SIZE;
  const left = column & mask;
  const right = (column + 1) & mask;
  const above = pattern[upper + left]! * (1 - fx) + pattern[upper + right]! * fx;
  const below = pattern[lower + left]! * (1 - fx) + pattern[lower + right]! * fx;
  return above * (1 - fy) + below * fy;
}

/** Stains, scraps and cables: clutter on the floor. */
function scatter(canvas: Canvas, random: Random, unit: number, hue: number, noise: Uint8Array): void {
  const coverage = new Coverage(canvas.width, canvas.height);
  const count = 6 + random.integer(8);
  for (let i = 0; i < count; i++) {
    const cable = random.next() < 0.4;
    const color = (hue + random.uniform(-0.15, 0.15) + 1) % 1;
    const value = random.uniform(0.15, 0.75);
    const paintwork = material(noise, [hsv(color, 0.3, value * 0.8), hsv(color, 0.3, value)]);
    const pose: Pose = {
      x: random.uniform(0, canvas.width),
      y: random.uniform(0, canvas.height),
      radius: unit * (cable ? random.uniform(0.15, 0.5) : random.uniform(0.02, 0.12)),
      angle: random.uniform(0, 2 * Math.PI),
    };
    coverage.fill(cable ? bar(random) : blob(random), pose);
    const drop = Math.round(unit / 240);
    castShadow(canvas, coverage, drop, drop, 70);
    paint(canvas, coverage, paintwork, pose, { base: 0, alongX: 0, alongY: 0 });
  }
}
