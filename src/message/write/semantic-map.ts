import { Spans } from '../../vision/mask/runs.js';
import type { Segmentation } from '../../vision/mask/segmentation.js';

/** Longest side of the map: that of a 640 model's prototypes, as in dnn_node_example. Each cell takes a float. */
const LONGEST_SIDE = 160;

/** A map of classes over the whole picture: 0 is background, class id + 1 an object. */
export interface SemanticMap {
  readonly width: number;
  readonly height: number;
  /**
   * width * height values, row by row, followed by a 0: hobot_websocket reads one element beyond the map,
   * which would be foreign memory.
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
  const columns = firstSamples(maskWidth, width);
  const rows = firstSamples(maskHeight, height);
  const spans = new Spans();
  for (let i = instances.length - 1; i >= 0; i--) {
    const { classId, mask } = instances[i]!;
    spans.read(mask);
    spans.rows((from, to) => {
      const y = Math.floor(from / mask.width);
      const shift = mask.x - y * mask.width;
      const first = columns[from + shift]!;
      const last = columns[to + shift]!;
      if (first === last) return;
      for (let row = rows[mask.y + y]!; row < rows[mask.y + y + 1]!; row++) {
        features.fill(classId + 1, row * width + first, row * width + last);
      }
    });
  }
  return { width, height, features };
}

/** For each mask cell along an axis, and one past the last, the first map cell whose center lies in it or in a later one. */
function firstSamples(maskCells: number, cells: number): Int32Array {
  const first = new Int32Array(maskCells + 1);
  let cell = 0;
  for (let at = 0; at <= maskCells; at++) {
    while (cell < cells && Math.floor(((cell + 0.5) * maskCells) / cells) < at) cell++;
    first[at] = cell;
  }
  return first;
}
