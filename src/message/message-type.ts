import { parse as parseDefinition } from '@foxglove/rosmsg';
import { ExpectationError, messageOf } from '../base/expect.js';
import { DEFINITIONS } from './definitions.js';

/** A parsed .msg file: its fields. */
export type MessageDefinition = ReturnType<typeof parseDefinition>[number];

/** Where the text of a definition comes from, by `package/Type`; undefined where it has none. */
export type DefinitionLookup = (type: string) => string | undefined;

/** A ROS 2 message type with everything that is needed to write it, to advertise it and to describe it in a bag. */
export class MessageType {
  /** Parsed; the first one is the message itself. */
  readonly definitions: readonly MessageDefinition[];

  /**
   * @param name as topics know it: `vision_msgs/msg/Detection2DArray`
   * @param definition the text of its .msg file and of all it is made of, as rosbag2 stores it (`ros2msg`)
   * @throws ExpectationError for a text that is no message definition
   */
  constructor(
    readonly name: string,
    readonly definition: string,
  ) {
    try {
      this.definitions = parseDefinition(definition, { ros2: true });
    } catch (error) {
      throw new ExpectationError(`a message definition for ${name}`, messageOf(error), undefined, {
        cause: error,
      });
    }
  }
}

/**
 * The type `package/Type` with its definition collected from `lookup`.
 *
 * @throws ExpectationError when it, or a type that it is made of, is unknown to `lookup`
 */
export function messageType(type: string, lookup: DefinitionLookup = builtIn): MessageType {
  const [packageName, typeName] = type.split('/');
  return new MessageType(`${packageName}/msg/${typeName}`, definitionText(type, lookup));
}

/** `package/Type` of a type as topics know it, `package/msg/Type`. */
export function shortName(type: string): string {
  return type.replace('/msg/', '/');
}

/** The definitions this package carries. */
export function builtIn(type: string): string | undefined {
  return Object.hasOwn(DEFINITIONS, type) ? DEFINITIONS[type] : undefined;
}

const SEPARATOR = '='.repeat(80);
const PRIMITIVES = new Set(
  'bool byte char float32 float64 int8 uint8 int16 uint16 int32 uint32 int64 uint64 string wstring'.split(
    ' ',
  ),
);

/** The definition of `root` followed by those of all types in it, each once: the layout of rosbag2_storage_mcap. */
function definitionText(root: string, lookup: DefinitionLookup): string {
  const seen = new Set([root]);
  const collect = (type: string): string => {
    const text = lookup(type);
    if (text === undefined) {
      throw new ExpectationError(
        `a definition of ${type}`,
        'none',
        root === type ? undefined : `${root} is made of it.`,
      );
    }
    let result = text;
    for (const part of partsOf(text, type.split('/')[0]!)) {
      if (seen.has(part)) continue;
      seen.add(part);
      result += `\n${SEPARATOR}\nMSG: ${part}\n${collect(part)}`;
    }
    return result;
  };
  return collect(root);
}

/** The message types a .msg text has fields of, as `package/Type`. */
function partsOf(text: string, packageName: string): string[] {
  const parts: string[] = [];
  for (const line of text.split('\n')) {
    const type = /^\s*([A-Za-z][\w/]*)/.exec(line.replace(/#.*/, ''))?.[1];
    if (type === undefined || PRIMITIVES.has(type)) continue;
    parts.push(type.includes('/') ? type : `${packageName}/${type}`);
  }
  return parts;
}
