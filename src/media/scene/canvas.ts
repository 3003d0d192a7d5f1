import type { Coverage, Pose } from './coverage.js';
import { PATTERN_SIZE, type Material } from './material.js';

/** An NV12 picture under construction: full-range, packed rows of `width` bytes in both planes. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly luma: Uint8Array;
  /** height / 2 rows of U, V pairs. */
  readonly chroma: Uint8Array;
}

/** Light on a shape: the amount added to its luma at the center and, per radius, along x and y. */
export interface Shade {
  base: number;
  alongX: number;
  alongY: number;
}

const WRAP = PATTERN_SIZE - 1;
/** Pattern coordinates are 16.16 fixed point; a row of the pattern is 2^8 values. */
const ROW_SHIFT = 8;
/** One shape radius spans this fraction of the pattern, so a shape shows most of one repetition. */
const PATTERN_PER_RADIUS = 0.42 * PATTERN_SIZE;

/** Paints a filled shape: textured, lit and blended over the canvas by its coverage. */
export function paint(
  canvas: Canvas,
  coverage: Coverage,
  material: Material,
  pose: Pose,
  shade: Shade,
): void {
  const { data, start, end, width: columns } = coverage;
  const { pattern, luma: ramp } = material;
  const { luma, width } = canvas;
  const perPixel = (PATTERN_PER_RADIUS * 65536) / pose.radius;
  const stepU = Math.round(Math.cos(pose.angle) * perPixel);
  const stepV = Math.round(-Math.sin(pose.angle) * perPixel);
  const stepShade = Math.round((shade.alongX / pose.radius) * 65536);
  for (let row = 0; row < coverage.height; row++) {
    const from = start[row]!;
    const to = end[row]!;
    const dx = coverage.x + from + 0.5 - pose.x;
    const dy = coverage.y + row + 0.5 - pose.y;
    // Rotation by -angle takes the picture to the shape; the pattern is fixed to the shape.
    let u = Math.round(dx * stepU - dy * stepV);
    let v = Math.round(dx * stepV + dy * stepU);
    let light = Math.round((shade.base + (dx * shade.alongX + dy * shade.alongY) / pose.radius) * 65536);
    let source = row * columns + from;
    let target = (coverage.y + row) * width + coverage.x + from;
    for (let column = from; column < to; column++, source++, target++) {
      const share = data[source]!;
      if (share !== 0) {
        const value = pattern[(((v >> 16) & WRAP) << ROW_SHIFT) | ((u >> 16) & WRAP)]!;
        let y = ramp[value]! + (light >> 16);
        if (share !== 255) {
          const below = luma[target]!;
          y = below + (((y - below) * share) >> 8);
        }
        luma[target] = y < 0 ? 0 : y > 255 ? 255 : y;
      }
      u += stepU;
      v += stepV;
      light += stepShade;
    }
  }
  paintChroma(canvas, coverage, material, pose, stepU, stepV);
}

function paintChroma(
  canvas: Canvas,
  coverage: Coverage,
  material: Material,
  pose: Pose,
  stepU: number,
  stepV: number,
): void {
  const { data, start, end, width: columns } = coverage;
  const { chroma, width } = canvas;
  const { pattern, u: rampU, v: rampV } = material;
  for (let row = 0; row < coverage.height; row += 2) {
    const from = Math.min(start[row]!, start[row + 1]!) & ~1;
    const to = Math.max(end[row]!, end[row + 1]!);
    const dx = coverage.x + from + 1 - pose.x;
    const dy = coverage.y + row + 1 - pose.y;
    let u = Math.round(dx * stepU - dy * stepV);
    let v = Math.round(dx * stepV + dy * stepU);
    let target = ((coverage.y + row) >> 1) * width + coverage.x + from;
    for (let column = from; column < to; column += 2, target += 2) {
      const cell = row * columns + column;
      const sum = data[cell]! + data[cell + 1]! + data[cell + columns]! + data[cell + columns + 1]!;
      const share = (sum + (sum >> 7)) >> 2;
      if (share !== 0) {
        const value = pattern[(((v >> 16) & WRAP) << ROW_SHIFT) | ((u >> 16) & WRAP)]!;
        const belowU = chroma[target]!;
        const belowV = chroma[target + 1]!;
        chroma[target] = belowU + (((rampU[value]! - belowU) * share) >> 8);
        chroma[target + 1] = belowV + (((rampV[value]! - belowV) * share) >> 8);
      }
      u += 2 * stepU;
      v += 2 * stepV;
    }
  }
}

/** Darkens the canvas under a shape that is (dx, dy) pixels off; `strength` of 256 is black. */
export function castShadow(
  canvas: Canvas,
  coverage: Coverage,
  dx: number,
  dy: number,
  strength: number,
): void {
  const { luma, width, height } = canvas;
  const { data } = coverage;
  for (let row = 0; row < coverage.height; row++) {
    const y = coverage.y + row + dy;
    if (y < 0 || y >= height) continue;
    const shift = coverage.x + dx;
    const from = Math.max(coverage.start[row]!, -shift);
    const to = Math.min(coverage.end[row]!, width - shift);
    const source = row * coverage.width;
    const target = y * width + shift;
    for (let column = from; column < to; column++) {
      const below = luma[target + column]!;
      luma[target + column] = below - ((below * data[source + column]! * strength) >> 16);
    }
  }
}
