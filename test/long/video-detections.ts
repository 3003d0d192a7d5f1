import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { cacheFolder } from '../../src/base/files/cache-folder.js';
import { openInputs } from '../../src/media/inputs.js';
import { openSegmenter } from '../../src/pipeline/open-segmenter.js';
import { isResult } from '../../src/pipeline/segmenter.js';
import type { Instance, Segmentation } from '../../src/vision/mask/segmentation.js';
import type { Stamp } from '../../src/vision/picture/frame-source.js';
import { sharedData } from '../data.js';

/** What a network found in a frame. */
export interface DetectedFrame {
  readonly stamp: Stamp;
  readonly found: Segmentation;
}

/** Lowest score: what tracking takes by default. */
const LOWEST_SCORE = 0.1;
const MODEL = 'models/yolov8n-seg.onnx';

/**
 * What yolov8n-seg finds in a video of the test material: made once, by `npm run test:long`, and kept in the cache of models, outside of
 * the repository. Another video or model makes it anew.
 */
export class VideoDetections {
  readonly #video: string;
  readonly #file: string;

  /** @param name of the video, without its ending */
  constructor(name: string) {
    this.#video = sharedData.path(`video/${name}.mp4`);
    const of = createHash('sha256');
    for (const file of sharedData.skip ? [] : [this.#video, sharedData.path(MODEL)])
      of.update(readFileSync(file));
    this.#file = join(cacheFolder(), 'test', `${name}-${of.digest('hex').slice(0, 16)}.json.gz`);
  }

  /** Why there are none; false where there are. */
  get skip(): string | false {
    if (sharedData.skip) return sharedData.skip;
    return existsSync(this.#file) ? false : `no ${this.#file}: npm run test:long makes it`;
  }

  read(): DetectedFrame[] {
    const frames = JSON.parse(gunzipSync(readFileSync(this.#file)).toString()) as StoredFrame[];
    return frames.map(({ stamp, found: { instances, ...size } }) => ({
      stamp,
      found: { ...size, instances: instances.map(restored) },
    }));
  }

  /** Runs the network over the whole video, unless that was done before. */
  async make(): Promise<void> {
    if (existsSync(this.#file)) return;
    const model = await openSegmenter(sharedData.path(MODEL), { score: LOWEST_SCORE, masks: 'proto' });
    const frames: StoredFrame[] = [];
    try {
      const { sources } = await openInputs([this.#video]);
      for await (const item of model.segmenter.segment(sources[0]!.frames())) {
        if (!isResult(item)) throw item.error;
        const { width, height, maskWidth, maskHeight, instances } = item.segmentation;
        const { sec, nanosec } = item.frame.stamp;
        frames.push({
          stamp: { sec, nanosec },
          found: { width, height, maskWidth, maskHeight, instances: instances.map(stored) },
        });
      }
    } finally {
      await model.close();
    }
    mkdirSync(dirname(this.#file), { recursive: true });
    // Nobody reads half of it.
    const part = `${this.#file}.${process.pid}`;
    writeFileSync(part, gzipSync(JSON.stringify(frames)));
    renameSync(part, this.#file);
  }
}

interface StoredInstance extends Omit<Instance, 'mask'> {
  readonly mask: { x: number; y: number; width: number; height: number; runs: number[] };
}

interface StoredFrame {
  readonly stamp: Stamp;
  readonly found: Omit<Segmentation, 'instances'> & { readonly instances: readonly StoredInstance[] };
}

function stored({ classId, score, box, mask: { x, y, width, height, runs } }: Instance): StoredInstance {
  return { classId, score, box: { ...box }, mask: { x, y, width, height, runs: [...runs!] } };
}

function restored({ mask: { runs, ...crop }, ...rest }: StoredInstance): Instance {
  const data = new Uint8Array(crop.width * crop.height);
  for (let i = 0; i < runs.length; i += 2) data.fill(1, runs[i], runs[i + 1]);
  return { ...rest, mask: { ...crop, data, runs: Int32Array.from(runs) } };
}
