import type { RclOverrides } from './rclnodejs.js';

/** A parameter as rcl has it: its rcl_interfaces/msg/ParameterType and its value. */
export interface OverrideValue {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/**
 * The parameters meant for one node, of all that the command line and YAML files give.
 *
 * Keys are matched as rclcpp does (rclcpp/parameter_map.cpp): `/*` stands for one part of the name, `/**` for any number,
 * later ones win. Besides, a bare node name is taken in any namespace, as rclnodejs does; what matches by the full name
 * goes before it. rclnodejs by itself sees `/**` and bare names only, and so loses what `ros2 launch` writes for a
 * node with a name and a namespace.
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

/** @returns whether the key of a parameter file, with its wildcards, means `node` */
export function matchesNode(key: string, node: string): boolean {
  const absolute = key.startsWith('/') ? key : `/${key}`;
  const pattern = absolute
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replace(/\/\*\*|\/\*/g, (wildcard) => (wildcard === '/**' ? '(/\\w+)*' : '(/\\w+)'));
  try {
    return new RegExp(`^${pattern}$`).test(node);
  } catch {
    return false; // a lone * within a name: no pattern of ROS
  }
}
