import type { Kernels } from '../vision/tensor/kernels.js';
import { addon } from './addon.js';

let made: Kernels | undefined;

/** The decoder's inner loops in C++; engines hand them to decoders. @throws ExpectationError where there is no addon */
export function nativeKernels(): Kernels {
  return (made ??= makeKernels());
}

function makeKernels(): Kernels {
  const native = addon();
  return {
    get name() {
      return native.decodeKernels().chosen;
    },
    scan: (values, { numbers, scales }, limits, lowest, scores, classes, cells, from) =>
      native.decodeScan(values, numbers, scales, limits, lowest, scores, classes, cells, from),
    boxes: (values, { numbers, scales }, stride, bins, cells, from, to, { x1, y1, x2, y2 }, valid) =>
      native.decodeBoxes(values, numbers, scales, stride, bins, cells, from, to, x1, y1, x2, y2, valid),
    suppress: (scores, classes, { x1, y1, x2, y2 }, valid, count, iou, most, kept) =>
      native.decodeSuppress(scores, classes, x1, y1, x2, y2, valid, count, iou, most, kept),
    combine: (values, { numbers, scales }, factors, bias, area, sums) =>
      native.decodeCombine(values, numbers, scales, factors, bias, area, sums),
    runs: (...all) => native.decodeRuns(...all),
    outlines: (...all) => native.decodeOutlines(...all),
  };
}
