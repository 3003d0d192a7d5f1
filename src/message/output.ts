import type { FrameHeader } from '../vision/picture/frame-source.js';
import type { Segmentation } from '../vision/mask/segmentation.js';
import type { ColorBook } from '../vision/picture/color-book.js';
import type { ColoredBy } from '../vision/picture/palette.js';
import type { PictureSize } from '../vision/picture/picture-size.js';
import type { DepthContent } from './depth-content.js';
import type { FrameContent } from './frame-content.js';
import type { MessageType } from './message-type.js';
import type { Qos } from './qos.js';
import type { ClassMapSize } from './write/class-map.js';
import type { Labels } from './write/labels.js';
import type { PerceptionMasks } from './write/perception-targets.js';

/** Begins topics that follow parameter `tros_topic`: its value, followed by `/NAME` with several cameras. */
export const TROS_TOPIC = '{tros_topic}';

/** A topic that the node `segment` publishes. */
export interface Output {
  /** With one camera; with several, `~/` becomes `~/NAME/` if `perCamera`. Or it begins with TROS_TOPIC. */
  readonly topic: string;
  /** Name of the type, as in `ros2 topic info`. */
  readonly type: string;
  readonly qos: Qos;
  readonly perCamera: boolean;
  /** For docs/parameters.md, as `what`. */
  readonly when: string;
  readonly what: string;
}

/** Facts about the model for the writers of its results. */
export interface OutputContext {
  readonly labels: Labels;
  /** Prefix of the perfs in PerceptionTargets. */
  readonly modelName: string;
  readonly trosMasks: PerceptionMasks;
  /** Types of rois in PerceptionTargets by class id, where these are not the class names. */
  readonly trosTypes?: ReadonlyMap<number, string> | undefined;
  /** Called for each frame. */
  readonly coloredBy: () => ColoredBy;
  /** Chooses the colors of the camera's instances. */
  readonly book: ColorBook;
  readonly classMapSize: () => ClassMapSize;
}

/** A message for each frame, made only while it has a subscriber. */
export interface FrameOutput extends Output {
  readonly of: 'frame';
  /** Whether bags of results contain it, unless it is left out on purpose. */
  readonly inBags: boolean;
  /** Whether a frame has such a message. @default all have */
  readonly has?: (segmentation: Segmentation) => boolean;
  /**
   * Creates the writer, again for each model.
   *
   * @param type the installed definition
   * @returns a function that makes the CDR bytes of a frame's message, valid until its next call
   */
  open(type: MessageType, context: OutputContext): (content: FrameContent) => Uint8Array;
}

/** A message for each frame that has a depth picture, for cameras with parameter `depth`; made only while it has a subscriber. */
export interface DepthOutput extends Output {
  readonly of: 'depth';
  readonly inBags: boolean;
  /** As in FrameOutput. */
  open(type: MessageType, context: Pick<OutputContext, 'labels'>): (content: DepthContent) => Uint8Array;
}

/** The contents of messages about the model. */
export interface ModelContent {
  readonly header: FrameHeader;
  readonly labels: Labels;
  /** Lowest score that is reported. */
  readonly score: number;
  /** Ids of the classes that are reported; absent: all. */
  readonly classes?: readonly number[] | undefined;
  /** Size of the model's input, where it is known. */
  readonly input?: PictureSize | undefined;
}

/** A message about the model: published with each model, and when its contents change. */
export interface ModelOutput extends Output {
  readonly of: 'model';
  readonly inBags: boolean;
  /** Whether it is also published once a second, for subscribers that cannot get earlier messages. */
  readonly repeated: boolean;
  /** As in FrameOutput. */
  open(type: MessageType): (content: ModelContent) => Uint8Array;
}

/** Topic names of one camera's outputs. */
export interface OutputPlace {
  /** Replaces `~/`: `~/` itself, or `~/front/` for one of several cameras. */
  readonly prefix: string;
  /** Replaces `{tros_topic}`; empty: none. */
  readonly trosTopic: string;
}

/** The topic of an output; undefined if it is disabled. */
export function outputTopic(
  { topic, perCamera }: Output,
  { prefix, trosTopic }: OutputPlace,
): string | undefined {
  // The parameter names the topic of each camera itself, one below the node's name (~/targets) included.
  if (topic.startsWith(TROS_TOPIC)) {
    return trosTopic === '' ? undefined : trosTopic + topic.slice(TROS_TOPIC.length);
  }
  return perCamera ? topic.replace(/^~\//, prefix) : topic;
}

/** The topic of an output in bags: the topic of a running node with the usual name. */
export function bagTopic({ topic }: Pick<Output, 'topic'>): string {
  return topic.replace('~', '/segment');
}
