import { DepthContent } from '../../src/message/depth-content.js';
import { type Intrinsics, scaledTo } from '../../src/vision/depth/intrinsics.js';
import { REGISTERED } from '../../src/vision/depth/objects-in-space.js';
import type { Segmentation } from '../../src/vision/mask/segmentation.js';
import { covers, HEADER, NAMES, SCENE, SIZE } from './scene.js';

export const CAMERA: Intrinsics = { ...SIZE, fx: 320, fy: 320, cx: 319.5, cy: 175.5 };

/** Depth of the scene: a wall at 5 m, the i-th instance at 1 m and i half meters. */
export function frameOf(encoding: string, segmentation: Segmentation): DepthContent {
  const values = new Float32Array(SIZE.width * SIZE.height).fill(5);
  for (const [index, { mask }] of [...SCENE.instances.entries()].reverse())
    for (let y = mask.y; y < mask.y + mask.height; y++)
      for (let x = mask.x; x < mask.x + mask.width; x++)
        if (covers(mask, x, y)) values[y * SIZE.width + x] = 1 + index / 2;
  const data = encoding === '32FC1' ? values : Uint16Array.from(values, (meters) => 1000 * meters);
  const content = new DepthContent({
    space: () => ({}),
    masking: () => ({ margin: 4, chosen: (id) => NAMES[id] === 'person' }),
    coloredBy: () => 'auto',
  });
  return content.set(
    segmentation,
    { ...HEADER, encoding, depth: { ...SIZE, data } },
    scaledTo(CAMERA, SIZE),
    REGISTERED,
  );
}
