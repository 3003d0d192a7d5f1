import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { dirname } from 'node:path';
import type { Writable } from 'node:stream';
import { RleEncoder } from '../../decode/rle.js';
import type { Labels } from '../../message/labels.js';
import type { FrameResult } from '../../pipeline/segmenter.js';
import { makeFolder } from './folder.js';
import type { ResultSink } from './sink.js';

/** One JSON object a line and frame; masks as COCO RLE that pycocotools reads as it is. */
export class JsonLinesSink implements ResultSink {
  readonly #stream: Writable;
  readonly #rle = new RleEncoder();
  #error: Error | undefined;

  /** @param target a path, or `-` for standard output */
  constructor(
    readonly target: string,
    readonly labels: Labels,
  ) {
    if (target !== '-') makeFolder(dirname(target));
    this.#stream = target === '-' ? process.stdout : createWriteStream(target);
    this.#stream.on('error', (error) => {
      this.#error = error;
    });
  }

  async write(result: FrameResult): Promise<void> {
    if (this.#error) throw this.#error;
    if (!this.#stream.write(`${JSON.stringify(this.#record(result))}\n`)) await once(this.#stream, 'drain');
  }

  async close(): Promise<void> {
    if (this.target === '-') return;
    this.#stream.end();
    if (!this.#stream.closed && !this.#error) await once(this.#stream, 'close');
    if (this.#error) throw this.#error;
  }

  #record({ frame, segmentation, timings }: FrameResult): object {
    const { width, height, maskWidth, maskHeight, instances } = segmentation;
    return {
      source: frame.source,
      index: frame.index,
      stamp: frame.stamp,
      width,
      height,
      instances: instances.map(({ classId, score, box, mask }) => ({
        class_id: classId,
        class_name: this.labels.name(classId),
        score: round(score, 1e6),
        box: [box.x1, box.y1, box.x2 - box.x1, box.y2 - box.y1].map((value) => round(value, 1e3)),
        mask: this.#rle.encode(mask, maskWidth, maskHeight),
      })),
      timings_ms: {
        preprocess: round(timings.preprocess, 1e3),
        inference: round(timings.inference, 1e3),
        decode: round(timings.decode, 1e3),
      },
    };
  }
}

function round(value: number, steps: number): number {
  return Math.round(value * steps) / steps;
}
