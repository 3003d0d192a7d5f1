import { MaskPainter } from '../../vision/mask/mask-painter.js';
import type { Segmentation } from '../../vision/mask/segmentation.js';
import type { PictureSize } from '../../vision/picture/picture-size.js';

/** Longest side of the map: that of a 640 model's prototypes, as dnn_node_example has it. Each cell costs a float. */
const LONGEST_SIDE = 160;

/** A map of classes over the whole picture: 0 is background, class id + 1 an object. */
export interface SemanticMap extends PictureSize {
  /** width * height values, row by row: TROS's navigation refuses a map with any other number. Valid until the next one is made. */
  readonly features: Float32Array;
}

/** Samples the masks on a grid that is coarse enough for a float in each cell. The better score is on top. */
export class SemanticMapPainter {
  readonly #painter = new MaskPainter();
  #features = new Float32Array(0);

  render(segmentation: Segmentation): SemanticMap {
    const { width, height } = mapSize(segmentation);
    if (this.#features.length !== width * height) this.#features = new Float32Array(width * height);
    const features = this.#features.fill(0);
    const { instances } = segmentation;
    this.#painter.paint(segmentation, width, height, (from, to, rank) =>
      features.fill(instances[rank]!.classId + 1, from, to),
    );
    return { width, height, features };
  }
}

/**
 * The size of the map: the masks' grid, or as many times coarser as makes its longest side 160.
 *
 * hobot_websocket reads one float beyond the last (websocket.cpp, FrameAddSmart: it counts up before it reads). That is harmless as long as
 * the memory of its vector has room behind it: glibc's malloc gives 4 bytes or more beyond those asked for unless these are 8 more than a
 * multiple of 16, so unless width * height is 2 more than a multiple of 4. Such a map gets a row or column more, on its longer side.
 */
export function mapSize({
  maskWidth,
  maskHeight,
}: Pick<Segmentation, 'maskWidth' | 'maskHeight'>): PictureSize {
  const scale = Math.max(1, Math.max(maskWidth, maskHeight) / LONGEST_SIDE);
  const width = Math.max(1, Math.round(maskWidth / scale));
  const height = Math.max(1, Math.round(maskHeight / scale));
  if ((width * height) % 4 !== 2) return { width, height };
  // One side is odd, the other 2 more than a multiple of 4; one more of either makes the product odd or a multiple of 4.
  return width >= height ? { width: width + 1, height } : { width, height: height + 1 };
}
