import type { Parameter, ParameterTable, ParameterType, ParameterValue } from './parameter.js';

const TYPE_NAMES: Partial<Record<ParameterType, string>> = {
  string_array: 'list of strings',
  integer_array: 'list of integers',
};

/** The table for docs/parameters.md, with one row for each parameter. */
export function parametersMarkdown(table: ParameterTable): string {
  const rows = Object.entries(table).map(([name, parameter]) => [
    `\`${name}\``,
    TYPE_NAMES[parameter.type] ?? parameter.type,
    defaultText(parameter.default),
    valuesText(parameter),
    parameter.dynamic ? 'yes' : '',
    parameter.help,
  ]);
  return markdownTable(['parameter', 'type', 'default', 'values', 'while running', 'what'], rows);
}

export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
  return `${line(head)}|${'---|'.repeat(head.length)}\n${rows.map(line).join('')}`;
}

function defaultText(value: ParameterValue): string {
  if (typeof value === 'object') return value.length === 0 ? 'none' : `\`${value.join(', ')}\``;
  return value === '' ? '' : `\`${value}\``;
}

function valuesText({ choices, range }: Parameter): string {
  if (choices) return choices.map((choice) => `\`${choice}\``).join(', ');
  return range ? `${range[0]} to ${range[1]}` : '';
}
