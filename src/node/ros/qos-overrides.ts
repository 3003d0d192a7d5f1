import { ExpectationError } from '../../base/expect.js';
import type { Qos } from '../../message/qos.js';

/** The policies that parameters may override, with their values, named as in rclcpp. */
const POLICIES = {
  history: ['keep_last', 'keep_all'],
  depth: 'a whole number from 1 to 1000',
  reliability: ['reliable', 'best_effort'],
  durability: ['volatile', 'transient_local'],
} as const;

/** One parameter that overrides a policy. */
export interface QosOverride {
  /** qos_overrides./camera/image.subscription.depth */
  readonly parameter: string;
  readonly value: string | number;
}

/**
 * QoS with overrides by parameters `qos_overrides.TOPIC.subscription.POLICY` and `.publisher.`, as in rclcpp. TOPIC is the resolved
 * name.
 *
 * @example
 * /segment:
 *   ros__parameters:
 *     qos_overrides:
 *       /camera/image:
 *         subscription: {reliability: reliable, depth: 5}
 *
 * @param given returns the override of a parameter; undefined: there is none
 * @returns the QoS, and the parameters that changed it
 * @throws ExpectationError for an invalid value of the policy
 */
export function overrideQos(
  topic: string,
  entity: 'subscription' | 'publisher',
  qos: Qos,
  given: (parameter: string) => unknown,
): { readonly qos: Qos; readonly overrides: readonly QosOverride[] } {
  const overrides: QosOverride[] = [];
  const next: Record<string, unknown> = { ...qos };
  for (const [policy, allowed] of Object.entries(POLICIES)) {
    const parameter = `qos_overrides.${topic}.${entity}.${policy}`;
    const value = given(parameter);
    if (value === undefined) continue;
    const valid = Array.isArray(allowed)
      ? allowed.includes(value)
      : Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 1000;
    if (!valid) {
      const expected = Array.isArray(allowed) ? allowed.join(' or ') : (allowed as string);
      throw new ExpectationError(`${expected} for parameter ${parameter}`, value);
    }
    next[policy] = value;
    overrides.push({ parameter, value: value as string | number });
  }
  return { qos: overrides.length > 0 ? (next as unknown as Qos) : qos, overrides };
}
