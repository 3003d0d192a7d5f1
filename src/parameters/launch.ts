import { describeParameter, type ParameterTable } from './parameter.js';

/**
 * The part of the tables that launch files read: for each node its parameters with type, default, help and accepted values, and, if the
 * row has them, choices, `placed` and the former name; and the topics of the camera stand-in: of each message, and of depth pictures.
 */
export function launchJson(
  nodes: Readonly<Record<string, ParameterTable>>,
  standInTopics: Readonly<Record<string, string>>,
  standInDepthTopic: string,
): string {
  const parameters = Object.entries(nodes).map(([node, table]) => [
    node,
    Object.fromEntries(
      Object.entries(table).map(([name, row]) => {
        const { type, default: value, help, choices, placed, was } = row;
        return [name, { type, default: value, help, takes: describeParameter(row), choices, placed, was }];
      }),
    ),
  ]);
  const tables = {
    parameters: Object.fromEntries(parameters) as object,
    stand_in_topics: standInTopics,
    stand_in_depth_topic: standInDepthTopic,
  };
  return `${JSON.stringify(tables, null, 2)}\n`;
}
