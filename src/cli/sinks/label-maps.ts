import { encodeGray16, encodeGray8 } from '../../media/render/encode.js';
import { BACKGROUND_CLASS } from '../../message/write/class-map.js';
import type { FrameResult } from '../../pipeline/segmenter.js';
import { MaskPainter } from '../../vision/mask/mask-painter.js';
import type { FrameFolder } from './frame-folder.js';
import type { FrameNames } from './frame-names.js';
import type { ResultSink } from './sink.js';

/** Names of the two maps, behind the frame's. */
export const LABEL_MAP_SUFFIXES = ['_classes.png', '_instances.png'] as const;

/**
 * Writes two PNG files for each frame, as large as the picture: of 8 bits the class ids, 255 where nothing is (as the topic class_map), and of
 * 16 bits the instances, 0 where nothing is and i + 1 for the i-th (as instance_map). Better scores lie on top.
 */
export class LabelMapsSink implements ResultSink {
  readonly #painter = new MaskPainter();

  constructor(
    private readonly folder: FrameFolder,
    private readonly names: FrameNames,
  ) {}

  get target(): string {
    return this.folder.target;
  }

  async write({ frame, segmentation }: FrameResult): Promise<void> {
    const { width, height, instances } = segmentation;
    const classes = new Uint8Array(width * height).fill(BACKGROUND_CLASS);
    const map = new Uint16Array(width * height);
    this.#painter.paint(segmentation, width, height, (from, to, rank) => {
      map.fill(rank + 1, from, to);
      const { classId } = instances[rank]!;
      // What has no value in a byte does not hide what is below it, as in the topic.
      if (classId < BACKGROUND_CLASS) classes.fill(classId, from, to);
    });
    const name = this.names.of(frame);
    const [ofClasses, ofInstances] = LABEL_MAP_SUFFIXES;
    await this.folder.write(name + ofClasses, await encodeGray8(classes, width, height));
    await this.folder.write(name + ofInstances, await encodeGray16(map, width, height));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
