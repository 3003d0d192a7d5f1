import { NodeParameters } from '../../../src/node/ros/node-parameters.js';
import type { Rcl, RclNode, RclParameter } from '../../../src/node/ros/rclnodejs.js';

/** A parameter in the form of rclnodejs. */
class Parameter implements RclParameter {
  constructor(
    readonly name: string,
    readonly type: number,
    readonly value: unknown,
  ) {}
}

class Descriptor {
  additionalConstraints = '';
}

class Range {}

/**
 * The part of rclnodejs that NodeParameters needs, without ROS: parameters given from outside are declared, and requests to
 * set them go through the callbacks in the library's order. For the behavior of the real rclnodejs, see test/ros.
 */
export class FakeRcl {
  /** Warnings of the node, in order. */
  readonly warnings: string[] = [];
  readonly declared = new Map<string, RclParameter>();
  readonly parameters: NodeParameters;
  readonly #before: ((parameters: RclParameter[]) => RclParameter[])[] = [];
  readonly #after: ((parameters: RclParameter[]) => void)[] = [];
  readonly #node: RclNode;

  /** @param given parameters from files and the command line, as read by rcl */
  constructor(given: readonly RclParameter[]) {
    const refuse = (parameters: RclParameter[]): { successful: boolean; reason: string | null } => {
      const unknown = parameters.find(({ name }) => !this.declared.has(name));
      return unknown
        ? { successful: false, reason: `${unknown.name} has not been declared` }
        : { successful: true, reason: null };
    };
    const node = {
      getParameterOverrides: () => given,
      getFullyQualifiedName: () => '/segment',
      getLogger: () => ({ warn: (line: string) => void this.warnings.push(line) }),
      hasParameter: (name: string) => this.declared.has(name),
      getParameter: (name: string) => this.declared.get(name),
      declareParameter: (parameter: RclParameter) => void this.declared.set(parameter.name, parameter),
      addPreSetParametersCallback: (callback: (parameters: RclParameter[]) => RclParameter[]) =>
        void this.#before.push(callback),
      addPostSetParametersCallback: (callback: (parameters: RclParameter[]) => void) =>
        void this.#after.push(callback),
      setParameters: (parameters: RclParameter[]) =>
        parameters.map((one) => {
          const reason = this.#atomically([one]);
          return { successful: reason === undefined, reason: reason ?? '' };
        }),
      _validateParameters: refuse,
    };
    this.#node = node as unknown as RclNode;
    const rcl = {
      Parameter,
      ParameterDescriptor: Descriptor,
      IntegerRange: Range,
      FloatingPointRange: Range,
    };
    this.parameters = new NodeParameters(rcl as unknown as Rcl, this.#node, (_, work) => work());
  }

  /** Sets a parameter like `ros2 param set`. @returns the reason for a refusal; undefined if it was set */
  set(name: string, type: number, value: unknown): string | undefined {
    return this.setAll([name, type, value]);
  }

  /** Sets parameters as the service set_parameters_atomically does. @returns as `set` */
  setAll(...given: [name: string, type: number, value: unknown][]): string | undefined {
    return this.#atomically(given.map((one) => new Parameter(...one)));
  }

  /** Sets parameters as the service set_parameters does, one by one. @returns as `set`, for each */
  setEach(...given: [name: string, type: number, value: unknown][]): (string | undefined)[] {
    return this.#node
      .setParameters(given.map((one) => new Parameter(...one)))
      .map(({ successful, reason }) => (successful ? undefined : reason));
  }

  #atomically(given: RclParameter[]): string | undefined {
    let parameters = given;
    for (const callback of this.#before) parameters = callback(parameters);
    const { successful, reason } = this.#node._validateParameters(parameters);
    if (!successful) return reason ?? 'refused';
    for (const parameter of parameters) this.declared.set(parameter.name, parameter);
    for (const callback of this.#after) callback(parameters);
    return undefined;
  }
}
