import { ExpectationError, messageOf, reportOf } from '../../base/expect.js';
import { distribution } from './distribution.js';
import { NodeParameters, plainValue } from './node-parameters.js';
import { overridesFor } from './parameter-overrides.js';
import { CLOCK_QOS, type Qos, RMW_DURABILITY, RMW_HISTORY, RMW_RELIABILITY } from '../../message/qos.js';
import { overrideQos } from './qos-overrides.js';
import { enclaveOf } from './ros-arguments.js';
import { guardSetParameters, libraryValue } from './set-parameters.js';
import {
  loadRcl,
  type LoadedRcl,
  type Rcl,
  type RclEndpoint,
  type RclLogger,
  type RclNode,
  type RclParameter,
  type RclPublisher,
  type RclSubscription,
  type ServiceArguments,
  type ServiceCallback,
} from './rclnodejs.js';

/** Milliseconds of one wait of rclnodejs's thread; creating and destroying topics waits for its end. */
const WAIT_SLICE = 10;

const CLOCK_TOPIC = '/clock';

/** A publisher of serialized messages. */
export interface RawPublisher {
  /** Fully resolved. */
  readonly topic: string;
  /** Current number of subscriptions. */
  readonly subscriptions: number;
  /** @param cdr the message with its encapsulation header; may be reused at once */
  publish(cdr: Uint8Array): void;
  /** Whether reliable subscriptions have acknowledged all published messages. */
  delivered(): boolean;
  destroy(): void;
}

export interface RawSubscription {
  /** Fully resolved. */
  readonly topic: string;
  destroy(): void;
}

/**
 * A ROS node on rclnodejs, with workarounds for its defects.
 *
 * - An exception in one of its callbacks would abort the process, so every callback is guarded, and exceptions are logged.
 * - Parameters from the command line and YAML files work as in rclcpp, and are checked by our table.
 * - All messages are sent and received in serialized form.
 */
export class RosNode {
  readonly #rcl: Rcl;
  readonly #node: RclNode;
  readonly log: RclLogger;
  readonly parameters: NodeParameters;
  #destroyed = false;

  private constructor(
    { rcl, overrides }: LoadedRcl,
    name: string,
    /** Enclave with the security files (SROS2), from --enclave; undefined: / */
    readonly enclave: string | undefined,
  ) {
    this.#rcl = rcl;
    const qosOf = (qos: Qos): object => this.#qos(qos);
    // Not a method, because the constructor of rclnodejs's class calls it.
    const givenFor = (node: RclNode): ReturnType<typeof overridesFor> =>
      overridesFor(node.getFullyQualifiedName(), overrides(node.context) ?? []);
    class Node extends rcl.Node {
      // The library's constructor makes the parameter services unguarded.
      override createService(type: string, service: string, ...rest: ServiceArguments): unknown {
        const answer = rest.pop() as ServiceCallback;
        const own = /^rcl_interfaces\/srv\/SetParameters/.test(type) ? guardSetParameters(answer) : answer;
        return super.createService(type, service, ...([...rest, own] as ServiceArguments));
      }

      override _getNativeParameterOverrides(): Map<string, RclParameter> {
        return new Map(
          [...givenFor(this)].map(([key, { type, value }]) => [
            key,
            new rcl.Parameter(key, type, libraryValue(type, value)),
          ]),
        );
      }

      /** rclnodejs subscribes to /clock with ROS's default QoS, which is reliable and incompatible with `ros2 bag play --clock`. */
      override createSubscription(...args: Parameters<RclNode['createSubscription']>): RclSubscription {
        const [type, topic, options] = args as readonly unknown[];
        if (topic !== CLOCK_TOPIC || typeof options !== 'function') return super.createSubscription(...args);
        const given = givenFor(this);
        const { qos } = overrideQos(CLOCK_TOPIC, 'subscription', CLOCK_QOS, (name) =>
          plainValue(given.get(name)?.value),
        );
        const listen: unknown[] = [type, topic, { qos: qosOf(qos) }, options];
        return super.createSubscription(...(listen as typeof args));
      }
    }
    const { ownRosout, loggerServices } = distribution();
    this.#node = new Node(name, '', rcl.Context.defaultContext(), {
      enableRosout: !ownRosout,
      enableLoggerService: loggerServices,
    });
    this.log = this.#node.getLogger();
    this.parameters = new NodeParameters(rcl, this.#node, (what, work) => this.#guard(what, work));
  }

  /**
   * Initializes ROS and creates the process's node; `spin` it when everything is set up.
   *
   * Rejects with an ExpectationError if ROS is not available or --ros-args is invalid.
   */
  static async create(name: string, argv: readonly string[] = process.argv): Promise<RosNode> {
    const loaded = await loadRcl();
    try {
      // The library's handler shuts ROS down at SIGINT, under a node that is being made. Signals are StopSignal's.
      loaded.rcl.removeSignalHandlers();
      await loaded.rcl.init(undefined, [...argv]);
      return new RosNode(loaded, name, enclaveOf(argv));
    } catch (error) {
      throw new ExpectationError(
        'ROS 2 to start with these arguments',
        messageOf(error),
        'See ros2 run --help for --ros-args. With Cyclone DDS limited to this machine, a ROS_DOMAIN_ID has room for few processes.',
        { cause: error },
      );
    }
  }

  /** /namespace/name */
  get fullName(): string {
    return this.#node.getFullyQualifiedName();
  }

  /** rmw_cyclonedds_cpp, rmw_fastrtps_cpp ... */
  get middleware(): string {
    return this.#node.getRMWImplementationIdentifier();
  }

  /** Nanoseconds since the epoch, in simulation time if use_sim_time is set. */
  now(): bigint {
    return this.#node.now().nanoseconds;
  }

  spin(): void {
    this.#node.spin(WAIT_SLICE);
  }

  /** Ends the node and ROS. Idempotent. */
  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#rcl.shutdown();
  }

  /** @throws ExpectationError when the message package is not installed, or the topic's name is none */
  publish(type: string, topic: string, qos: Qos): RawPublisher {
    const wanted = this.overriddenQos(this.resolve(topic), 'publisher', qos);
    const publisher = this.#attempt(type, topic, () =>
      this.#node.createPublisher(type, topic, { qos: this.#qos(wanted) }),
    );
    return new Publisher(publisher, () => {
      if (!this.#destroyed) this.#node.destroyPublisher(publisher);
    });
  }

  /**
   * @param receive gets the serialized message and may keep it
   * @throws ExpectationError when the message package is not installed, or the topic's name is none
   */
  subscribe(type: string, topic: string, qos: Qos, receive: (cdr: Buffer) => void): RawSubscription {
    let active = true;
    const subscription: RclSubscription = this.#attempt(type, topic, () =>
      this.#node.createSubscription(type, topic, { qos: this.#qos(qos), isRaw: true }, (cdr) => {
        if (active) this.#guard(`a message on ${topic}`, () => receive(cdr));
      }),
    );
    return {
      topic: subscription.topic,
      destroy: () => {
        if (!active) return;
        active = false;
        if (!this.#destroyed) this.#node.destroySubscription(subscription);
      },
    };
  }

  /** @param answer should not reject: a rejection is logged, and the caller gets no answer */
  serve<Request extends object>(
    type: string,
    name: string,
    answer: (request: Request) => object | Promise<object>,
  ): void {
    this.#attempt(type, name, () =>
      this.#node.createService(type, name, {}, (request, response) => {
        const reply = async (): Promise<void> => {
          const message = await answer(request as Request);
          if (!this.#destroyed) response.send(message);
        };
        reply().catch((error: unknown) => this.log.error(`${name}: ${messageOf(error)}`));
      }),
    );
  }

  /**
   * The name in the graph, after namespaces and remaps.
   *
   * @throws ExpectationError for an invalid topic name
   */
  resolve(topic: string): string {
    try {
      return this.#node.resolveTopicName(topic);
    } catch (error) {
      throw new ExpectationError(
        'a name of a topic such as /front/image_raw',
        topic,
        'Parts are letters, digits and _, none begins with a digit, and / stands between them.',
        { cause: error },
      );
    }
  }

  /** Current message types of a topic's publishers and subscriptions. */
  typesOf(resolvedTopic: string): readonly string[] {
    return this.#node.getTopicNamesAndTypes().find(({ name }) => name === resolvedTopic)?.types ?? [];
  }

  publishersOf(resolvedTopic: string): readonly RclEndpoint[] {
    return this.#node.getPublishersInfoByTopic(resolvedTopic);
  }

  /** Topics with one of these types that other nodes publish now. One query for each topic, so too slow for every frame. */
  publishedTopics(types: ReadonlySet<string>): { readonly name: string; readonly type: string }[] {
    const own = this.fullName;
    return this.#node.getTopicNamesAndTypes().flatMap(({ name, types: found }) => {
      const type = found.find((candidate) => types.has(candidate));
      const others = (): boolean =>
        this.publishersOf(name).some((endpoint) => endpointNode(endpoint) !== own);
      return type !== undefined && others() ? [{ name, type }] : [];
    });
  }

  /**
   * QoS with the overrides of parameters `qos_overrides.*`, which are then declared. Publishers apply it themselves.
   *
   * @param topic fully resolved
   * @throws ExpectationError for an invalid value of the policy
   */
  overriddenQos(topic: string, entity: 'subscription' | 'publisher', qos: Qos): Qos {
    const { parameters } = this;
    const found = overrideQos(topic, entity, qos, (parameter) => parameters.given(parameter));
    for (const { parameter, value } of found.overrides) parameters.declareFixed(parameter, value);
    return found.qos;
  }

  #qos({ depth, reliability, durability, history = 'keep_last' }: Qos): object {
    return new this.#rcl.QoS(
      RMW_HISTORY[history],
      depth,
      RMW_RELIABILITY[reliability],
      RMW_DURABILITY[durability],
    );
  }

  #attempt<T>(type: string, name: string, create: () => T): T {
    try {
      return create();
    } catch (error) {
      throw new ExpectationError(
        `${name} with ${type} to be possible`,
        messageOf(error),
        `Check the name, and that ${type.split('/')[0]} is installed; build tros_yolo_seg again when it was installed later.`,
        { cause: error },
      );
    }
  }

  #guard(what: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.log.error(`${what}: ${reportOf(error)}`);
    }
  }
}

/** The node that an endpoint belongs to: /namespace/name. */
export function endpointNode({ node_namespace, node_name }: RclEndpoint): string {
  return `${node_namespace.replace(/\/$/, '')}/${node_name}`;
}

/** A publisher's policies; system defaults count as ROS's defaults. */
export function endpointQos({ qos_profile }: RclEndpoint): Qos {
  return {
    reliability: qos_profile.reliability === RMW_RELIABILITY.best_effort ? 'best_effort' : 'reliable',
    durability: qos_profile.durability === RMW_DURABILITY.transient_local ? 'transient_local' : 'volatile',
    depth: qos_profile.depth,
  };
}

class Publisher implements RawPublisher {
  readonly topic: string;

  constructor(
    private readonly publisher: RclPublisher,
    readonly destroy: () => void,
  ) {
    this.topic = publisher.topic;
  }

  get subscriptions(): number {
    return this.publisher.subscriptionCount;
  }

  publish(cdr: Uint8Array): void {
    this.publisher.publish(Buffer.from(cdr.buffer, cdr.byteOffset, cdr.byteLength));
  }

  delivered(): boolean {
    try {
      return this.publisher.waitForAllAcked(0n);
    } catch {
      return true; // the middleware does not support the query
    }
  }
}
