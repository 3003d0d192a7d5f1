import type { DepthKernels } from '../vision/depth/kernels.js';
import { addon } from './addon.js';

let made: DepthKernels | undefined;

/** The inner loops of depth in C++. @throws ExpectationError where there is no addon */
export function nativeDepthKernels(): DepthKernels {
  return (made ??= makeKernels());
}

/** Every argument is named: rest and spread would make arrays for each instance of each frame. */
function makeKernels(): DepthKernels {
  const native = addon();
  return {
    lay: (runs, crop, columns, rows, target) =>
      native.depthLay(runs, crop, columns, rows, target.edges, target.ends, target.shape),
    erode: (source, disc, width, height, target) =>
      native.depthErode(
        source.edges,
        source.ends,
        source.shape,
        disc,
        width,
        height,
        target.edges,
        target.ends,
        target.shape,
      ),
    fill: (runs, disc, width, height, target, byte) =>
      native.depthFill(runs.edges, runs.ends, runs.shape, disc, width, height, target, byte),
    copy: (runs, disc, width, height, source, target) =>
      native.depthCopy(runs.edges, runs.ends, runs.shape, disc, width, height, source, target),
    label: (runs, width, height, labels, label) =>
      native.depthLabel(runs.edges, runs.ends, runs.shape, width, height, labels, label),
    collect: (depth, labels, label, inner, step, points, used, seen) =>
      native.depthCollect(
        depth.data,
        depth.width,
        depth.height,
        labels,
        label,
        inner.edges,
        inner.ends,
        inner.shape,
        step,
        points.pixels,
        points.depths,
        used,
        seen,
      ),
    place: (points, from, to, width, rays, numbers, tags, tag, words, at, sums) =>
      native.depthPlace(
        points.pixels,
        points.depths,
        from,
        to,
        width,
        rays,
        numbers,
        tags,
        tag,
        words,
        at,
        sums,
      ),
    outline: (words, from, to, stride, numbers, low, high, outer) =>
      native.depthOutline(words, from, to, stride, numbers, low, high, outer),
    project: (depth, step, rays, numbers, labels, mapWidth, mapHeight, near, share, least, count, points) =>
      native.depthProject(
        depth.data,
        depth.width,
        depth.height,
        step,
        rays,
        numbers,
        labels,
        mapWidth,
        mapHeight,
        near.nearest,
        near.columns,
        near.shift,
        share,
        least,
        count,
        points.ends,
        points.pixels,
        points.depths,
      ),
    cut: (depth, rays, numbers, marks, mapWidth, mapHeight, kept, target) =>
      native.depthCut(
        depth.data,
        depth.width,
        depth.height,
        rays,
        numbers,
        marks,
        mapWidth,
        mapHeight,
        kept,
        target,
      ),
  };
}
