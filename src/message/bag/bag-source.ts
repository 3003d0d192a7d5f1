import { ExpectationError, errorOf } from '../../base/expect.js';
import { CameraImageReader } from '../read/camera-image.js';
import { IMAGE_TYPES_TEXT, imageMessage } from '../image-messages.js';
import type { BadFrame, FrameSource, SourceFrame } from '../../vision/picture/frame-source.js';
import type { ImageReading } from '../../native/camera.js';
import { bagTopic } from '../output.js';
import { OUTPUTS, OWN_PICTURES } from '../outputs.js';
import { BagDepth, type BagDepthOptions } from './bag-depth.js';
import { bagFiles } from './bag-files.js';
import { McapFile, type BagMessage, type BagTopic } from './mcap-file.js';

/** Two frames may be in flight and one being read when the source moves on to the next. */
const FRAMES_IN_USE = 4;

export interface BagSourceOptions {
  /** Topic of the images; only needed if the bag has several. */
  readonly topic?: string | undefined;
  /**
   * frame_id of images that have none (HbmMsg). Empty by default: TROS writes a counter there, but a frame_id names a
   * coordinate frame.
   */
  readonly frameId?: string | undefined;
  /** The user's description of the images. */
  readonly reading?: ImageReading | undefined;
}

/**
 * The images on one topic of a bag: an MCAP file, or a rosbag2 folder of one or more.
 *
 * Frames come in the order of log time, each with the stamp and frame_id of its message. An unreadable message is a
 * BadFrame; so is an unreadable part of a file (see McapFile). NV12 frames have their own memory; others stay valid for the
 * next two iterations.
 */
export class BagSource implements FrameSource {
  readonly #files: readonly McapFile[];
  readonly #frameId: string;
  readonly #reading: ImageReading | undefined;

  private constructor(
    /** `bag.mcap#/camera` */
    readonly name: string,
    readonly topic: string,
    readonly count: number | undefined,
    files: readonly McapFile[],
    { frameId = '', reading }: BagSourceOptions,
  ) {
    this.#files = files;
    this.#frameId = frameId;
    this.#reading = reading;
  }

  /**
   * @param bag path of an MCAP file or a rosbag2 folder
   * @throws ExpectationError for anything that is not such a bag, and when it is not clear which topic has the images
   */
  static async open(bag: string, options: BagSourceOptions = {}): Promise<BagSource> {
    const files: McapFile[] = [];
    for (const file of await bagFiles(bag)) files.push(await McapFile.open(file));
    const topics = mergeTopics(files);
    if (topics.length === 0) {
      const damage = files.find((file) => file.damage !== undefined)?.damage;
      throw damage ?? new ExpectationError(`topics in ${bag}`, 'none');
    }
    const topic = chooseTopic(bag, topics, options.topic);
    return new BagSource(`${bag}#${topic.name}`, topic.name, topic.count, files, options);
  }

  /** The depth pictures on another topic of the bag. Rejects as BagDepth.open. */
  depth(options: BagDepthOptions): Promise<BagDepth> {
    return BagDepth.open(this.name, this.#files, options);
  }

  async *frames(): AsyncGenerator<SourceFrame | BadFrame, void, void> {
    const reader = new CameraImageReader(FRAMES_IN_USE, this.#reading);
    let index = 0;
    for (const file of this.#files) {
      for await (const message of file.messages(this.topic)) {
        yield await this.#decode(message, reader, index++);
      }
    }
  }

  async #decode(
    message: BagMessage | Error,
    reader: CameraImageReader,
    index: number,
  ): Promise<SourceFrame | BadFrame> {
    const place = { source: this.name, index };
    if (message instanceof Error) return { ...place, error: message };
    try {
      const type = imageMessage(message.type) ?? unreadable(this.topic, message.type);
      const image = type.read(message.data, reader);
      const frame = await image.pixels();
      const { stamp, frameId = this.#frameId } = image;
      return { ...place, stamp, frameId, frame, warning: reader.warning };
    } catch (error) {
      return { ...place, error: errorOf(error) };
    }
  }
}

/** The topics of all files; a split recording has them in each. */
function mergeTopics(files: readonly McapFile[]): BagTopic[] {
  const merged = new Map<string, BagTopic>();
  for (const topic of files.flatMap((file) => file.topics)) {
    const before = merged.get(topic.name);
    const count = before === undefined ? topic.count : sum(before.count, topic.count);
    merged.set(topic.name, { ...topic, count });
  }
  return [...merged.values()];
}

function sum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a + b;
}

function chooseTopic(bag: string, topics: readonly BagTopic[], wanted: string | undefined): BagTopic {
  if (wanted !== undefined) {
    const topic = topics.find(({ name }) => name === wanted);
    if (topic === undefined) {
      throw new ExpectationError(`the topic ${wanted} in ${bag}`, `a bag with ${listing(topics)}`);
    }
    if (!imageMessage(topic.type)) unreadable(topic.name, topic.type);
    return topic;
  }
  const images = topics.filter(({ type }) => imageMessage(type));
  const inputs = images.filter((topic) => !isResult(topic, topics));
  if (inputs.length === 1) return inputs[0]!;
  const hint = (name: string): string =>
    `Say which one with --topic, for example --topic ${name}, or name the input ${bag}#${name}.`;
  if (inputs.length > 1) {
    throw new ExpectationError(`one topic of images in ${bag}`, listing(inputs), hint(inputs[0]!.name));
  }
  throw images.length === 0
    ? new ExpectationError(`a topic of type ${IMAGE_TYPES_TEXT} in ${bag}`, listing(topics))
    : new ExpectationError(
        `a topic of camera images in ${bag}`,
        `results only: ${listing(images)}`,
        `Record the camera too (run --mcap-images). To read a result anyway: --topic ${images[0]!.name}.`,
      );
}

/** The default name of the node. */
const NODE = bagTopic({ topic: '~' });
const INSTANCES = OUTPUTS.instances.topic.slice(1);

/**
 * Whether an image topic cannot be an input: our own instance maps and overlays, below the node's default name or beside our
 * instances; and image_transport's compressed depth, which is not a picture.
 */
function isResult({ name }: BagTopic, topics: readonly BagTopic[]): boolean {
  if (name.endsWith('/compressedDepth')) return true;
  const ending = OWN_PICTURES.find((text) => name.endsWith(text));
  if (ending === undefined) return false;
  const node = name.slice(0, -ending.length);
  if (node === NODE || node.startsWith(`${NODE}/`)) return true;
  return topics.some((topic) => topic.name === node + INSTANCES && topic.type === OUTPUTS.instances.type);
}

function listing(topics: readonly BagTopic[]): string {
  return topics
    .map(({ name, type, count }) => `${name} (${type}, ${count ?? 'unknown number of'} messages)`)
    .join(', ');
}

function unreadable(topic: string, type: string): never {
  throw new ExpectationError(`images on ${topic}: ${IMAGE_TYPES_TEXT}`, type);
}
