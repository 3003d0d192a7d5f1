import type { DepthKernels } from '../vision/depth/kernels.js';
import { addon } from './addon.js';

let made: DepthKernels | undefined;

/** The inner loops of depth in C++. @throws ExpectationError where there is no addon */
export function nativeDepthKernels(): DepthKernels {
  return (made ??= makeKernels());
}

function makeKernels(): DepthKernels {
  const native = addon();
  return {
    lay: (runs, crop, columns, rows, { edges, ends, shape }) =>
      native.depthLay(runs, crop, columns, rows, edges, ends, shape),
    erode: ({ edges, ends, shape }, disc, width, height, target) =>
      native.depthErode(
        ...([edges, ends, shape, disc, width, height, target.edges, target.ends, target.shape] as const),
      ),
    fill: ({ edges, ends, shape }, ...rest) => native.depthFill(edges, ends, shape, ...rest),
    copy: ({ edges, ends, shape }, ...rest) => native.depthCopy(edges, ends, shape, ...rest),
    label: ({ edges, ends, shape }, ...rest) => native.depthLabel(edges, ends, shape, ...rest),
    collect: (
      { data, width, height },
      labels,
      label,
      { edges, ends, shape },
      step,
      { pixels, depths },
      used,
      seen,
    ) =>
      native.depthCollect(
        ...([data, width, height, labels, label, edges, ends, shape] as const),
        ...([step, pixels, depths, used, seen] as const),
      ),
    place: ({ pixels, depths }, ...rest) => native.depthPlace(pixels, depths, ...rest),
    outline: (...all) => native.depthOutline(...all),
    project: (
      { data, width, height },
      step,
      rays,
      numbers,
      labels,
      mapWidth,
      mapHeight,
      { nearest, columns, shift },
      { pixels, depths, squares, labels: foundLabels, colorDepths },
    ) =>
      native.depthProject(
        ...([data, width, height, step, rays, numbers, labels, mapWidth, mapHeight] as const),
        ...([nearest, columns, shift, pixels, depths, squares, foundLabels, colorDepths] as const),
      ),
    cut: ({ data, width, height }, ...rest) => native.depthCut(data, width, height, ...rest),
  };
}
