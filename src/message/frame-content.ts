import type { Outlines, OutlineTracer } from '../vision/mask/outlines.js';
import type { Segmentation } from '../vision/mask/segmentation.js';
import type { FrameHeader, Stamp } from '../vision/picture/frame-source.js';
import type { KnownDistance } from './write/perception-targets.js';
import type { StageTimings } from './write/stage-timings.js';

/** What the contents of one camera's frames have in common. */
export interface ContentTools {
  readonly tracer: OutlineTracer;
  /** Pixels by which simplification may move the contours of masks; absent: the tracer's own. */
  readonly tolerance?: (() => number) | undefined;
  /** The present time on the clock of the frames' stamps; absent in bags, which do not know it. */
  readonly now?: (() => Stamp) | undefined;
}

/** What the messages of one frame are made of. What several of them need is made once, when the first asks for it. */
export class FrameContent {
  #outlines: Outlines | undefined;

  /**
   * @param fps results of this camera per second; undefined: unknown
   * @param objects where the instances are in space; undefined: unknown
   */
  constructor(
    readonly header: FrameHeader,
    readonly segmentation: Segmentation,
    private readonly tools: ContentTools,
    readonly timings?: StageTimings,
    readonly fps?: number,
    readonly objects?: readonly KnownDistance[],
  ) {}

  /** The contours of the instances. */
  get outlines(): Outlines {
    const { tracer, tolerance } = this.tools;
    return (this.#outlines ??= tracer.trace(this.segmentation, { tolerance: tolerance?.() }));
  }

  /** The present time, for messages that say when the result was ready. */
  get now(): Stamp | undefined {
    return this.tools.now?.();
  }
}
