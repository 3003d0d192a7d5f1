import { describeParameter, type Parameter, type ParameterTable } from './parameter.js';

/** Maximum width of a line of comment. */
const WIDTH = 110;

/**
 * A parameter file for ROS with every parameter of the table, each with its default and its help.
 *
 * @param head comment lines at the top
 */
export function parametersYaml(table: ParameterTable, head: readonly string[]): string {
  const rows = Object.entries(table).map(
    ([name, parameter]) => `\n${comment(parameter)}    ${name}: ${yamlValue(parameter)}\n`,
  );
  return `${head.map((line) => `# ${line}\n`).join('')}/**:\n  ros__parameters:${rows.join('')}`;
}

function comment(parameter: Parameter): string {
  const kind = describeParameter(parameter) + (parameter.dynamic ? ', may change while the node runs' : '');
  return [...wrapped(parameter.help), `(${kind})`].map((line) => `    # ${line}\n`).join('');
}

/** A value that ROS's parser reads with the type of the table. */
function yamlValue({ type, default: value }: Parameter): string {
  if (type === 'double') return Number.isInteger(value) ? `${value as number}.0` : String(value);
  if (typeof value !== 'object') return JSON.stringify(value);
  // ROS cannot tell the type of an empty list; an empty string in a list is dropped.
  return JSON.stringify(value.length === 0 && type === 'string_array' ? [''] : value);
}

function wrapped(text: string): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1)!;
    if (last === '') lines[lines.length - 1] = word;
    else if (last.length + word.length < WIDTH) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
