import type { TensorData } from '../vision/tensor/tensor.js';

/**
 * The decoder's inner loops in C++ (native/decode), with the arguments of Kernels (src/vision/tensor/kernels.ts); a block is passed as its two
 * arrays. C++ validates every argument, so no value can make it access memory outside the arrays.
 */
export interface DecodeAddon {
  /** Which kernels run, and all that run on this machine, fastest first; pixelKernels() chooses. */
  decodeKernels(): { readonly chosen: string; readonly usable: readonly string[] };
  decodeScan(
    values: TensorData,
    block: Int32Array,
    blockScales: Float64Array,
    limits: Float64Array,
    lowest: number,
    scores: Float32Array,
    classes: Uint16Array,
    cells: Int32Array,
    from: number,
  ): number;
  decodeBoxes(
    values: TensorData,
    block: Int32Array,
    blockScales: Float64Array,
    stride: number,
    bins: number,
    cells: Int32Array,
    from: number,
    to: number,
    x1: Float32Array,
    y1: Float32Array,
    x2: Float32Array,
    y2: Float32Array,
    valid: Uint8Array,
  ): void;
  decodeSuppress(
    scores: Float32Array,
    classes: Uint16Array,
    x1: Float32Array,
    y1: Float32Array,
    x2: Float32Array,
    y2: Float32Array,
    valid: Uint8Array,
    count: number,
    iou: number,
    most: number,
    kept: Int32Array,
  ): number;
  decodeCombine(
    values: TensorData,
    block: Int32Array,
    blockScales: Float64Array,
    factors: Float32Array,
    bias: number,
    area: Int32Array,
    sums: Float32Array,
  ): void;
  decodeRuns(
    crop: Int32Array,
    logits: Float32Array,
    firstX: Int32Array,
    firstY: Int32Array,
    scales: Float64Array,
    runs: Int32Array,
  ): number;
  decodeOutlines(
    runs: Int32Array,
    width: number,
    left: number,
    top: number,
    tolerance: number,
    minArea: number,
    points: Int32Array,
    from: number,
    rings: Int32Array,
  ): number;
}
