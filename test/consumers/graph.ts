import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { before } from 'mocha';
import { DEFINITIONS } from '../../src/message/definitions.js';
import { messageType, shortName } from '../../src/message/message-type.js';
import { Labels } from '../../src/message/write/labels.js';
import { compatible, type Qos } from '../../src/message/qos.js';
import { CameraOutputs } from '../../src/node/segment/camera-outputs.js';
import { decodeOptions, trosTypesOf } from '../../src/node/segment/loaded-model.js';
import { ModelOutputs } from '../../src/node/segment/model-outputs.js';
import { outputPlaces, outputSettings } from '../../src/node/segment/output-settings.js';
import type { RosNode } from '../../src/node/ros/ros-node.js';
import { defaultsOf } from '../../src/parameters/parameter.js';
import { SEGMENT_PARAMETERS, type SegmentParameters } from '../../src/parameters/segment.js';
import type { Segmentation } from '../../src/vision/mask/segmentation.js';
import type { FrameHeader } from '../../src/vision/picture/frame-source.js';
import type { Nv12Frame } from '../../src/vision/picture/nv12-frame.js';
import { withVariables } from '../environment.js';
import { readBack } from '../message/write/samples.js';
import { temporaryFolder } from '../temporary-folder.js';

/** A message on its way to a subscriber. */
export interface Delivery<T> {
  readonly message: T;
  readonly cdr: Uint8Array;
}

interface Subscription {
  readonly topic: string;
  readonly type: string;
  readonly qos: Qos;
  readonly take: (delivery: Delivery<never>) => void;
}

/** What ROS's default is: reliable, volatile. */
export const DEFAULT_QOS: Qos = { reliability: 'reliable', durability: 'volatile', depth: 10 };
export const LATCHED: Qos = { reliability: 'reliable', durability: 'transient_local', depth: 5 };
export const SENSOR_DATA: Qos = { reliability: 'best_effort', durability: 'volatile', depth: 5 };

/** Every message package we write messages of, installed as ROS does. To be called within describe(). */
export function withMessagesInstalled(): void {
  const prefix = temporaryFolder('consumers');
  withVariables({ AMENT_PREFIX_PATH: prefix });
  before(() => {
    for (const [type, text] of Object.entries(DEFINITIONS)) {
      const file = join(prefix, 'share', `${type.replace('/', '/msg/')}.msg`);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  });
}

/**
 * The topics of a node `segment` with one camera, and subscribers that hear them as they would on ROS: by type and QoS, and what was said
 * before they came only where both are transient local.
 */
export class Graph {
  readonly #subscriptions: Subscription[] = [];
  readonly #said = new Map<string, Uint8Array>();
  readonly #outputs: CameraOutputs;
  readonly #modelOutputs: ModelOutputs;
  readonly parameters: SegmentParameters;
  /** Offered QoS by topic. */
  readonly topics = new Map<string, { readonly type: string; readonly qos: Qos }>();

  constructor(
    private readonly names: readonly string[],
    set: Partial<SegmentParameters> = {},
  ) {
    const parameters = (this.parameters = { ...defaultsOf(SEGMENT_PARAMETERS), ...set });
    const places = outputPlaces(parameters);
    const missing = (type: string): never => {
      throw new Error(`${type} is not installed`);
    };
    this.#outputs = new CameraOutputs(
      this.#node(),
      outputSettings(places[0]!, () => parameters),
      missing,
    );
    this.#modelOutputs = new ModelOutputs(this.#node(), places, missing);
    this.load(names);
  }

  /** As the node does it with another model. */
  load(names: readonly string[]): void {
    const labels = new Labels(names);
    const { parameters } = this;
    const { classes } = decodeOptions(parameters, names);
    this.#outputs.use({ labels, modelName: 'yolo', trosTypes: trosTypesOf(parameters, names) });
    const input = { width: 640, height: 640 };
    this.#modelOutputs.publish({ labels, score: parameters.score, classes, input });
  }

  /** What the node's timer does once a second. */
  second(): void {
    this.#modelOutputs.repeat();
  }

  /** The results of a frame. @param pixels for the overlay */
  frame(header: FrameHeader, segmentation: Segmentation, pixels?: Nv12Frame): void {
    const timings = { preprocess: 1, inference: 9, decode: 1 };
    this.#outputs.publish({ header, pixels, segmentation, timings, fps: 30 });
  }

  /** Waits for pictures that are being packed. */
  idle(): Promise<void> {
    return this.#outputs.idle();
  }

  subscribe<T>(topic: string, type: string, qos: Qos, take: (delivery: Delivery<T>) => void): void {
    const subscription = { topic, type, qos, take: take as Subscription['take'] };
    this.#subscriptions.push(subscription);
    const said = this.#said.get(topic);
    if (said && qos.durability === 'transient_local') this.#deliver(topic, said, [subscription]);
  }

  #deliver(topic: string, cdr: Uint8Array, to: readonly Subscription[]): void {
    const offered = this.topics.get(topic)!;
    for (const { topic: wanted, type, qos, take } of to) {
      if (wanted !== topic || type !== offered.type || !compatible(qos, offered.qos)) continue;
      take({ message: readBack<never>(messageType(shortName(type)), cdr), cdr });
    }
  }

  #node(): RosNode {
    const resolve = (topic: string): string =>
      topic.startsWith('~/') ? `/segment/${topic.slice(2)}` : `/${topic.replace(/^\//, '')}`;
    const publish = (type: string, relative: string, qos: Qos): object => {
      const topic = resolve(relative);
      this.topics.set(topic, { type, qos });
      const subscriptions = this.#subscriptions;
      return {
        topic,
        get subscriptions() {
          return subscriptions.filter((one) => one.topic === topic).length;
        },
        publish: (cdr: Uint8Array) => {
          const bytes = Uint8Array.from(cdr);
          if (qos.durability === 'transient_local') this.#said.set(topic, bytes);
          this.#deliver(topic, bytes, subscriptions);
        },
        delivered: () => true,
        destroy: () => undefined,
      };
    };
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    return { publish, resolve, now: () => 5_000_000_007n, log } as unknown as RosNode;
  }
}
