import type { ColorRange } from '../../vision/picture/color-range.js';
import type { Canvas } from './canvas.js';
import { hash32, type Random } from './random.js';

const NOISE_LENGTH = 1 << 16;
const GAIN_SHIFT = 12;
const UNIT_GAIN = 1 << GAIN_SHIFT;

/** The light on the whole picture and the effects of a camera: a slowly turning gradient, a vignette, noise, range. */
export class Sensor {
  readonly #noise: Int8Array;
  readonly #gainX: Int32Array;
  readonly #gainY: Int32Array;
  readonly #direction: number;
  readonly #turn: number;
  readonly #gradient: number;
  readonly #vignette: number;

  constructor(
    random: Random,
    readonly seed: number,
    readonly width: number,
    readonly height: number,
    readonly range: ColorRange,
  ) {
    const deviation = random.uniform(1, 3.5);
    this.#noise = Int8Array.from({ length: NOISE_LENGTH + width }, () =>
      Math.round(random.gaussian() * deviation),
    );
    this.#gainX = new Int32Array(width);
    this.#gainY = new Int32Array(height);
    this.#direction = random.uniform(0, 2 * Math.PI);
    this.#turn = random.uniform(0.05, 0.25) * random.sign();
    this.#gradient = random.uniform(0.08, 0.28);
    this.#vignette = random.uniform(0.05, 0.14);
  }

  /** Where the light comes from after `seconds`, in radians. */
  lightAt(seconds: number): number {
    return this.#direction + this.#turn * seconds;
  }

  /** Exposes the canvas in place. */
  expose(canvas: Canvas, index: number, seconds: number): void {
    this.#light(seconds);
    const limited = this.range === 'limited';
    this.#exposeLuma(canvas.luma, index, limited ? 219 / 255 : 1, limited ? 16 : 0);
    this.#exposeChroma(canvas.chroma, index, limited ? 224 / 255 : 1);
  }

  /** The gain of a pixel is the sum of one for its column and one for its row. */
  #light(seconds: number): void {
    const direction = this.lightAt(seconds);
    const exposure = 1.04 + 0.03 * Math.sin(0.7 * seconds + this.#direction);
    for (const [gain, along, base] of [
      [this.#gainX, Math.cos(direction), exposure],
      [this.#gainY, Math.sin(direction), 0],
    ] as const) {
      for (let i = 0; i < gain.length; i++) {
        const position = (2 * i + 1) / gain.length - 1;
        const value = base + this.#gradient * along * position - this.#vignette * position * position;
        gain[i] = Math.round(value * UNIT_GAIN);
      }
    }
  }

  #exposeLuma(luma: Uint8Array, index: number, scale: number, offset: number): void {
    const { width, height } = this;
    const noise = this.#noise;
    const gainX = this.#gainX;
    const target = new Uint8ClampedArray(luma.buffer, luma.byteOffset, width * height);
    const factor = Math.round(scale * 256);
    for (let y = 0; y < height; y++) {
      const gainY = this.#gainY[y]!;
      const grain = hash32(this.seed ^ index, y) & (NOISE_LENGTH - 1);
      const row = y * width;
      for (let x = 0; x < width; x++) {
        const lit = ((target[row + x]! * (gainX[x]! + gainY)) >> GAIN_SHIFT) + noise[grain + x]!;
        target[row + x] = ((lit * factor) >> 8) + offset;
      }
    }
  }

  #exposeChroma(chroma: Uint8Array, index: number, scale: number): void {
    const { width } = this;
    const rows = this.height / 2;
    const noise = this.#noise;
    const gainX = this.#gainX;
    const target = new Uint8ClampedArray(chroma.buffer, chroma.byteOffset, width * rows);
    const factor = Math.round(scale * 256);
    for (let y = 0; y < rows; y++) {
      const gainY = this.#gainY[2 * y]!;
      const grain = hash32(this.seed ^ index, ~y) & (NOISE_LENGTH - 1);
      const row = y * width;
      for (let x = 0; x < width; x++) {
        const color = (target[row + x]! - 128) * (gainX[x]! + gainY);
        // Chroma noise is about half that of luma.
        const lit = (color >> GAIN_SHIFT) + (noise[grain + x]! >> 1);
        target[row + x] = ((lit * factor) >> 8) + 128;
      }
    }
  }
}
