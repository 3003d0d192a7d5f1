import {
  type Quantization,
  type Tensor,
  type TensorData,
  type TensorType,
  UNQUANTIZED,
} from '../../../src/vision/tensor/tensor.js';

/** An object to be written into head tensors: what the decoder should find again. */
export interface SyntheticObject {
  classId: number;
  logit: number;
  /** Corners in model pixels. */
  box: [number, number, number, number];
  /** Mask logit at a point in model pixels. */
  mask: (x: number, y: number) => number;
}

export interface SyntheticOptions {
  width: number;
  height: number;
  classCount: number;
  /** @default 16 */
  regMax?: number;
  /** @default 32 */
  coefficients?: number;
  /** Logit of every class in every empty cell. @default -8 */
  background?: number;
}

export type Role = 'class' | 'box' | 'coefficient' | 'proto';

/** A head as real numbers, before it gets a type, an order and a memory layout. */
export interface RealHead {
  role: Role;
  stride: number;
  height: number;
  width: number;
  channels: number;
  /** Packed NHWC. */
  values: Float32Array;
}

/**
 * Encodes objects as the network would: the inverse of the decoder, written from the definition.
 *
 * Each object goes to the cell of its center on the finest level whose distances fit; object i owns prototype i.
 */
export function encodeHeads(objects: readonly SyntheticObject[], options: SyntheticOptions): RealHead[] {
  const { width, height, classCount, regMax = 16, coefficients = 32, background = -8 } = options;
  const head = (role: Role, stride: number, channels: number): RealHead => ({
    role,
    stride,
    height: height / stride,
    width: width / stride,
    channels,
    values: new Float32Array((height / stride) * (width / stride) * channels),
  });
  const strides = [8, 16, 32];
  const coefficient = strides.map((stride) => head('coefficient', stride, coefficients));
  const box = strides.map((stride) => head('box', stride, 4 * regMax));
  const cls = strides.map((stride) => head('class', stride, classCount));
  const proto = head('proto', 4, coefficients);
  cls.forEach(({ values }) => values.fill(background));
  if (objects.length > coefficients) throw new Error('one prototype for each object');

  for (const [index, object] of objects.entries()) {
    const [x1, y1, x2, y2] = object.box;
    const longest = regMax === 1 ? Infinity : regMax - 1;
    const level = strides.findIndex((stride) => Math.max(x2 - x1, y2 - y1) / 2 + stride <= longest * stride);
    const stride = strides[level]!;
    const clampCell = (value: number, cells: number): number =>
      Math.max(0, Math.min(cells - 1, Math.floor(value / stride)));
    const cx = clampCell((x1 + x2) / 2, width / stride);
    const cy = clampCell((y1 + y2) / 2, height / stride);
    const cell = cy * (width / stride) + cx;
    cls[level]!.values[cell * classCount + object.classId] = object.logit;
    coefficient[level]!.values[cell * coefficients + index] = 1;
    const centerX = (cx + 0.5) * stride;
    const centerY = (cy + 0.5) * stride;
    [centerX - x1, centerY - y1, x2 - centerX, y2 - centerY].forEach((distance, side) => {
      const at = cell * 4 * regMax + side * regMax;
      writeDistance(box[level]!.values.subarray(at, at + regMax), distance / stride);
    });
    for (let y = 0; y < proto.height; y++) {
      for (let x = 0; x < proto.width; x++) {
        proto.values[(y * proto.width + x) * coefficients + index] = object.mask(
          (x + 0.5) * 4,
          (y + 0.5) * 4,
        );
      }
    }
  }
  return [...coefficient, ...box, ...cls, proto];
}

/** DFL logits whose expectation is the distance: two neighboring bins share the probability. */
function writeDistance(bins: Float32Array, distance: number): void {
  if (bins.length === 1) {
    bins[0] = distance;
    return;
  }
  const low = Math.max(0, Math.min(bins.length - 2, Math.floor(distance)));
  const share = Math.max(0, Math.min(1, distance - low));
  bins.fill(-20);
  bins[low] = Math.max(-20, Math.log(1 - share));
  bins[low + 1] = Math.max(-20, Math.log(share));
}

export interface StorageOptions {
  type?: TensorType;
  /** One scale for the tensor, or one for each channel. @default 'channel' */
  scales?: 'tensor' | 'channel';
  /** Use a zero point that is not 0. */
  zeroPoint?: boolean;
  /** Powers of two instead of scales. */
  shift?: boolean;
  /** Elements of padding after each pixel's channels, and after each row. */
  padChannels?: number;
  padRows?: number;
  layout?: 'NHWC' | 'NCHW';
}

const RANGE: Record<TensorType, number> = {
  float32: 0,
  int8: 127,
  uint8: 127,
  int16: 32767,
  uint16: 32767,
  int32: 2 ** 24,
};

/** Stores a head as an engine might: typed, scaled, padded. Padding is filled with values that would be seen if read. */
export function store(
  head: RealHead,
  options: StorageOptions = {},
  name = `${head.role}${head.stride}`,
): Tensor {
  const { type = 'float32', scales = 'channel', padChannels = 0, padRows = 0, layout = 'NHWC' } = options;
  const { height, width, channels, values } = head;
  const strides =
    layout === 'NHWC'
      ? { c: 1, x: channels + padChannels, y: (channels + padChannels) * width + padRows }
      : { c: (width + padChannels) * height + padRows, x: 1, y: width + padChannels };
  const length = layout === 'NHWC' ? strides.y * height : strides.c * channels;
  const quantization = quantizationFor(head, type, scales, options);
  const data = allocate(type, length);
  data.fill(type === 'float32' ? 1e6 : RANGE[type]);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) {
        const value = values[(y * width + x) * channels + c]!;
        data[y * strides.y + x * strides.x + c * strides.c] = quantize(value, c, quantization, type);
      }
    }
  }
  const shape = layout === 'NHWC' ? [1, height, width, channels] : [1, channels, height, width];
  const stride =
    layout === 'NHWC' ? [length, strides.y, strides.x, strides.c] : [length, strides.c, strides.y, strides.x];
  return { name, shape, stride, type, quantization, data };
}

function allocate(type: TensorType, length: number): TensorData {
  const make = {
    float32: () => new Float32Array(length),
    int8: () => new Int8Array(length),
    uint8: () => new Uint8Array(length),
    int16: () => new Int16Array(length),
    uint16: () => new Uint16Array(length),
    int32: () => new Int32Array(length),
  };
  return make[type]();
}

function quantizationFor(
  head: RealHead,
  type: TensorType,
  scales: string,
  options: StorageOptions,
): Quantization {
  if (type === 'float32') return UNQUANTIZED;
  const { channels, values } = head;
  const largest = new Float64Array(channels).fill(1e-3);
  values.forEach((value, i) => {
    largest[i % channels] = Math.max(largest[i % channels]!, Math.abs(value));
  });
  const range = RANGE[type] * (options.zeroPoint ? 0.5 : 1);
  const whole = Math.max(...largest);
  const axis = 3;
  if (options.shift) {
    const bits = Array.from(largest, (value) =>
      Math.floor(Math.log2(range / (scales === 'tensor' ? whole : value))),
    );
    return { kind: 'shift', shift: Uint8Array.from(scales === 'tensor' ? [bits[0]!] : bits), axis };
  }
  const scale = scales === 'tensor' ? [whole / range] : Array.from(largest, (value) => value / range);
  if (!options.zeroPoint && !type.startsWith('u'))
    return { kind: 'scale', scale: Float32Array.from(scale), axis };
  const zero = type.startsWith('u') ? RANGE[type] : 7;
  return {
    kind: 'scale',
    scale: Float32Array.from(scale),
    zeroPoint: Int32Array.from(scale, () => zero),
    axis,
  };
}

function quantize(value: number, c: number, quantization: Quantization, type: TensorType): number {
  const pick = (array: ArrayLike<number>): number => (array.length === 1 ? array[0]! : array[c]!);
  if (quantization.kind === 'none') return value;
  const raw =
    quantization.kind === 'shift'
      ? value * 2 ** pick(quantization.shift)
      : value / pick(quantization.scale) + (quantization.zeroPoint ? pick(quantization.zeroPoint) : 0);
  const low = type.startsWith('u') ? 0 : -RANGE[type] - 1;
  const high = type.startsWith('u') ? 2 * RANGE[type] + 1 : RANGE[type];
  return Math.max(low, Math.min(high, Math.round(raw)));
}
