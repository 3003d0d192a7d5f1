import { nv12Size, type Nv12Frame } from '../../src/vision/picture/nv12-frame.js';

/** A small generator with a seed, so that a failing picture can be made again (mulberry32). */
export function randomBytes(length: number, seed: number): Uint8Array {
  let state = seed >>> 0;
  return Uint8Array.from({ length }, () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) & 255;
  });
}

/** Bytes around and between the rows of a frame. */
export interface Padding {
  readonly luma?: number;
  readonly chroma?: number;
  /** Before the luma plane, between the planes, and after the chroma plane. */
  readonly gap?: number;
}

/** A frame of noise whose rows and planes are padded with noise as well. */
export function noiseFrame(width: number, height: number, seed = 1, padding: Padding = {}): Nv12Frame {
  const gap = padding.gap ?? 0;
  const lumaStride = width + (padding.luma ?? 0);
  const chromaStride = width + (padding.chroma ?? 0);
  const chromaOffset = gap + lumaStride * height + gap;
  const data = randomBytes(chromaOffset + chromaStride * (height / 2) + gap, seed);
  return { width, height, data, lumaStride, chromaStride, lumaOffset: gap, chromaOffset };
}

/** A packed frame, all zero. */
export function packedFrame(width: number, height: number): Nv12Frame {
  const data = new Uint8Array(nv12Size(width, height));
  return {
    width,
    height,
    data,
    lumaStride: width,
    chromaStride: width,
    lumaOffset: 0,
    chromaOffset: width * height,
  };
}

/** The pixels of a frame without its padding. */
export function packedBytes(frame: Nv12Frame): Uint8Array {
  const { width, height, data } = frame;
  const out = new Uint8Array(nv12Size(width, height));
  for (let y = 0; y < height; y++) {
    const from = frame.lumaOffset + y * frame.lumaStride;
    out.set(data.subarray(from, from + width), y * width);
  }
  for (let y = 0; y < height / 2; y++) {
    const from = frame.chromaOffset + y * frame.chromaStride;
    out.set(data.subarray(from, from + width), (height + y) * width);
  }
  return out;
}

/** A frame of one color. */
export function plainFrame(width: number, height: number, y: number, u: number, v: number): Nv12Frame {
  const frame = packedFrame(width, height);
  frame.data.fill(y, 0, width * height);
  for (let at = width * height; at < frame.data.length; at += 2) frame.data.set([u, v], at);
  return frame;
}
