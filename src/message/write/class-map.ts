import { expectInteger, ExpectationError } from '../../base/expect.js';
import { MaskPainter } from '../../vision/mask/mask-painter.js';
import type { Instance, Segmentation } from '../../vision/mask/segmentation.js';
import type { FrameHeader } from '../../vision/picture/frame-source.js';
import { MAX_DIMENSION } from '../../vision/picture/nv12-frame.js';
import { parseSize, type PictureSize } from '../../vision/picture/picture-size.js';
import { messageType } from '../message-type.js';
import { ImageWriter } from './image.js';

/** Where nothing is: vision_msgs' UNLABELED, as 0 is a class (a person, mostly). */
export const BACKGROUND_CLASS = 255;

/** Most cells of a grid of a given size: somewhat more than 8K. Each message has a byte for each cell. */
const MAX_CELLS = 2 ** 25;

/** The grid of the class map: the picture's pixels, the grid of the masks, or one of a given size. */
export type ClassMapSize = 'picture' | 'masks' | PictureSize;

/**
 * Reads the value of parameter class_map_size.
 *
 * @throws ExpectationError for what is no such size
 */
export function parseClassMapSize(text: string): ClassMapSize {
  const wanted = text.trim();
  if (wanted === 'picture' || wanted === 'masks') return wanted;
  const size = parseSize(wanted);
  if (!size) {
    throw new ExpectationError(
      'picture, masks, or a size such as 320x176 for parameter class_map_size',
      text,
      'It is the size of the point cloud that the map is laid on.',
    );
  }
  expectInteger('the width in parameter class_map_size', size.width, 1, MAX_DIMENSION);
  expectInteger('the height in parameter class_map_size', size.height, 1, MAX_DIMENSION);
  if (size.width * size.height > MAX_CELLS) {
    throw new ExpectationError(
      `at most ${MAX_CELLS} cells in parameter class_map_size`,
      `${wanted}, which are ${size.width * size.height}`,
      'Each of them is a byte of every message.',
    );
  }
  return size;
}

/** Writes a sensor_msgs/msg/Image, mono8, step = width, in which each cell has a value of the best instance that covers it. */
class InstanceValueWriter {
  readonly #image: ImageWriter;
  readonly #painter = new MaskPainter();

  /**
   * @param background of cells that no instance covers
   * @param valueOf an instance's cells; `background` leaves them out
   */
  constructor(
    readonly type: ImageWriter['type'],
    private readonly size: () => ClassMapSize,
    private readonly background: number,
    private readonly valueOf: (instance: Instance) => number,
  ) {
    this.#image = new ImageWriter(type);
  }

  /** @returns CDR bytes, valid until the next call */
  write(header: FrameHeader, segmentation: Segmentation): Uint8Array {
    const { width, height } = gridOf(segmentation, this.size());
    const layout = { width, height, encoding: 'mono8', step: width };
    const { bytes, data } = this.#image.prepare(header, layout);
    data.fill(this.background);
    this.#painter.paint(segmentation, width, height, (from, to, rank) => {
      const value = this.valueOf(segmentation.instances[rank]!);
      if (value !== this.background) data.fill(value, from, to);
    });
    return bytes;
  }
}

function gridOf(segmentation: Segmentation, size: ClassMapSize): PictureSize {
  if (size === 'picture') return segmentation;
  if (size === 'masks') return { width: segmentation.maskWidth, height: segmentation.maskHeight };
  return size;
}

/**
 * Writes which class is where: the class id, or 255. The better score is on top. For costmaps (semantic_segmentation_layer of nav2's
 * tutorials), with ConfidenceWriter and LabelInfo.
 *
 * Ids from 255 on have no value in a byte and are left out.
 */
export class ClassMapWriter extends InstanceValueWriter {
  constructor(size: () => ClassMapSize, type = messageType('sensor_msgs/Image')) {
    super(type, size, BACKGROUND_CLASS, ({ classId }) => Math.min(classId, BACKGROUND_CLASS));
  }
}

/** Writes how sure the model is of the class on the class map: its score times 255, at least 1; 0 where nothing is. */
export class ConfidenceWriter extends InstanceValueWriter {
  constructor(size: () => ClassMapSize, type = messageType('sensor_msgs/Image')) {
    // What the class map leaves out has no confidence either.
    super(type, size, 0, ({ classId, score }) =>
      classId >= BACKGROUND_CLASS ? 0 : Math.max(1, Math.round(255 * score)),
    );
  }
}
