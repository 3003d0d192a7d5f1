import { messageOf } from '../base/expect.js';
import { SceneSource } from '../media/scene/index.js';
import type { BagDepthOptions, DepthSource } from '../message/bag/bag-depth.js';
import { BagSource } from '../message/bag/bag-source.js';
import { cameraInfoTopics } from '../message/camera-info-topics.js';
import { DepthContent, type DepthTools } from '../message/depth-content.js';
import { nativeDepthKernels } from '../native/depth-kernels.js';
import type { Vector } from '../vision/depth/objects-in-space.js';
import type { FrameSource } from '../vision/picture/frame-source.js';
import type { FrameResult } from './segmenter.js';

export interface FileDepthOptions extends Omit<BagDepthOptions, 'depthInfo' | 'colorInfo' | 'colorTopic'> {
  /** Undefined: below or beside the image topics. */
  readonly depthInfo: string | undefined;
  readonly colorInfo: string | undefined;
  readonly tools: DepthTools;
}

/** The depth pictures that belong to the frames of one source. */
export class FileDepth {
  readonly #content: DepthContent;
  #up: Vector | undefined;
  /** Frames without a depth picture, and why the last one could not be used. */
  unpaired = 0;
  refused = 0;
  problem: string | undefined;

  private constructor(
    private readonly source: DepthSource,
    tools: DepthTools,
  ) {
    this.#content = new DepthContent({
      kernels: nativeDepthKernels(),
      ...tools,
      space: () => (this.#up ? { ...tools.space(), up: this.#up } : tools.space()),
    });
  }

  /** @returns undefined for sources that have none: pictures, videos. Rejects as BagDepth.open */
  static async open(source: FrameSource, options: FileDepthOptions): Promise<FileDepth | undefined> {
    const { tools, topic, depthInfo, colorInfo } = options;
    if (source instanceof SceneSource) return new FileDepth(source.depth(), tools);
    if (!(source instanceof BagSource)) return undefined;
    const depth = await source.depth({
      ...options,
      colorTopic: source.topic,
      depthInfo: depthInfo === undefined ? cameraInfoTopics(topic) : [depthInfo],
      colorInfo: colorInfo === undefined ? cameraInfoTopics(source.topic) : [colorInfo],
    });
    return new FileDepth(depth, tools);
  }

  close(): Promise<void> {
    return this.source.close();
  }

  /** The result with its depth, if there is any; valid until the next call. */
  async add(result: FrameResult): Promise<FrameResult> {
    const { frame, segmentation } = result;
    try {
      const sample = await this.source.sampleOf(frame, segmentation);
      if (!sample) {
        this.unpaired++;
        return result;
      }
      this.#up = sample.up;
      const depth = this.#content.set(segmentation, sample.frame, sample.camera, sample.registration);
      return { ...result, depth };
    } catch (error) {
      this.refused++;
      this.problem = messageOf(error);
      return result;
    }
  }
}
