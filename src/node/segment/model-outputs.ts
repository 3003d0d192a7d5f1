import { installedType, isInstalled } from '../../message/installed-type.js';
import { shortName } from '../../message/message-type.js';
import { type ModelContent, type ModelOutput, type OutputPlace, outputTopic } from '../../message/output.js';
import { MODEL_OUTPUTS } from '../../message/outputs.js';
import { stampFromNanoseconds } from '../../vision/picture/frame-source.js';
import type { RawPublisher, RosNode } from '../ros/ros-node.js';

interface OpenOutput {
  readonly row: ModelOutput;
  readonly write: (content: ModelContent) => Uint8Array;
  readonly publisher: RawPublisher;
}

/** The topics with messages about the model: published for each model, and once a second if they are repeated. */
export class ModelOutputs {
  readonly #outputs: OpenOutput[] = [];
  #content: Omit<ModelContent, 'header'> | undefined;

  /**
   * @param places of the cameras, each of which has its own topics
   * @param missing called with each message type that is not installed, `package/msg/Type`, and the topic that is left out
   */
  constructor(
    private readonly ros: RosNode,
    places: readonly OutputPlace[],
    missing: (type: string, topic: string) => void,
    rows: readonly ModelOutput[] = MODEL_OUTPUTS,
  ) {
    try {
      for (const row of rows) {
        for (const place of row.perCamera ? places : places.slice(0, 1)) this.#open(row, place, missing);
      }
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  /** Publishes the messages for another model, or for other settings of the same one. */
  publish(content: Omit<ModelContent, 'header'>): void {
    this.#content = content;
    this.#publish(() => true);
  }

  /** To be called once a second. */
  repeat(): void {
    this.#publish(({ row, publisher }) => row.repeated && publisher.subscriptions > 0);
  }

  destroy(): void {
    for (const { publisher } of this.#outputs.splice(0)) publisher.destroy();
  }

  #open(row: ModelOutput, place: OutputPlace, missing: (type: string, topic: string) => void): void {
    // A remap of tros_topic also applies to the topics that follow its name.
    const trosTopic = place.trosTopic && this.ros.resolve(place.trosTopic);
    const topic = outputTopic(row, { ...place, trosTopic });
    if (topic === undefined) return;
    if (!isInstalled(shortName(row.type))) return missing(row.type, topic);
    const write = row.open(installedType(shortName(row.type)));
    this.#outputs.push({ row, write, publisher: this.ros.publish(row.type, topic, row.qos) });
  }

  #publish(wanted: (output: OpenOutput) => boolean): void {
    const content = this.#content;
    if (!content) return;
    const header = { stamp: stampFromNanoseconds(this.ros.now()), frameId: '' };
    for (const output of this.#outputs) {
      if (wanted(output)) output.publisher.publish(output.write({ header, ...content }));
    }
  }
}
