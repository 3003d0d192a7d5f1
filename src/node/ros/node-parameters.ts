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

/** The same, of parameters that ROS itself declares. */
const RCL_TYPE_NAMES: Readonly<Record<number, string>> = {
  1: 'true or false',
  2: 'an integer',
  3: 'a number',
  4: 'a string',
  7: 'a list of integers',
  9: 'a list of strings',
};

/** Letters that may differ for a name to count as a mistyped one. */
const MISTYPED = 2;

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

/** The parameters of a node: given from outside as for rclcpp nodes, and judged by our tables whenever they are set. */
export class NodeParameters {
  readonly #rcl: Rcl;
  readonly #node: RclNode;
  readonly #guard: (what: string, work: () => void) => void;
  /** Those given from outside, by name. */
  readonly #overrides: ReadonlyMap<string, { readonly type: number; readonly value: unknown }>;
  readonly #fixed = new Set<string>();
  /** Former names that were warned of, each with whether its value was used. */
  readonly #warned = new Set<string>();
  /** Whether the node itself sets parameters, which needs no judgment. */
  #setting = false;

  /** @param guard does the work; what is thrown goes to the log, for it would abort the process */
  constructor(rcl: Rcl, node: RclNode, guard: (what: string, work: () => void) => void) {
    this.#rcl = rcl;
    this.#node = node;
    this.#guard = guard;
    this.#overrides = new Map(node.getParameterOverrides().map((given) => [given.name, given]));
  }

  /**
   * The value of a parameter as the command line or a file gives it, before it is declared; undefined: not given.
   *
   * @param table where the parameter is a row of it: knows its former name
   */
  given(parameter: string, table: ParameterTable = {}): unknown {
    return plainValue(this.#override(table, parameter)?.value);
  }

  /** What is given for a parameter by its present name, else by its former one. */
  #override(
    table: ParameterTable,
    name: string,
  ): { readonly type: number; readonly value: unknown } | undefined {
    return this.#overrides.get(name) ?? this.#overrides.get(table[name]?.was ?? name);
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

  /** Declares a parameter that was given from outside and cannot be changed. Once: later calls change nothing. */
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
    // Brings names up to date, and values into the type of the table where that can be done: 1 for a double, one string for a list.
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
   * The library's own answers are "has not been declared" and, for a value of another type, "does not  readonly".
   *
   * @throws ExpectationError for parameters that the node does not have, and values that it cannot take
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

  /** Warns of former names given from outside, and of names that are no parameter but look much like one: nobody else would. */
  #warnOfNames(table: ParameterTable): void {
    for (const name of this.#overrides.keys()) {
      const present = presentName(table, name);
      if (present !== undefined) this.#warnOfFormer(name, present, this.#overrides.has(present));
      if (present !== undefined || Object.hasOwn(table, name) || this.#node.hasParameter(name)) continue;
      const [similar] = nearest(name, Object.keys(table), MISTYPED);
      // A file may be meant for other nodes, too: what looks like nothing here is left alone.
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
    // rclnodejs never sends the ranges it is given: it looks for this field, with these names in it. Step 0: any value.
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
 * A value given from outside. An empty list, as `ros2 param dump` writes it, comes without a type and a value from rcl's
 * parser, which cannot know what it is a list of.
 */
function givenValue({ type }: Parameter, given: { readonly type: number; readonly value: unknown }): unknown {
  return given.type === 0 && type.endsWith('_array') ? [] : plainValue(given.value);
}

/** A value of rclnodejs as TypeScript would have it: numbers for 64-bit integers, arrays for lists. */
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
