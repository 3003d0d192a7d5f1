import type { ColorRange } from '../../src/vision/picture/color-range.js';
import type { PackedFormat, PackedImage } from '../../src/vision/picture/packed-image.js';
import type { Nv12Frame } from '../../src/vision/picture/nv12-frame.js';
import type { Region } from '../../src/vision/picture/region.js';
import type { Content } from '../../src/native/nv12.js';

/**
 * The addon's arithmetic once more, pixel by pixel and as slow as it likes: what every kernel must give, to the byte.
 * The formulas stand in native/nv12/scale_rows.h and native/nv12/color_rows.h.
 */

/** Source position of target pixel i, in 1/128: 128 ((i + 1/2) source / target - 1/2), half up, by exact integers. */
function position(i: number, source: number, target: number): number {
  const numerator = 128n * (BigInt(2 * i + 1) * BigInt(source) - BigInt(target)) + BigInt(target);
  const rounded = numerator < 0n ? -1 : Number(numerator / (2n * BigInt(target)));
  return Math.max(0, Math.min(rounded, 128 * (source - 1)));
}

interface Plane {
  readonly at: (x: number, y: number) => number;
  readonly width: number;
  readonly height: number;
}

/** Pixel (x, y) of `plane` scaled to width x height. */
function bilinear(plane: Plane, x: number, y: number, width: number, height: number): number {
  const px = position(x, plane.width, width);
  const py = position(y, plane.height, height);
  const x0 = px >> 7;
  const y0 = py >> 7;
  const x1 = Math.min(x0 + 1, plane.width - 1);
  const y1 = Math.min(y0 + 1, plane.height - 1);
  const wx = px & 127;
  const wy = py & 127;
  const sum =
    plane.at(x0, y0) * (128 - wx) * (128 - wy) +
    plane.at(x1, y0) * wx * (128 - wy) +
    plane.at(x0, y1) * (128 - wx) * wy +
    plane.at(x1, y1) * wx * wy;
  return (sum + 8192) >> 14;
}

export function luma(frame: Nv12Frame, x: number, y: number): number {
  return frame.data[frame.lumaOffset + y * frame.lumaStride + x]!;
}

/** U (channel 0) or V (channel 1) of chroma pair (x, y). */
export function chroma(frame: Nv12Frame, x: number, y: number, channel: number): number {
  return frame.data[frame.chromaOffset + y * frame.chromaStride + 2 * x + channel]!;
}

function planes(frame: Nv12Frame): { y: Plane; uv: [Plane, Plane] } {
  const half = { width: frame.width / 2, height: frame.height / 2 };
  return {
    y: { at: (x, y) => luma(frame, x, y), width: frame.width, height: frame.height },
    uv: [
      { at: (x, y) => chroma(frame, x, y, 0), ...half },
      { at: (x, y) => chroma(frame, x, y, 1), ...half },
    ],
  };
}

/** letterbox() as packed bytes: luma rows, then chroma rows. */
export function letterboxed(source: Nv12Frame, content: Content, width: number, height: number): Uint8Array {
  const out = new Uint8Array((width * height * 3) / 2);
  const from = planes(source);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [cx, cy] = [x - content.left, y - content.top];
      const inside = cx >= 0 && cy >= 0 && cx < content.width && cy < content.height;
      out[y * width + x] = inside ? bilinear(from.y, cx, cy, content.width, content.height) : 114;
    }
  }
  for (let y = 0; y < height / 2; y++) {
    for (let x = 0; x < width; x++) {
      const [cx, cy] = [(x >> 1) - content.left / 2, y - content.top / 2];
      const inside = cx >= 0 && cy >= 0 && cx < content.width / 2 && cy < content.height / 2;
      out[width * height + y * width + x] = inside
        ? bilinear(from.uv[(x % 2) as 0 | 1], cx, cy, content.width / 2, content.height / 2)
        : 128;
    }
  }
  return out;
}

const TO_RGB = {
  full: { black: 0, yy: 8192, rv: 11485, gu: -2819, gv: -5850, bu: 14516 },
  limited: { black: 16, yy: 9539, rv: 13075, gu: -3209, gv: -6660, bu: 16525 },
};

/** nv12ToRgb8(). */
export function rgbOf(frame: Nv12Frame, range: ColorRange): Uint8Array {
  const { width, height } = frame;
  const m = TO_RGB[range];
  const out = new Uint8Array(3 * width * height);
  const clamp = (value: number): number => Math.max(0, Math.min(255, value));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const yy = (luma(frame, x, y) - m.black) * m.yy;
      const u = chroma(frame, x >> 1, y >> 1, 0) - 128;
      const v = chroma(frame, x >> 1, y >> 1, 1) - 128;
      const rgb = [yy + v * m.rv, yy + u * m.gu + v * m.gv, yy + u * m.bu];
      out.set(
        rgb.map((value) => clamp((value + 4096) >> 13)),
        3 * (y * width + x),
      );
    }
  }
  return out;
}

/** nv12ToPlanarFloat(). */
export function planarFloatOf(frame: Nv12Frame, range: ColorRange): Float32Array {
  const rgb = rgbOf(frame, range);
  const pixels = frame.width * frame.height;
  const unit = Math.fround(1 / 255);
  return Float32Array.from({ length: 3 * pixels }, (_, i) =>
    Math.fround(rgb[3 * (i % pixels) + Math.floor(i / pixels)]! * unit),
  );
}

const TO_YUV = {
  full: { black: 0, y: [9798, 19235, 3735], u: [-5529, -10855, 16384], v: [16384, -13720, -2664] },
  limited: { black: 16, y: [8414, 16520, 3208], u: [-4857, -9535, 14392], v: [14392, -12052, -2340] },
} as const;

/** Bytes of a pixel, and where its channels lie; of 4:2:2 the luma, with chroma beside it. */
export const PIXELS: Readonly<
  Record<PackedFormat, { readonly bytes: number; readonly rgb: readonly number[] }>
> = {
  rgb8: { bytes: 3, rgb: [0, 1, 2] },
  bgr8: { bytes: 3, rgb: [2, 1, 0] },
  rgba8: { bytes: 4, rgb: [0, 1, 2] },
  bgra8: { bytes: 4, rgb: [2, 1, 0] },
  mono8: { bytes: 1, rgb: [0, 0, 0] },
  mono16: { bytes: 2, rgb: [] },
  yuyv: { bytes: 2, rgb: [] },
  uyvy: { bytes: 2, rgb: [] },
};

/** packedToNv12() as packed bytes, of even sizes: pixels outside the picture are those at its border. */
export function nv12Of(image: PackedImage, range: ColorRange): Uint8Array {
  const { format, data } = image;
  const { bytes, rgb: order } = PIXELS[format];
  const step = image.step ?? image.width * bytes;
  const width = image.width + (image.width % 2);
  const height = image.height + (image.height % 2);
  const m = TO_YUV[range];
  const at = (x: number, y: number): number =>
    (image.offset ?? 0) + Math.min(y, image.height - 1) * step + Math.min(x, image.width - 1) * bytes;
  const rgb = (x: number, y: number): number[] => {
    if (format !== 'mono16') return order.map((c) => data[at(x, y) + c]!);
    const [first, second] = [data[at(x, y)]!, data[at(x, y) + 1]!];
    const value = image.bigEndian ? 256 * first + second : 256 * second + first;
    const white = image.white ?? 65535;
    const gray = Math.floor((Math.min(value, white) * 255 + Math.floor(white / 2)) / white);
    return [gray, gray, gray];
  };
  const dot = (row: readonly number[], pixel: readonly number[]): number =>
    row[0]! * pixel[0]! + row[1]! * pixel[1]! + row[2]! * pixel[2]!;
  const yuv422 = format === 'yuyv' || format === 'uyvy';

  const out = new Uint8Array((width * height * 3) / 2);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      out[y * width + x] = yuv422
        ? data[at(x, y) + (format === 'yuyv' ? 0 : 1)]!
        : m.black + ((dot(m.y, rgb(x, y)) + 16384) >> 15);
    }
  }
  for (let y = 0; y < height; y += 2) {
    for (let x = 0; x < width; x += 2) {
      const pair = width * height + (y / 2) * width + x;
      if (yuv422) {
        // U beside the first pixel of two, V beside the second.
        for (const i of [0, 1]) {
          const [above, below] = [y, y + 1].map((row) => data[at(x + i, row) + (format === 'yuyv' ? 1 : 0)]!);
          out[pair + i] = (above! + below! + 1) >> 1;
        }
        continue;
      }
      const block = [rgb(x, y), rgb(x + 1, y), rgb(x, y + 1), rgb(x + 1, y + 1)];
      const sum = [0, 1, 2].map((c) => block.reduce((total, pixel) => total + pixel[c]!, 0));
      out[pair] = Math.min(255, 128 + ((dot(m.u, sum) + 65536) >> 17));
      out[pair + 1] = Math.min(255, 128 + ((dot(m.v, sum) + 65536) >> 17));
    }
  }
  return out;
}

/** Planes of YUV 4:2:0 as packed NV12. `chroma` gives U (0) and V (1) of each pair. */
export function nv12OfPlanes(
  width: number,
  height: number,
  luma: (x: number, y: number) => number,
  chroma: (x: number, y: number, channel: number) => number,
): Uint8Array {
  const out = new Uint8Array((width * height * 3) / 2);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) out[y * width + x] = luma(x, y);
  for (let y = 0; y < height / 2; y++) {
    for (let x = 0; x < width; x++) out[width * (height + y) + x] = chroma(x >> 1, y, x & 1);
  }
  return out;
}

/** The pixels of a part of a frame, packed NV12. @param part with an even corner; of odd size at the end of the frame only */
export function cropOf(frame: Nv12Frame, part: Region): Uint8Array {
  return nv12OfPlanes(
    part.width + (part.width % 2),
    part.height + (part.height % 2),
    (x, y) => luma(frame, part.x + x, part.y + y),
    (x, y, channel) => chroma(frame, part.x / 2 + x, part.y / 2 + y, channel),
  );
}
