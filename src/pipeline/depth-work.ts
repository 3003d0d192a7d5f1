import { DepthContent, type DepthFrame } from '../message/depth-content.js';
import { MessageType } from '../message/message-type.js';
import { DEPTH_OUTPUTS } from '../message/outputs.js';
import { Labels } from '../message/write/labels.js';
import type { KnownDistance } from '../message/write/perception-targets.js';
import { nativeDepthKernels } from '../native/depth-kernels.js';
import type { Intrinsics } from '../vision/depth/intrinsics.js';
import type { Registration, SpaceOptions } from '../vision/depth/objects-in-space.js';
import type { Segmentation } from '../vision/mask/segmentation.js';
import type { ColoredBy } from '../vision/picture/palette.js';

/** What is made of a frame and its depth picture, and how. Can be posted to another thread. */
export interface DepthOrder {
  readonly camera: Intrinsics;
  readonly registration: Registration;
  readonly space: SpaceOptions;
  /** Ids of the classes that ~/depth_masked is without; undefined: all. */
  readonly maskedClasses: readonly number[] | undefined;
  readonly maskMargin: number;
  readonly coloredBy: ColoredBy;
  /** Topics of the rows of DEPTH_OUTPUTS that are made. */
  readonly topics: readonly string[];
  /** Whether distances are requested. */
  readonly distances: boolean;
}

export interface DepthTask extends DepthOrder {
  readonly segmentation: Segmentation;
  readonly frame: DepthFrame;
}

/** A message of one of the topics that a task requests. */
export interface DepthMessage {
  readonly topic: string;
  readonly cdr: Uint8Array;
}

export interface DepthProducts {
  readonly messages: readonly DepthMessage[];
  /** One for each instance; undefined: they were not requested. */
  readonly distances: readonly KnownDistance[] | undefined;
}

/** The model's class names, and the definitions of the messages. Can be posted to another thread. */
export interface DepthNames {
  readonly labels: readonly string[];
  /** By topic of the row. */
  readonly types: Readonly<Record<string, { readonly name: string; readonly definition: string }>>;
}

/** Makes the messages and distances that tasks request, on the calling thread. */
export class DepthMaker {
  #order: DepthOrder | undefined;
  readonly #content = new DepthContent({
    space: () => this.#order!.space,
    masking: () => ({ margin: this.#order!.maskMargin, chosen: this.#chosen }),
    coloredBy: () => this.#order!.coloredBy,
    kernels: nativeDepthKernels(),
  });
  #chosen: ((classId: number) => boolean) | undefined;
  #writers = new Map<string, (content: DepthContent) => Uint8Array>();

  use({ labels: names, types }: DepthNames): void {
    const labels = new Labels(names);
    this.#writers = new Map(
      DEPTH_OUTPUTS.flatMap((row) => {
        const type = types[row.topic];
        return type ? [[row.topic, row.open(new MessageType(type.name, type.definition), { labels })]] : [];
      }),
    );
  }

  /**
   * @param use called with each message as it is made; its bytes are valid until the next
   * @returns distances, if they are requested
   */
  make(task: DepthTask, use: (topic: string, cdr: Uint8Array) => void): readonly KnownDistance[] | undefined {
    this.#order = task;
    const { maskedClasses: masked } = task;
    this.#chosen = masked && ((classId) => masked.includes(classId));
    this.#content.set(task.segmentation, task.frame, task.camera, task.registration);
    for (const topic of task.topics) {
      const write = this.#writers.get(topic);
      if (write) use(topic, write(this.#content));
    }
    if (!task.distances) return undefined;
    return this.#content.objects.map(({ points, distance, coverage }) => ({ points, distance, coverage }));
  }
}
