import type { RclOverrides } from './rclnodejs.js';

/** A parameter in rcl: its rcl_interfaces/msg/ParameterType and its value. */
export interface OverrideValue {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/**
 * The parameters for one node among all those of the command line and YAML files.
 *
 * Keys are matched as in rclcpp (rclcpp/parameter_map.cpp): `/*` stands for one part of the name, `/**` for any number, and later
 * values win. A bare node name also matches in any namespace, as in rclnodejs, but a match of the full name takes precedence. rclnodejs
 * itself only supports `/**` and bare names, and so ignores the parameters that `ros2 launch` writes for a node with a name and a
 * namespace.
 *
 * @param node fully qualified: /robot/segment
 */
export function overridesFor(node: string, overrides: readonly RclOverrides[]): Map<string, OverrideValue> {
  const result = new Map<string, OverrideValue>();
  const bare = node.slice(node.lastIndexOf('/') + 1);
  const matching = [
    ...overrides.filter(({ name }) => name === bare),
    ...overrides.filter(({ name }) => matchesNode(name, node)),
  ];
  for (const { parameters } of matching) {
    for (const parameter of parameters) result.set(parameter.name, parameter);
  }
  return result;
}

/** @returns whether the key of a parameter file, with its wildcards, matches `node` */
export function matchesNode(key: string, node: string): boolean {
  const absolute = key.startsWith('/') ? key : `/${key}`;
  const pattern = absolute
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replace(/\/\*\*|\/\*/g, (wildcard) => (wildcard === '/**' ? '(/\\w+)*' : '(/\\w+)'));
  try {
    return new RegExp(`^${pattern}$`).test(node);
  } catch {
    return false; // a lone * within a name is not a valid pattern in ROS
  }
}
