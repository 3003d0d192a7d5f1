import { installedType, isInstalled } from '../../message/installed-type.js';
import { shortName } from '../../message/message-type.js';
import {
  MODEL_OUTPUTS,
  type ModelContent,
  type ModelOutput,
  type OutputPlace,
  outputTopic,
} from '../../message/outputs.js';
import { stampFromNanoseconds } from '../../vision/picture/frame-source.js';
import type { RawPublisher, RosNode } from '../ros/ros-node.js';

interface OpenOutput {
  readonly row: ModelOutput;
  readonly write: (content: ModelContent) => Uint8Array;
  readonly publisher: RawPublisher;
}

/** The topics that tell of the model: with each model, and once a second those that are repeated. */
export class ModelOutputs {
  readonly #outputs: OpenOutput[] = [];
  #told: Omit<ModelContent, 'header'> | undefined;

  /**
   * @param places of the cameras, each of which has the topics of its own
   * @param missing is told each message type that is not installed, `package/msg/Type`, and the topic that is off for it
   */
  constructor(
    private readonly ros: RosNode,
    places: readonly OutputPlace[],
    missing: (type: string, topic: string) => void,
    rows: readonly ModelOutput[] = MODEL_OUTPUTS,
  ) {
    for (const row of rows) {
      for (const place of row.perCamera ? places : places.slice(0, 1)) {
        const topic = outputTopic(row, place);
        if (topic === undefined) continue;
        if (isInstalled(shortName(row.type))) {
          const write = row.open(installedType(shortName(row.type)));
          this.#outputs.push({ row, write, publisher: ros.publish(row.type, topic, row.qos) });
        } else missing(row.type, topic);
      }
    }
  }

  /** Tells of another model, or of other settings of the same. */
  publish(content: Omit<ModelContent, 'header'>): void {
    this.#told = content;
    this.#publish(() => true);
  }

  /** To be called once a second. */
  repeat(): void {
    this.#publish(({ row, publisher }) => row.repeated && publisher.subscriptions > 0);
  }

  destroy(): void {
    for (const { publisher } of this.#outputs.splice(0)) publisher.destroy();
  }

  #publish(wanted: (output: OpenOutput) => boolean): void {
    const told = this.#told;
    if (!told) return;
    const header = { stamp: stampFromNanoseconds(this.ros.now()), frameId: '' };
    for (const output of this.#outputs) {
      if (wanted(output)) output.publisher.publish(output.write({ header, ...told }));
    }
  }
}
