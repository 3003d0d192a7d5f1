import { type Qos, RMW_DURABILITY, RMW_HISTORY, RMW_RELIABILITY } from '../../src/message/qos.js';
import type { RclEndpoint } from '../../src/node/ros/rclnodejs.js';
import type { RosNode } from '../../src/node/ros/ros-node.js';

/** A publisher in the graph. */
export interface GraphPublisher {
  readonly type: string;
  readonly reliability?: 'reliable' | 'best_effort';
  readonly gid?: number;
}

/** What a node does about changes of its parameters. */
interface ParameterWatcher {
  check(changed: readonly string[], next: Readonly<Record<string, unknown>>): void;
  apply(changed: readonly string[]): void;
}

/**
 * The interface that the parts of a node need from ROS, without ROS: the test defines the graph and sends messages. For the
 * behavior of real ROS, see test/ros.
 */
export class FakeRos {
  readonly fullName = '/node';
  readonly lines: string[] = [];
  /** Type and reliability of each subscription, in order of creation. */
  readonly subscribed: string[] = [];
  readonly published: Uint8Array[] = [];
  /** Topic of each message that was published, in order. */
  readonly publishedOn: string[] = [];
  publishers: readonly GraphPublisher[] = [];
  /** Topics that other nodes publish. */
  topics: readonly { readonly name: string; readonly type: string }[] = [];
  /** Called for each message that is published. */
  onPublish: (topic: string, cdr: Uint8Array) => void = () => undefined;
  /** Type of the publishers of a topic, if several are followed. */
  typeOf: ((topic: string) => string) | undefined;
  /** Subscriptions of the topics that this node publishes. */
  subscriptions: (topic: string) => number = () => 0;
  /** Whether subscribers have acknowledged everything. */
  delivered: () => boolean = () => true;
  open = 0;
  /** In order of creation. */
  readonly #subscriptions: { readonly topic: string; readonly take: (cdr: Buffer) => void }[] = [];
  readonly #services = new Map<string, (request: never) => unknown>();

  constructor(
    private readonly values: Readonly<Record<string, unknown>> = {},
    readonly middleware = 'rmw_test',
  ) {}

  /** The object in the type that the parts expect. */
  get node(): RosNode {
    return this as unknown as RosNode;
  }

  readonly log = {
    debug: (line: string): void => void this.lines.push(`debug: ${line}`),
    info: (line: string): void => void this.lines.push(line),
    warn: (line: string): void => void this.lines.push(`warning: ${line}`),
    error: (line: string): void => void this.lines.push(`error: ${line}`),
  };

  readonly parameters = {
    given: (name: string): unknown => this.values[name],
    set: (_table: object, values: object): void => void Object.assign(this.#declared, values),
    declare: (
      table: Record<string, { default?: unknown }>,
      watcher?: ParameterWatcher,
    ): Record<string, unknown> => {
      this.#watcher = watcher;
      return (this.#declared = {
        ...Object.fromEntries(Object.entries(table).map(([name, entry]) => [name, entry.default])),
        ...this.values,
      });
    },
  };
  #declared: Record<string, unknown> = {};
  #watcher: ParameterWatcher | undefined;

  /** Changes parameters while the node runs. @returns why they are refused, or undefined */
  setParameters(changes: Readonly<Record<string, unknown>>): unknown {
    const names = Object.keys(changes);
    try {
      this.#watcher!.check(names, { ...this.#declared, ...changes });
    } catch (error) {
      return error;
    }
    Object.assign(this.#declared, changes);
    this.#watcher!.apply(names);
    return undefined;
  }

  now(): bigint {
    return 5_000_000_007n;
  }

  resolve(topic: string): string {
    return topic.startsWith('/') ? topic : `/${topic}`;
  }

  overriddenQos(_topic: string, _entity: string, qos: Qos): Qos {
    return qos;
  }

  publishersOf(topic: string): readonly RclEndpoint[] {
    return this.publishers.map(({ type, reliability = 'best_effort', gid = 1 }) => ({
      node_name: 'camera',
      node_namespace: '/',
      topic_type: this.typeOf?.(topic) ?? type,
      topic,
      endpoint_gid: [gid, 0, 0],
      qos_profile: {
        history: RMW_HISTORY.keep_last,
        depth: 5,
        reliability: RMW_RELIABILITY[reliability],
        durability: RMW_DURABILITY.volatile,
      },
    }));
  }

  publishedTopics(types: ReadonlySet<string>): { name: string; type: string }[] {
    return this.topics.filter(({ type }) => types.has(type));
  }

  subscribe(
    type: string,
    topic: string,
    { reliability }: { reliability: string },
    take: (cdr: Buffer) => void,
  ): { topic: string; destroy: () => void } {
    this.subscribed.push(`${type} ${reliability}`);
    this.#subscriptions.push({ topic, take });
    this.open++;
    return { topic, destroy: () => void this.open-- };
  }

  /** Delivers a message to the newest subscription, to the newest of a topic, or to the one with this index. */
  deliver(cdr: Uint8Array, to: string | number = -1): void {
    const subscription =
      typeof to === 'number'
        ? this.#subscriptions.at(to)
        : this.#subscriptions.findLast(({ topic }) => topic === to);
    subscription!.take(Buffer.from(cdr));
  }

  publish(_type: string, topic: string): object {
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- a getter below asks for it
    const ros = this;
    return {
      topic: this.resolve(topic),
      get subscriptions() {
        return ros.subscriptions(topic);
      },
      publish: (cdr: Uint8Array): void => {
        this.published.push(Uint8Array.from(cdr));
        this.publishedOn.push(topic);
        this.onPublish(topic, cdr);
      },
      delivered: () => this.delivered(),
      destroy: () => undefined,
    };
  }

  serve(_type: string, name: string, answer: (request: never) => unknown): void {
    this.#services.set(name, answer);
  }

  /** The response of a service of the node. */
  async call<Answer>(name: string, request: object): Promise<Answer> {
    return (await this.#services.get(name)!(request as never)) as Answer;
  }
}
