import type { DepthPicture } from '../vision/depth/depth-picture.js';
import type { Intrinsics } from '../vision/depth/intrinsics.js';
import type { DepthKernels } from '../vision/depth/kernels.js';
import { DepthMasker, type MaskedPart, type MaskOptions } from '../vision/depth/masked-depth.js';
import {
  type ObjectInSpace,
  type Registration,
  SpaceMeasurer,
  type SpaceOptions,
} from '../vision/depth/objects-in-space.js';
import type { Segmentation } from '../vision/mask/segmentation.js';
import type { FrameHeader } from '../vision/picture/frame-source.js';
import { ColorBook } from '../vision/picture/color-book.js';
import type { ColoredBy, Rgb } from '../vision/picture/palette.js';

/** A depth picture of a message. */
export interface DepthFrame extends FrameHeader {
  readonly depth: DepthPicture;
  /** As in its message: 16UC1, mono16 or 32FC1. */
  readonly encoding: string;
}

/** What one camera's depth contents have in common. */
export interface DepthTools {
  readonly space: () => SpaceOptions;
  /** For ~/depth_masked. */
  readonly masking: () => MaskOptions;
  readonly coloredBy: () => ColoredBy;
  /** Inner loops in C++; undefined: the TypeScript forms. */
  readonly kernels?: DepthKernels | undefined;
}

/**
 * What the messages about one frame and its depth picture are made of. Objects are measured once, when the first message asks for
 * them. One of these serves all frames of a camera: its contents are valid until the next `set`.
 */
export class DepthContent {
  readonly #measurer: SpaceMeasurer;
  readonly #masker: DepthMasker;
  readonly #book = new ColorBook();
  #colors: readonly Rgb[] | undefined;
  #tags = new Uint32Array(4 << 5);
  #floats = new Float32Array(this.#tags.buffer);
  #measured = false;
  #segmentation!: Segmentation;
  #frame!: DepthFrame;
  #camera!: Intrinsics;
  #registration!: Registration;

  constructor(private readonly tools: DepthTools) {
    this.#measurer = new SpaceMeasurer(tools.kernels);
    this.#masker = new DepthMasker(tools.kernels);
  }

  /** @param camera the depth camera */
  set(segmentation: Segmentation, frame: DepthFrame, camera: Intrinsics, registration: Registration): this {
    this.#segmentation = segmentation;
    this.#frame = frame;
    this.#camera = camera;
    this.#registration = registration;
    this.#measured = false;
    this.#colors = undefined;
    return this;
  }

  /** Of the depth picture: its stamp, and its optical frame, in which points and boxes are. */
  get header(): FrameHeader {
    return this.#frame;
  }

  get frame(): DepthFrame {
    return this.#frame;
  }

  get segmentation(): Segmentation {
    return this.#segmentation;
  }

  /** One for each instance. */
  get objects(): readonly ObjectInSpace[] {
    this.#measure();
    return this.#measurer.objects;
  }

  /** POINT_WORDS numbers for each point: x, y, z, rgb, class_id, confidence, instance_id. */
  get cloud(): Float32Array {
    this.#measure();
    return this.#measurer.cloud;
  }

  get points(): number {
    this.#measure();
    return this.#measurer.points;
  }

  /** An instance's color as 0xrrggbb. */
  colorOf(index: number): number {
    this.#colors ??= this.#book.colors(this.tools.coloredBy(), this.#segmentation.instances);
    const [red, green, blue] = this.#colors[index]!;
    return (red << 16) | (green << 8) | blue;
  }

  /** @param target as the frame's data; all pixels are written */
  mask(part: MaskedPart, target: DepthPicture['data']): void {
    const options = part === 'instances' ? this.tools.masking() : EXACT;
    this.#masker.mask(
      this.#segmentation,
      this.#frame.depth,
      this.#registration,
      this.#camera,
      part,
      options,
      target,
    );
  }

  #measure(): void {
    if (this.#measured) return;
    this.#measured = true;
    const { instances } = this.#segmentation;
    if (this.#tags.length < 4 * instances.length) {
      this.#tags = new Uint32Array(8 * instances.length);
      this.#floats = new Float32Array(this.#tags.buffer);
    }
    for (let i = 0; i < instances.length; i++) {
      const { classId, score, trackId } = instances[i]!;
      this.#tags[4 * i] = this.colorOf(i);
      this.#tags[4 * i + 1] = classId;
      this.#floats[4 * i + 2] = score;
      this.#tags[4 * i + 3] = trackId || i + 1;
    }
    this.#measurer.measure(
      this.#segmentation,
      this.#frame.depth,
      this.#camera,
      this.#registration,
      this.tools.space(),
      this.#tags,
    );
  }
}

const EXACT: MaskOptions = { margin: 0 };
