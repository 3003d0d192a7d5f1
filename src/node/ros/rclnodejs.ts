import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ExpectationError, messageOf } from '../../base/expect.js';
import { packageRoot } from '../../base/package-root.js';

/**
 * The parts of rclnodejs 2.2 that we use, typed by their actual behavior: its own types are wrong in places (QoS, getters of
 * publishers) and refer to a file that only exists after messages were generated. No other file imports rclnodejs.
 */
export interface Rcl {
  init(context?: unknown, argv?: readonly string[]): Promise<void>;
  shutdown(): void;
  removeSignalHandlers(): void;
  /** @returns the arguments without --ros-args and its flags */
  removeROSArgs(argv: readonly string[]): string[];
  readonly Context: { defaultContext(): RclContext };
  readonly Node: new (
    name: string,
    namespace?: string,
    context?: RclContext,
    options?: { enableRosout: boolean; enableLoggerService?: boolean },
  ) => RclNode;
  readonly QoS: new (
    history: number,
    depth: number,
    reliability: number,
    durability: number,
    liveliness?: number,
  ) => object;
  readonly Parameter: new (name: string, type: number, value: unknown) => RclParameter;
  readonly ParameterDescriptor: new (
    name: string,
    type: number,
    description: string,
    readOnly: boolean,
    range: object | null,
  ) => { additionalConstraints: string; _rangeConstraint?: object };
  readonly IntegerRange: new (from: bigint, to: bigint, step: bigint) => object;
  readonly FloatingPointRange: new (from: number, to: number, step: number) => object;
}

export interface ServiceResponse {
  /** An empty response, to be filled and sent. */
  readonly template: object;
  send(response: object): void;
}

export type ServiceCallback = (request: object, response: ServiceResponse) => void;

export type ServiceArguments = [options: object, callback: ServiceCallback] | [callback: ServiceCallback];

export interface RclContext {
  readonly handle: unknown;
}

export interface RclParameter {
  readonly name: string;
  /** rcl_interfaces/msg/ParameterType */
  readonly type: number;
  readonly value: unknown;
}

export interface RclNode {
  readonly context: RclContext;
  name(): string;
  namespace(): string;
  getFullyQualifiedName(): string;
  getRMWImplementationIdentifier(): string;
  resolveTopicName(topic: string): string;
  spin(timeoutMilliseconds: number): void;
  stop(): void;
  destroy(): void;
  now(): { readonly nanoseconds: bigint };
  getLogger(): RclLogger;
  createPublisher(type: string, topic: string, options: { qos: object }): RclPublisher;
  destroyPublisher(publisher: RclPublisher): void;
  createSubscription(
    type: string,
    topic: string,
    options: { qos: object; isRaw: true },
    callback: (cdr: Buffer) => void,
  ): RclSubscription;
  destroySubscription(subscription: RclSubscription): void;
  createService(type: string, name: string, ...rest: ServiceArguments): unknown;
  getTopicNamesAndTypes(): { name: string; types: string[] }[];
  getPublishersInfoByTopic(topic: string): RclEndpoint[];
  declareParameter(parameter: RclParameter, descriptor: object, ignoreOverride: boolean): unknown;
  getParameterOverrides(): RclParameter[];
  hasParameter(name: string): boolean;
  getParameter(name: string): RclParameter;
  setParameter(parameter: RclParameter): { successful: boolean; reason: string };
  setParameters(parameters: RclParameter[]): { successful: boolean; reason: string }[];
  addPreSetParametersCallback(callback: (parameters: RclParameter[]) => RclParameter[]): void;
  addPostSetParametersCallback(callback: (parameters: RclParameter[]) => void): void;
  /** Checks a request to set parameters before anything else; our override gives helpful reasons. */
  _validateParameters(
    parameters: RclParameter[],
    declaring?: boolean,
  ): { successful: boolean; reason: string | null };
  /** Called by the constructor; the library's own method ignores fully qualified names and wildcards. */
  _getNativeParameterOverrides(): Map<string, RclParameter>;
}

export interface RclPublisher {
  readonly topic: string;
  readonly subscriptionCount: number;
  publish(cdr: Buffer): void;
  /** @param timeout in nanoseconds; 0 does not wait @returns whether all messages are acknowledged */
  waitForAllAcked(timeout: bigint): boolean;
}

export interface RclSubscription {
  readonly topic: string;
}

export interface RclLogger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** A publisher in the graph; the policies are numbers of rmw. */
export interface RclEndpoint {
  readonly node_name: string;
  readonly node_namespace: string;
  /** Distinguishes endpoints of the same node. */
  readonly endpoint_gid: readonly number[];
  readonly topic_type: string;
  readonly qos_profile: { readonly depth: number; readonly reliability: number; readonly durability: number };
}

/** Parameters of the command line and its YAML files, by node name, which may be a pattern. */
export interface RclOverrides {
  readonly name: string;
  readonly parameters: readonly { readonly name: string; readonly type: number; readonly value: unknown }[];
}

interface NativeRcl {
  getParameterOverrides(context: unknown): readonly RclOverrides[] | undefined;
}

export interface LoadedRcl {
  readonly rcl: Rcl;
  readonly overrides: (context: RclContext) => readonly RclOverrides[] | undefined;
}

/**
 * Loads rclnodejs.
 *
 * Rejects with an ExpectationError if ROS 2 is not sourced or the library was not built for it. This is checked first, because the
 * library would otherwise run npm and a compiler for minutes, and delete its generated messages.
 */
export async function loadRcl(): Promise<LoadedRcl> {
  const { ROS_DISTRO: distro, AMENT_PREFIX_PATH: prefixes } = process.env;
  if (!distro || !prefixes) {
    throw new ExpectationError(
      'a sourced ROS 2',
      'an environment without ROS_DISTRO and AMENT_PREFIX_PATH',
      'source /opt/ros/humble/setup.bash (or that of your release), then that of your workspace. Files need no ROS: tros-yolo-seg run.',
    );
  }
  const folder = findLibrary(prefixes.split(delimiter));
  for (const part of ['build/Release/rclnodejs.node', 'generated']) {
    if (existsSync(join(folder, part))) continue;
    throw new ExpectationError(
      'rclnodejs with its native part and the messages of this ROS 2',
      `no ${join(folder, part)}`,
      [
        'colcon build makes both: install the package with it and start the node with ros2 run tros_yolo_seg segment.',
        `For an rclnodejs that npm installed: node ${join(packageRoot, 'scripts/ros-rclnodejs.mjs')} --rclnodejs ${folder}`,
      ].join('\n'),
    );
  }
  checkRelease(folder, distro);
  try {
    // By its place rather than its name, as it may be part of a colcon install. The files have no declared types.
    const part = (path: string): string => pathToFileURL(join(folder, path)).href;
    const rcl = ((await import(part('dist/index.js'))) as { default: Rcl }).default;
    const native = (await import(part('lib/native_loader.js'))) as { default: NativeRcl };
    checkMembers(folder, (rcl.Node as unknown as { prototype: object }).prototype, native.default);
    return { rcl, overrides: (context) => native.default.getParameterOverrides(context.handle) };
  } catch (error) {
    if (error instanceof ExpectationError) throw error;
    throw new ExpectationError(
      `rclnodejs to load with ROS 2 ${distro}`,
      messageOf(error),
      'Build the package again with this ROS 2 sourced: colcon build --cmake-clean-first.',
      { cause: error },
    );
  }
}

/**
 * Structs of messages and functions differ between releases of ROS (Lyrical's sequences are 32 bytes, those before it 24), but the
 * libraries have the same names: what was made for one release loads on another, and corrupts memory.
 *
 * @throws ExpectationError for an rclnodejs that scripts/ros-rclnodejs.mjs made ready for another release
 */
export function checkRelease(folder: string, distro: string): void {
  const file = join(folder, '.ros-distro');
  if (!existsSync(file)) return; // made ready by its own scripts, which choose by the release
  const made = readFileSync(file, 'utf8').trim();
  if (made === distro) return;
  throw new ExpectationError(
    `rclnodejs for ROS 2 ${distro}, which is sourced`,
    `the one for ${made} in ${folder}`,
    `Source ${made}, or build the package with ${distro} sourced: colcon build --cmake-clean-first.`,
  );
}

/** Members of rclnodejs that are not documented, but that we use. */
const NODE_MEMBERS = [
  '_getNativeParameterOverrides',
  '_validateParameters',
  'setParameters',
  'createService',
];
const NATIVE_MEMBERS = ['getParameterOverrides'];

/** @throws ExpectationError for a version without the members that we use, undocumented ones among them */
export function checkMembers(folder: string, node: object, native: object): void {
  const lacks = (object: object, names: readonly string[]): string[] =>
    names.filter((name) => typeof (object as Record<string, unknown>)[name] !== 'function');
  const missing = [...lacks(node, NODE_MEMBERS), ...lacks(native, NATIVE_MEMBERS)];
  if (missing.length === 0) return;
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version?: string };
  throw new ExpectationError(
    `rclnodejs 2.2, with ${missing.join(', ')}`,
    `version ${version ?? 'unknown'} in ${folder}, without`,
    'npm install rclnodejs@2.2.0',
  );
}

/**
 * The folder of rclnodejs: the one that Node.js finds for this package, else that of a colcon install on AMENT_PREFIX_PATH. It is no
 * dependency of the npm package, because most of those who install that have no ROS.
 *
 * @param from the file that looks for it
 * @throws ExpectationError that says where it was looked for
 */
export function findLibrary(prefixes: readonly string[], from: string = import.meta.url): string {
  try {
    return dirname(createRequire(from).resolve('rclnodejs/package.json'));
  } catch (error) {
    const places = prefixes
      .filter((prefix) => prefix !== '')
      .map((prefix) => join(prefix, 'lib/node_modules/tros-yolo-seg/node_modules/rclnodejs'));
    const found = places.find((place) => existsSync(join(place, 'package.json')));
    if (found !== undefined) return found;
    throw new ExpectationError(
      'the package rclnodejs',
      'none beside this package, nor in a colcon install on AMENT_PREFIX_PATH',
      [
        'It is needed for ROS only, and not installed with the npm package. Possible solutions:',
        '  - Build this package with colcon, which brings it along, and source the workspace (README.md, "On a robot")',
        '  - With ROS 2 sourced: npm install rclnodejs@2.2.0',
      ].join('\n'),
      { cause: error },
    );
  }
}
