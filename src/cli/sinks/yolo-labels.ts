import { nativeKernels } from '../../native/kernels.js';
import type { FrameResult } from '../../pipeline/segmenter.js';
import { joinedPolygon } from '../../vision/mask/joined-polygon.js';
import { OutlineTracer } from '../../vision/mask/outlines.js';
import type { FrameFolder } from './frame-folder.js';
import type { FrameNames } from './frame-names.js';
import type { ResultSink } from './sink.js';

/**
 * Writes labels for the training of YOLO models with masks: a text file for each frame, a line for each instance, with its class id
 * and the corners of its outline as shares of the picture's width and height.
 *
 * A line has one outline: parts and holes are joined by cuts without width. Without a mask it is that of the box. Frames
 * without instances have an empty file, which means background to the trainer.
 */
export class YoloLabelsSink implements ResultSink {
  readonly #tracer = new OutlineTracer(nativeKernels());

  constructor(
    private readonly folder: FrameFolder,
    private readonly names: FrameNames,
  ) {}

  get target(): string {
    return this.folder.target;
  }

  async write({ frame, segmentation }: FrameResult): Promise<void> {
    const { width, height, instances } = segmentation;
    const { points, ends, instanceEnds, scaleX, scaleY } = this.#tracer.trace(segmentation);
    let ring = 0;
    let from = 0;
    const lines = instances.map(({ classId, box: { x1, y1, x2, y2 } }, i) => {
      const rings: number[][] = [];
      for (; ring < instanceEnds[i]!; from = ends[ring++]!) {
        rings.push(
          Array.from(points.subarray(from, ends[ring]), (cell, k) => cell * (k % 2 === 0 ? scaleX : scaleY)),
        );
      }
      const outline = rings.length > 0 ? joinedPolygon(rings) : [x1, y1, x2, y1, x2, y2, x1, y2];
      const shares = outline.map((value, k) => Number((value / (k % 2 === 0 ? width : height)).toFixed(6)));
      return `${classId} ${shares.join(' ')}\n`;
    });
    await this.folder.write(`${this.names.of(frame)}.txt`, Buffer.from(lines.join('')));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
