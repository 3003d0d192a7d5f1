import { rowNames } from '../base/row-names.js';

/** The policies of a topic's quality of service that matter here. */
export interface Qos {
  readonly reliability: 'reliable' | 'best_effort';
  readonly durability: 'volatile' | 'transient_local';
  /** Of keep-last history. */
  readonly depth: number;
  /** @default keep_last */
  readonly history?: 'keep_last' | 'keep_all';
}

/**
 * For images, as rclcpp's SensorDataQoS: every publisher can match it.
 *
 * Not depth 1, though the newest frame is all that is wanted: Fast DDS has no room then for a frame that comes while fragments of
 * another are there, and loses it (docs/ros.md, QoS). Which frame is the newest is decided behind the subscription.
 */
export const SENSOR_QOS: Qos = { reliability: 'best_effort', durability: 'volatile', depth: 5 };
/** For results: ROS's default, which every subscriber can match. */
export const RESULT_QOS: Qos = { reliability: 'reliable', durability: 'volatile', depth: 10 };
/** For pictures, which are large: a slow reader gets the newest ones. */
export const PICTURE_QOS: Qos = { reliability: 'reliable', durability: 'volatile', depth: 2 };
/** For what is said once: late subscribers receive it too. */
export const LATCHED_QOS: Qos = { reliability: 'reliable', durability: 'transient_local', depth: 1 };

/** For images, by the names that parameter `image_qos` takes. The camera stand-in's `qos` takes some of them. */
export const IMAGE_QOS = {
  sensor_data: SENSOR_QOS,
  reliable: { ...SENSOR_QOS, reliability: 'reliable' },
  default: RESULT_QOS,
} as const satisfies Readonly<Record<string, Qos>>;
export const IMAGE_QOS_NAMES = rowNames(IMAGE_QOS);

/** As rclcpp's ClockQoS: the newest time or none. `ros2 bag play --clock` publishes best effort. */
export const CLOCK_QOS: Qos = { ...SENSOR_QOS, depth: 1 };

/** Numbers of rmw/types.h. */
export const RMW_HISTORY = { keep_last: 1, keep_all: 2 } as const;
export const RMW_RELIABILITY = { reliable: 1, best_effort: 2 } as const;
export const RMW_DURABILITY = { transient_local: 1, volatile: 2 } as const;

/** @returns whether a subscription with one is as good as with the other */
export function sameQos(a: Qos, b: Qos): boolean {
  return (
    a.reliability === b.reliability &&
    a.durability === b.durability &&
    a.depth === b.depth &&
    (a.history ?? 'keep_last') === (b.history ?? 'keep_last')
  );
}

/** @returns whether DDS lets a subscription with `wanted` hear a publisher that offers `offered` */
export function compatible(wanted: Qos, offered: Qos): boolean {
  return (
    (wanted.reliability === 'best_effort' || offered.reliability === 'reliable') &&
    (wanted.durability === 'volatile' || offered.durability === 'transient_local')
  );
}

/** "best effort, volatile". */
export function describeQos({ reliability, durability }: Qos): string {
  return `${reliability.replace('_', ' ')}, ${durability.replace('_', ' ')}`;
}

/** "best effort, volatile, depth 5". */
export function qosText(qos: Qos): string {
  return `${describeQos(qos)}, ${qos.history === 'keep_all' ? 'keep all' : `depth ${qos.depth}`}`;
}
