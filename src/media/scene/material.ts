import type { Random } from './random.js';

/** Side of a pattern; a power of two, so that it repeats by masking. */
export const PATTERN_SIZE = 256;

/** PATTERN_SIZE x PATTERN_SIZE values from 0 to 255 that repeat without a seam. */
export type Pattern = Uint8Array;

/** A color as full-range BT.601 Y, Cb, Cr, the JFIF convention that cameras and JPEG follow. */
export interface Color {
  readonly y: number;
  readonly u: number;
  readonly v: number;
}

/** A pattern whose values are looked up in a ramp of colors. */
export interface Material {
  readonly pattern: Pattern;
  /** 256 entries each. */
  readonly luma: Uint8Array;
  readonly u: Uint8Array;
  readonly v: Uint8Array;
}

/** Hue in turns, saturation and value from 0 to 1 as full-range BT.601. */
export function hsv(hue: number, saturation: number, value: number): Color {
  const channel = (n: number): number => {
    const k = (n + hue * 6) % 6;
    return 255 * value * (1 - saturation * Math.max(0, Math.min(k, 4 - k, 1)));
  };
  const [r, g, b] = [channel(5), channel(3), channel(1)];
  const y = 0.299 * r + 0.587 * g + 0.114 * b;
  return { y, u: 128 + (b - y) / 1.772, v: 128 + (r - y) / 1.402 };
}

/** A material that blends evenly through `colors` as the pattern's value goes from 0 to 255. */
export function material(pattern: Pattern, colors: readonly Color[]): Material {
  const luma = new Uint8Array(256);
  const u = new Uint8Array(256);
  const v = new Uint8Array(256);
  for (let value = 0; value < 256; value++) {
    const position = (value / 255) * (colors.length - 1);
    const index = Math.min(Math.floor(position), colors.length - 2);
    const from = colors[index]!;
    const to = colors[index + 1]!;
    const share = position - index;
    luma[value] = Math.round(from.y + (to.y - from.y) * share);
    u[value] = Math.round(from.u + (to.u - from.u) * share);
    v[value] = Math.round(from.v + (to.v - from.v) * share);
  }
  return { pattern, luma, u, v };
}

/** Fractal value noise that fills 0 to 255; `cells` lattice cells along a side in the coarsest octave. */
export function noisePattern(random: Random, cells: number, octaves: number): Pattern {
  const sum = new Float32Array(PATTERN_SIZE * PATTERN_SIZE);
  let weight = 1;
  for (let octave = 0; octave < octaves; octave++, cells *= 2, weight *= 0.5) {
    const lattice = Float32Array.from({ length: cells * cells }, () => random.next());
    const step = cells / PATTERN_SIZE;
    for (let y = 0; y < PATTERN_SIZE; y++) {
      const [row, below, fy] = latticeAt(y * step, cells);
      for (let x = 0; x < PATTERN_SIZE; x++) {
        const [column, beside, fx] = latticeAt(x * step, cells);
        const upper = mix(lattice[row * cells + column]!, lattice[row * cells + beside]!, fx);
        const lower = mix(lattice[below * cells + column]!, lattice[below * cells + beside]!, fx);
        sum[y * PATTERN_SIZE + x]! += weight * mix(upper, lower, fy);
      }
    }
  }
  let min = Infinity;
  let max = -Infinity;
  for (const value of sum) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return Uint8Array.from(sum, (value) => ((value - min) / (max - min)) * 255);
}

/** Lattice row, the one after it (wrapping) and the smoothed position between them. */
function latticeAt(position: number, cells: number): [number, number, number] {
  const index = Math.floor(position);
  const f = position - index;
  return [index, (index + 1) % cells, f * f * (3 - 2 * f)];
}

function mix(a: number, b: number, share: number): number {
  return a + (b - a) * share;
}

/** A pattern from a function of position, both in turns [0, 1), to a value in [0, 1], roughened a little. */
function drawn(noise: Pattern, roughness: number, value: (x: number, y: number) => number): Pattern {
  const pattern = new Uint8Array(PATTERN_SIZE * PATTERN_SIZE);
  for (let i = 0; i < pattern.length; i++) {
    const x = (i % PATTERN_SIZE) / PATTERN_SIZE;
    const y = Math.floor(i / PATTERN_SIZE) / PATTERN_SIZE;
    const rough = (noise[i]! / 255 - 0.5) * roughness;
    pattern[i] = Math.max(0, Math.min(255, (value(x, y) + rough) * 255));
  }
  return pattern;
}

/** 0 and 1 with short slopes between, `count` times per turn. */
function stripe(position: number, count: number): number {
  return Math.max(0, Math.min(1, 0.5 + 2.5 * Math.sin(2 * Math.PI * count * position)));
}

/** The patterns of objects, generated for each scene. */
export function objectPatterns(random: Random): Pattern[] {
  const fine = noisePattern(random, 16, 4);
  const stripes = 3 + random.integer(4);
  const checks = 2 + random.integer(3);
  const dots = 3 + random.integer(3);
  return [
    noisePattern(random, 4, 5),
    noisePattern(random, 8, 3),
    drawn(fine, 0.2, (x) => stripe(x, stripes)),
    drawn(fine, 0.2, (x, y) => stripe(x + y, checks)),
    drawn(fine, 0.15, (x, y) => Math.abs(stripe(x, checks) - stripe(y, checks))),
    drawn(fine, 0.2, (x, y) => {
      const dx = ((x * dots) % 1) - 0.5;
      const dy = ((y * dots) % 1) - 0.5;
      return Math.max(0, Math.min(1, (0.3 - Math.hypot(dx, dy)) * 12));
    }),
    drawn(fine, 0.25, (x, y) => 0.5 - 0.25 * Math.cos(2 * Math.PI * x) - 0.25 * Math.cos(2 * Math.PI * y)),
  ];
}
