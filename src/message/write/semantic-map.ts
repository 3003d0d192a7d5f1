import type { Segmentation } from '../../vision/mask/segmentation.js';

/** Longest side of the map: that of a 640 model's prototypes, as dnn_node_example has it. Each cell costs a float. */
const LONGEST_SIDE = 160;

/** A map of classes over the whole picture: 0 is background, class id + 1 an object. */
export interface SemanticMap {
  readonly width: number;
  readonly height: number;
  /**
   * width * height values, row by row, and a 0 after them: hobot_websocket reads one element beyond the map,
   * which would be memory of others.
   */
  readonly features: Float32Array;
}

/** Samples the masks on a grid that is coarse enough for a float in each cell. The better score is on top. */
export function renderSemanticMap(segmentation: Segmentation): SemanticMap {
  const { maskWidth, maskHeight, instances } = segmentation;
  const scale = Math.max(1, Math.max(maskWidth, maskHeight) / LONGEST_SIDE);
  const width = Math.max(1, Math.round(maskWidth / scale));
  const height = Math.max(1, Math.round(maskHeight / scale));
  const features = new Float32Array(width * height + 1);
  for (let i = instances.length - 1; i >= 0; i--) {
    const { classId, mask } = instances[i]!;
    for (let row = 0; row < height; row++) {
      // The mask cell under the center of the map's cell.
      const y = Math.floor(((row + 0.5) * maskHeight) / height) - mask.y;
      if (y < 0 || y >= mask.height) continue;
      for (let column = 0; column < width; column++) {
        const x = Math.floor(((column + 0.5) * maskWidth) / width) - mask.x;
        if (x < 0 || x >= mask.width || mask.data[y * mask.width + x] === 0) continue;
        features[row * width + column] = classId + 1;
      }
    }
  }
  return { width, height, features };
}
