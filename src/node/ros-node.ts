import { ExpectationError, messageOf } from '../expect.js';
import {
  checkParameter,
  describeParameter,
  type Parameter,
  type ParameterTable,
  type ParameterType,
  type ParameterValue,
  type ParameterValues,
} from '../parameters/parameter.js';
import { overridesFor } from './parameter-overrides.js';
import { type Qos, RMW_DURABILITY, RMW_KEEP_LAST, RMW_RELIABILITY } from './qos.js';
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
} from './rclnodejs.js';

/** rcl_interfaces/msg/ParameterType */
const RCL_TYPES: Readonly<Record<ParameterType, number>> = {
  bool: 1,
  integer: 2,
  double: 3,
  string: 4,
  string_array: 9,
};

/** Milliseconds of one wait of rclnodejs's thread; creating and destroying topics waits for its end. */
const WAIT_SLICE = 10;

/** A publisher of serialized messages. */
export interface RawPublisher {
  /** Fully resolved. */
  readonly topic: string;
  /** Number of subscriptions it has now. */
  readonly subscriptions: number;
  /** @param cdr the message with its encapsulation header; may be reused at once */
  publish(cdr: Uint8Array): void;
  /** Whether reliable subscriptions have acknowledged all that was published. */
  delivered(): boolean;
  destroy(): void;
}

export interface RawSubscription {
  /** Fully resolved. */
  readonly topic: string;
  destroy(): void;
}

/** What a node does with parameters that are set while it runs. */
export interface ParameterChanges<Table extends ParameterTable> {
  /**
   * Judges changes before they are made.
   *
   * @param next all values as they would be @throws anything; its message is told to whoever sets
   */
  check(changed: readonly (keyof Table & string)[], next: ParameterValues<Table>): void;
  /** After they were made. */
  apply(changed: readonly (keyof Table & string)[], values: ParameterValues<Table>): void;
}

/**
 * A ROS node: rclnodejs with its sharp edges taken off.
 *
 * - A throw in one of its callbacks would abort the process, so every callback is guarded; what it threw is logged.
 * - Parameters come from the command line and YAML as for rclcpp nodes, and are judged by our table.
 * - Messages go in and out serialized only.
 */
export class RosNode {
  readonly #rcl: Rcl;
  readonly #node: RclNode;
  readonly log: RclLogger;
  /** Parameters given from outside, by name. */
  readonly #overrides: ReadonlyMap<string, { readonly value: unknown }>;
  #destroyed = false;
  /** Whether the node itself sets parameters, which needs no judgement. */
  #setting = false;

  private constructor({ rcl, overrides }: LoadedRcl, name: string) {
    this.#rcl = rcl;
    class Node extends rcl.Node {
      override _getNativeParameterOverrides(): Map<string, RclParameter> {
        const found = overridesFor(this.getFullyQualifiedName(), overrides(this.context) ?? []);
        return new Map(
          [...found].map(([key, { type, value }]) => [key, new rcl.Parameter(key, type, value)]),
        );
      }
    }
    // Humble's rcl makes the rosout publisher itself and warns when rclnodejs makes another; it has no logger services.
    const humble = process.env['ROS_DISTRO'] === 'humble';
    this.#node = new Node(name, '', rcl.Context.defaultContext(), {
      enableRosout: !humble,
      enableLoggerService: !humble,
    });
    this.log = this.#node.getLogger();
    this.#overrides = new Map(this.#node.getParameterOverrides().map((given) => [given.name, given]));
  }

  /**
   * Initialises ROS and creates the process's node; `spin` it when everything is set up.
   *
   * Rejects with an ExpectationError when ROS is not there, or for wrong --ros-args.
   */
  static async create(name: string, argv: readonly string[] = process.argv): Promise<RosNode> {
    const loaded = await loadRcl();
    try {
      await loaded.rcl.init(undefined, [...argv]);
      loaded.rcl.removeSignalHandlers();
      return new RosNode(loaded, name);
    } catch (error) {
      throw new ExpectationError(
        'ROS 2 to start with these arguments',
        messageOf(error),
        'See ros2 run --help for --ros-args. With Cyclone DDS, ROS_LOCALHOST_ONLY=1 allows few processes in one ROS_DOMAIN_ID.',
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

  /** Nanoseconds since the epoch, of the simulation where use_sim_time is set. */
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
    const publisher = this.#attempt(type, topic, () =>
      this.#node.createPublisher(type, topic, { qos: this.#qos(qos) }),
    );
    return new Publisher(publisher, () => {
      if (!this.#destroyed) this.#node.destroyPublisher(publisher);
    });
  }

  /**
   * @param receive is given the serialized message, which is its own to keep
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

  /** @param answer its rejection is logged and leaves the caller without an answer: better tell him */
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

  /** The name as the graph has it, after namespaces and remaps. */
  resolve(topic: string): string {
    return this.#node.resolveTopicName(topic);
  }

  /** Message types that a topic has now, of publishers and subscriptions. */
  typesOf(resolvedTopic: string): readonly string[] {
    return this.#node.getTopicNamesAndTypes().find(({ name }) => name === resolvedTopic)?.types ?? [];
  }

  publishersOf(resolvedTopic: string): readonly RclEndpoint[] {
    return this.#node.getPublishersInfoByTopic(resolvedTopic);
  }

  /** The value of a parameter as the command line or a file gives it, before it is declared; undefined: not given. */
  given(parameter: string): unknown {
    return plainValue(this.#overrides.get(parameter)?.value);
  }

  /**
   * Declares a table of parameters with the values given from outside.
   *
   * @param own values that stand in for the table's defaults, where nothing is given
   * @returns the values, kept up to date in place
   * @throws ExpectationError for a given value that the table does not allow
   */
  declare<Table extends ParameterTable>(
    table: Table,
    changes: ParameterChanges<Table>,
    own: Partial<ParameterValues<Table>> = {},
  ): ParameterValues<Table> {
    const values: Record<string, ParameterValue> = {};
    for (const [name, parameter] of Object.entries(table)) {
      const given = this.#overrides.get(name);
      const value = given ? plainValue(given.value) : (own[name] ?? parameter.default);
      values[name] = checkParameter(name, parameter, value);
      this.#node.declareParameter(
        this.#rclParameter(name, parameter, values[name]),
        this.#descriptor(name, parameter),
        true,
      );
    }
    this.#watch(table, values, changes);
    return values as unknown as ParameterValues<Table>;
  }

  /** Sets declared parameters on the node's own behalf: others see them, `ParameterChanges` is not asked. */
  set<Table extends ParameterTable>(table: Table, values: Partial<ParameterValues<Table>>): void {
    this.#setting = true;
    try {
      for (const [name, value] of Object.entries(values)) {
        this.#node.setParameter(this.#rclParameter(name, table[name]!, value as ParameterValue));
      }
    } finally {
      this.#setting = false;
    }
  }

  #watch(
    table: ParameterTable,
    values: Record<string, ParameterValue>,
    changes: ParameterChanges<ParameterTable>,
  ): void {
    const ours = ({ name }: RclParameter): boolean => Object.hasOwn(table, name);
    const node = this.#node;
    // Brings values into the type of the table, where that can be done: 1 for a double, one string for a list.
    node.addPreSetParametersCallback((parameters) =>
      parameters.map((parameter) => {
        if (!ours(parameter) || parameter.type === 0) return parameter;
        const row = table[parameter.name]!;
        try {
          const value = checkParameter(parameter.name, row, plainValue(parameter.value));
          return this.#rclParameter(parameter.name, row, value);
        } catch {
          return parameter; // refused below, with the reason
        }
      }),
    );
    const inherited = node._validateParameters.bind(node);
    node._validateParameters = (parameters, declaring = false) => {
      if (declaring || !parameters.some(ours)) return inherited(parameters, declaring);
      try {
        const next = { ...values };
        for (const parameter of parameters.filter(ours)) {
          const { name, value } = parameter;
          if (parameter.type === 0) {
            throw new ExpectationError(`a value for parameter ${name}`, 'a request to delete it');
          }
          next[name] = checkParameter(name, table[name]!, plainValue(value));
        }
        const changed = Object.keys(next).filter((name) => !same(next[name]!, values[name]!));
        if (!this.#setting) changes.check(changed, next);
        return inherited(parameters.filter((parameter) => !ours(parameter)));
      } catch (error) {
        return { successful: false, reason: messageOf(error) };
      }
    };
    node.addPostSetParametersCallback((parameters) =>
      this.#guard('setting parameters', () => {
        const changed: string[] = [];
        for (const { name, value } of parameters.filter(ours)) {
          const next = checkParameter(name, table[name]!, plainValue(value));
          if (!same(next, values[name]!)) changed.push(name);
          values[name] = next;
        }
        if (changed.length > 0 && !this.#setting) changes.apply(changed, values);
      }),
    );
  }

  #rclParameter(name: string, { type }: Parameter, value: ParameterValue): RclParameter {
    const own = typeof value === 'number' && type === 'integer' ? BigInt(value) : value;
    return new this.#rcl.Parameter(name, RCL_TYPES[type], own);
  }

  #descriptor(name: string, parameter: Parameter): object {
    const { type, help, range } = parameter;
    const descriptor = new this.#rcl.ParameterDescriptor(name, RCL_TYPES[type], help, false, null);
    // rclnodejs never sends the ranges it is given: it looks for this field, with these names in it. Step 0: any value.
    if (range) {
      const [from_value, to_value] = range;
      descriptor._rangeConstraint =
        type === 'integer'
          ? Object.assign(new this.#rcl.IntegerRange(BigInt(from_value), BigInt(to_value), 1n), {
              from_value: BigInt(from_value),
              to_value: BigInt(to_value),
            })
          : Object.assign(new this.#rcl.FloatingPointRange(from_value, to_value, 0), {
              from_value,
              to_value,
            });
    }
    descriptor.additionalConstraints =
      describeParameter(parameter) + (parameter.dynamic ? '' : '; fixed while the node is configured');
    return descriptor;
  }

  #qos({ depth, reliability, durability }: Qos): object {
    return new this.#rcl.QoS(RMW_KEEP_LAST, depth, RMW_RELIABILITY[reliability], RMW_DURABILITY[durability]);
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
      this.log.error(`${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
  }
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
      return true; // a middleware that cannot say
    }
  }
}

/** A value of rclnodejs as TypeScript would have it: numbers for 64-bit integers, arrays for lists. */
function plainValue(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<unknown>, plainValue);
  return Array.isArray(value) ? value.map((item) => plainValue(item)) : value;
}

function same(a: ParameterValue, b: ParameterValue): boolean {
  return Array.isArray(a) && Array.isArray(b)
    ? a.length === b.length && a.every((item, index) => item === b[index])
    : a === b;
}
