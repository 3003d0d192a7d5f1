/** Whether late subscribers get the last message: `transient_local` for label tables, `volatile` for everything else. */
export type Durability = 'volatile' | 'transient_local';

/** A topic as metadata.yaml lists it. */
export interface TopicMetadata {
  readonly topic: string;
  readonly type: string;
  /** From `offeredQos`. */
  readonly qos: string;
  readonly messages: number;
}

/** The content of metadata.yaml for a bag of one file; times in nanoseconds. */
export interface BagMetadata {
  /** Name of the file within the folder. */
  readonly file: string;
  readonly start: bigint;
  readonly end: bigint;
  readonly topics: readonly TopicMetadata[];
}

const DURABILITIES: Readonly<Record<Durability, number>> = { transient_local: 1, volatile: 2 };
/** RMW_DURATION_INFINITE. */
const INFINITE = 'sec: 9223372036\n    nsec: 854775807';

/**
 * The QoS of a publisher in the YAML that Humble's rosbag2 reads: policies are numbers of rmw/types.h.
 * Reliable, keep last 10.
 */
export function offeredQos(durability: Durability): string {
  return `- history: 1
  depth: 10
  reliability: 1
  durability: ${DURABILITIES[durability]}
  deadline:
    ${INFINITE}
  lifespan:
    ${INFINITE}
  liveliness: 1
  liveliness_lease_duration:
    ${INFINITE}
  avoid_ros_namespace_conventions: false`;
}

/** The text of a metadata.yaml, version 5 as in Humble. */
export function bagMetadata({ file, start, end, topics }: BagMetadata): string {
  const messages = topics.reduce((sum, topic) => sum + topic.messages, 0);
  // A JSON string is a double-quoted YAML string.
  const quoted = (text: string): string => JSON.stringify(text);
  const topicList = topics.map(
    (topic) => `    - topic_metadata:
        name: ${quoted(topic.topic)}
        type: ${quoted(topic.type)}
        serialization_format: cdr
        offered_qos_profiles: ${quoted(topic.qos)}
      message_count: ${topic.messages}
`,
  );
  return `rosbag2_bagfile_information:
  version: 5
  storage_identifier: mcap
  duration:
    nanoseconds: ${end - start}
  starting_time:
    nanoseconds_since_epoch: ${start}
  message_count: ${messages}
  topics_with_message_count:${topicList.length === 0 ? ' []\n' : `\n${topicList.join('')}`}  compression_format: ""
  compression_mode: ""
  relative_file_paths:
    - ${quoted(file)}
  files:
    - path: ${quoted(file)}
      starting_time:
        nanoseconds_since_epoch: ${start}
      duration:
        nanoseconds: ${end - start}
      message_count: ${messages}
`;
}
