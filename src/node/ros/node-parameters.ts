import { ExpectationError, messageOf } from '../../base/expect.js';
import { nearest } from '../../base/nearest.js';
import {
  checkParameter,
  describeParameter,
  type Parameter,
  type ParameterTable,
  type ParameterType,
  type ParameterValue,
  type ParameterValues,
  presentName,
  renameWarning,
} from '../../parameters/parameter.js';
import type { Rcl, RclNode, RclParameter } from './rclnodejs.js';

/** rcl_interfaces/msg/ParameterType */
const RCL_TYPES: Readonly<Record<ParameterType, number>> = {
  bool: 1,
  integer: 2,
  double: 3,
  string: 4,
  integer_array: 7,
  string_array: 9,
};

/** Names of the types of parameters that ROS itself declares. */
const RCL_TYPE_NAMES: Readonly<Record<number, string>> = {
  1: 'true or false',
  2: 'an integer',
  3: 'a number',
  4: 'a string',
  7: 'a list of integers',
  9: 'a list of strings',
};

/** Largest edit distance at which a name counts as misspelled. */
const MISTYPED = 2;

/** How a node handles parameters that are set while it runs. */
export interface ParameterChanges<Table extends ParameterTable> {
  /**
   * Checks changes before they are made.
   *
   * @param next all values after the change @throws any error; its message is returned to the caller
   */
  check(changed: readonly (keyof Table & string)[], next: ParameterValues<Table>): void;
  /** After they were made. */
  apply(changed: readonly (keyof Table & string)[], values: ParameterValues<Table>): void;
}

/** The parameters of a node. Their overrides work as in rclcpp, and our tables check every value that is set. */
export class NodeParameters {
  readonly #rcl: Rcl;
  readonly #node: RclNode;
  readonly #guard: (what: string, work: () => void) => void;
  /** Parameter overrides, by name. */
  readonly #overrides: ReadonlyMap<string, { readonly type: number; readonly value: unknown }>;
  readonly #fixed = new Set<string>();
  /** Former names for which a warning was logged, each with whether its value was used. */
  readonly #warned = new Set<string>();
  /** Whether the node itself is setting parameters, which needs no check. */
  #setting = false;

  /** @param guard runs the work and logs any exception, which would otherwise abort the process */
  constructor(rcl: Rcl, node: RclNode, guard: (what: string, work: () => void) => void) {
    this.#rcl = rcl;
    this.#node = node;
    this.#guard = guard;
    this.#overrides = new Map(node.getParameterOverrides().map((given) => [given.name, given]));
  }

  /**
   * The value that the command line or a file gives for a parameter, before it is declared; undefined: not given.
   *
   * @param table the table that has the parameter as a row, for its former name
   */
  given(parameter: string, table: ParameterTable = {}): unknown {
    return plainValue(this.#override(table, parameter)?.value);
  }

  /** The override of a parameter by its present name, else by its former one. */
  #override(
    table: ParameterTable,
    name: string,
  ): { readonly type: number; readonly value: unknown } | undefined {
    return this.#overrides.get(name) ?? this.#overrides.get(table[name]?.was ?? name);
  }

  /**
   * Declares a table of parameters with their overrides.
   *
   * @param own values that replace the table's defaults for parameters without an override
   * @returns the values, kept up to date in place
   * @throws ExpectationError for an override that the table does not allow
   */
  declare<Table extends ParameterTable>(
    table: Table,
    changes: ParameterChanges<Table>,
    own: Partial<ParameterValues<Table>> = {},
  ): ParameterValues<Table> {
    const values: Record<string, ParameterValue> = {};
    for (const [name, parameter] of Object.entries(table)) {
      const given = this.#override(table, name);
      const value = given ? givenValue(parameter, given) : (own[name] ?? parameter.default);
      values[name] = checkParameter(name, parameter, value);
      this.#node.declareParameter(
        this.#rclParameter(name, parameter, values[name]),
        this.#descriptor(name, parameter),
        true,
      );
    }
    this.#warnOfNames(table);
    this.#watch(table, values, changes);
    return values as unknown as ParameterValues<Table>;
  }

  /** Sets declared parameters from within the node: `ParameterChanges` is not called. */
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

  /** Declares a parameter that has an override and cannot be changed. Later calls for the same name have no effect. */
  declareFixed(name: string, value: string | number): void {
    if (this.#fixed.has(name)) return;
    this.#fixed.add(name);
    const type = typeof value === 'number' ? 'integer' : 'string';
    this.#node.declareParameter(
      this.#rclParameter(name, { type, default: value, help: '' }, value),
      new this.#rcl.ParameterDescriptor(name, RCL_TYPES[type], 'read only', true, null),
      true,
    );
  }

  #watch(
    table: ParameterTable,
    values: Record<string, ParameterValue>,
    changes: ParameterChanges<ParameterTable>,
  ): void {
    const ours = ({ name }: RclParameter): boolean => Object.hasOwn(table, name);
    const node = this.#node;
    // Replaces former names, and converts values to the type of the table if possible: 1 to a double, one string to a list.
    node.addPreSetParametersCallback((given) =>
      this.#withoutReplaced(table, given).map((parameter) => {
        const present = presentName(table, parameter.name);
        const name = present ?? parameter.name;
        if (!Object.hasOwn(table, name) || parameter.type === 0) return parameter;
        if (present !== undefined) this.#warnOfFormer(parameter.name, present, false);
        const row = table[name]!;
        try {
          return this.#rclParameter(name, row, checkParameter(name, row, plainValue(parameter.value)));
        } catch {
          // Refused below, with the reason.
          if (present === undefined) return parameter;
          return new this.#rcl.Parameter(name, parameter.type, parameter.value);
        }
      }),
    );
    // The library sets those of one request one by one, and each would know nothing of the others.
    const setOneByOne = node.setParameters.bind(node);
    node.setParameters = (parameters) => {
      const kept = new Set(this.#withoutReplaced(table, parameters));
      return parameters.map((one) =>
        kept.has(one) ? setOneByOne([one])[0]! : { successful: true, reason: '' },
      );
    };
    const inherited = node._validateParameters.bind(node);
    node._validateParameters = (parameters, declaring = false) => {
      if (declaring) return inherited(parameters, declaring);
      try {
        const others = parameters.filter((parameter) => !ours(parameter));
        for (const parameter of others) this.#checkOther(parameter, Object.keys(table));
        if (others.length === parameters.length) return inherited(parameters);
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
        return inherited(others);
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

  /** Leaves out former names whose present name is in the same request: where both are given, the present one counts. */
  #withoutReplaced(table: ParameterTable, parameters: readonly RclParameter[]): RclParameter[] {
    const names = new Set(parameters.map(({ name }) => name));
    return parameters.filter(({ name }) => {
      const present = presentName(table, name);
      if (present === undefined || !names.has(present)) return true;
      this.#warnOfFormer(name, present, true);
      return false;
    });
  }

  /**
   * Replaces the library's own answers, "has not been declared" and, for a value of another type, "does not  readonly".
   *
   * @throws ExpectationError for unknown parameters and invalid values
   */
  #checkOther({ name, type, value }: RclParameter, names: readonly string[]): void {
    const node = this.#node;
    if (!node.hasParameter(name)) {
      const [similar] = nearest(name, names, MISTYPED);
      const hint = similar === undefined ? '' : `Did you mean ${similar}? `;
      const all = `ros2 param list ${node.getFullyQualifiedName()} shows all.`;
      throw new ExpectationError(`a parameter of ${node.getFullyQualifiedName()}`, name, hint + all);
    }
    const wanted = node.getParameter(name).type;
    if (type === 0 || wanted === 0 || type === wanted) return;
    const kind = RCL_TYPE_NAMES[wanted] ?? `a value of type ${wanted}`;
    throw new ExpectationError(`${kind} for parameter ${name}`, plainValue(value));
  }

  /** Warns of former names in overrides, and of unknown names that resemble a parameter: ROS itself would not. */
  #warnOfNames(table: ParameterTable): void {
    for (const name of this.#overrides.keys()) {
      const present = presentName(table, name);
      if (present !== undefined) this.#warnOfFormer(name, present, this.#overrides.has(present));
      if (present !== undefined || Object.hasOwn(table, name) || this.#node.hasParameter(name)) continue;
      const [similar] = nearest(name, Object.keys(table), MISTYPED);
      // A file may be for other nodes, too: other unknown names are ignored.
      if (similar === undefined) continue;
      this.#node
        .getLogger()
        .warn(`There is no parameter ${name}, it has no effect. Did you mean ${similar}?`);
    }
  }

  #warnOfFormer(former: string, present: string, unused: boolean): void {
    const warned = `${former} ${unused}`;
    if (this.#warned.has(warned)) return;
    this.#warned.add(warned);
    this.#node.getLogger().warn(renameWarning('Parameter', former, present, unused));
  }

  #rclParameter(name: string, { type }: Parameter, value: ParameterValue): RclParameter {
    const own =
      type === 'integer'
        ? BigInt(value as number)
        : type === 'integer_array'
          ? (value as readonly number[]).map(BigInt)
          : value;
    return new this.#rcl.Parameter(name, RCL_TYPES[type], own);
  }

  #descriptor(name: string, parameter: Parameter): object {
    const { type, help, range } = parameter;
    const descriptor = new this.#rcl.ParameterDescriptor(name, RCL_TYPES[type], help, false, null);
    // rclnodejs never sends the ranges it is given: it reads this field, with these names. Step 0: any value.
    if (range && type !== 'integer_array') {
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
}

/**
 * The value of an override. For an empty list, as in the output of `ros2 param dump`, rcl's parser gives neither type nor value,
 * because it cannot know the type of the items.
 */
function givenValue({ type }: Parameter, given: { readonly type: number; readonly value: unknown }): unknown {
  return given.type === 0 && type.endsWith('_array') ? [] : plainValue(given.value);
}

/** A value of rclnodejs as plain JavaScript: numbers for 64-bit integers, arrays for lists. */
export function plainValue(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<unknown>, plainValue);
  return Array.isArray(value) ? value.map((item) => plainValue(item)) : value;
}

function same(a: ParameterValue, b: ParameterValue): boolean {
  return Array.isArray(a) && Array.isArray(b)
    ? a.length === b.length && a.every((item, index) => item === b[index])
    : a === b;
}
