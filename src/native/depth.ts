/**
 * The inner loops of depth in C++ (native/depth), with the arguments of DepthKernels (src/vision/depth/kernels.ts); runs, pictures and
 * memories are passed as their arrays. C++ validates every argument, so no value can make it access memory outside the arrays.
 */
export interface DepthAddon {
  depthLay(
    runs: Int32Array,
    crop: Int32Array,
    columns: Int32Array,
    rows: Int32Array,
    edges: Int32Array,
    ends: Int32Array,
    shape: Int32Array,
  ): number;
  depthErode(
    edges: Int32Array,
    ends: Int32Array,
    shape: Int32Array,
    disc: Int32Array,
    width: number,
    height: number,
    targetEdges: Int32Array,
    targetEnds: Int32Array,
    targetShape: Int32Array,
  ): number;
  depthFill(
    edges: Int32Array,
    ends: Int32Array,
    shape: Int32Array,
    disc: Int32Array,
    width: number,
    height: number,
    target: Uint8Array | Uint16Array | Float32Array,
    byte: number,
  ): void;
  depthCopy(
    edges: Int32Array,
    ends: Int32Array,
    shape: Int32Array,
    disc: Int32Array,
    width: number,
    height: number,
    source: Uint16Array | Float32Array,
    target: Uint16Array | Float32Array,
  ): void;
  depthLabel(
    edges: Int32Array,
    ends: Int32Array,
    shape: Int32Array,
    width: number,
    height: number,
    labels: Uint16Array,
    label: number,
  ): void;
  depthCollect(
    data: Uint16Array | Float32Array,
    width: number,
    height: number,
    labels: Uint16Array,
    label: number,
    edges: Int32Array,
    ends: Int32Array,
    shape: Int32Array,
    step: number,
    pixels: Uint32Array,
    depths: Float32Array,
    used: number,
    seen: Float64Array,
  ): number;
  depthPlace(
    pixels: Uint32Array,
    depths: Float32Array,
    from: number,
    to: number,
    width: number,
    rays: Float32Array,
    numbers: Float64Array,
    tags: Uint32Array,
    tag: number,
    words: Float32Array,
    at: number,
    sums: Float64Array,
  ): number;
  depthOutline(
    words: Float32Array,
    from: number,
    to: number,
    stride: number,
    numbers: Float64Array,
    low: Float64Array,
    high: Float64Array,
    outer: Float64Array,
  ): void;
  depthProject(
    data: Uint16Array | Float32Array,
    width: number,
    height: number,
    step: number,
    rays: Float32Array,
    numbers: Float32Array,
    labels: Uint16Array,
    mapWidth: number,
    mapHeight: number,
    nearest: Float32Array,
    columns: number,
    shift: number,
    share: number,
    least: number,
    count: number,
    ends: Int32Array,
    pixels: Uint32Array,
    depths: Float32Array,
  ): number;
  depthCut(
    data: Uint16Array | Float32Array,
    width: number,
    height: number,
    rays: Float32Array,
    numbers: Float32Array,
    marks: Uint8Array,
    mapWidth: number,
    mapHeight: number,
    kept: number,
    target: Uint16Array | Float32Array,
  ): void;
}
