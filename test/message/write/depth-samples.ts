import { DepthContent, type DepthTools } from '../../../src/message/depth-content.js';
import { REGISTERED } from '../../../src/vision/depth/objects-in-space.js';
import type { DepthPicture } from '../../../src/vision/depth/depth-picture.js';
import type { Intrinsics } from '../../../src/vision/depth/intrinsics.js';
import type { Instance, Mask, Segmentation } from '../../../src/vision/mask/segmentation.js';
import type { FrameHeader } from '../../../src/vision/picture/frame-source.js';

export const DEPTH_HEADER: FrameHeader = {
  stamp: { sec: 1_700_000_000, nanosec: 100_000_000 },
  frameId: 'depth_optical',
};
export const CAMERA: Intrinsics = { width: 40, height: 30, fx: 50, fy: 50, cx: 20, cy: 15 };
export const TOOLS: DepthTools = {
  space: () => ({ step: 1, band: 1 }),
  masking: () => ({ margin: 1, chosen: (classId) => classId === 0 }),
  coloredBy: () => 'auto',
};

function full(x: number, y: number, width: number, height: number): Mask {
  return { x, y, width, height, data: new Uint8Array(width * height).fill(1) };
}

function instance(classId: number, score: number, mask: Mask, trackId: number): Instance {
  const { x, y, width, height } = mask;
  return { classId, score, trackId, box: { x1: x, y1: y, x2: x + width, y2: y + height }, mask };
}

/** A person at 2 m with an id, a gull at 1 m without one, and something too small to have points. */
export const OBJECTS: Segmentation = {
  ...{ width: 40, height: 30, maskWidth: 40, maskHeight: 30 },
  instances: [
    instance(0, 0.75, full(4, 5, 10, 20), 17),
    instance(1, 0.5, full(20, 10, 8, 6), 0),
    instance(2, 0.25, full(36, 2, 3, 3), 0),
  ],
};

/** Everything at 4 m but the two. */
export function depthPicture(kind: 'millimeters' | 'meters'): DepthPicture {
  const meters = new Float32Array(40 * 30).fill(4);
  for (const [{ mask }, depth] of [
    [OBJECTS.instances[0]!, 2],
    [OBJECTS.instances[1]!, 1],
  ] as const)
    for (let y = mask.y; y < mask.y + mask.height; y++)
      meters.fill(depth, y * 40 + mask.x, y * 40 + mask.x + mask.width);
  const data = kind === 'meters' ? meters : Uint16Array.from(meters, (depth) => 1000 * depth);
  return { width: 40, height: 30, data };
}

export function depthContent(
  kind: 'millimeters' | 'meters' = 'millimeters',
  segmentation = OBJECTS,
): DepthContent {
  const encoding = kind === 'meters' ? '32FC1' : 'mono16';
  const frame = { ...DEPTH_HEADER, encoding, depth: depthPicture(kind) };
  return new DepthContent(TOOLS).set(segmentation, frame, CAMERA, REGISTERED);
}
