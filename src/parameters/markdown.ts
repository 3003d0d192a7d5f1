import type { Parameter, ParameterTable, ParameterType, ParameterValue } from './parameter.js';

/** Languages of the generated tables. */
export type Language = 'en' | 'zh';

interface Words {
  readonly head: readonly string[];
  readonly types: Partial<Record<ParameterType, string>>;
  readonly none: string;
  readonly yes: string;
  readonly range: (min: number, max: number) => string;
}

const WORDS: Readonly<Record<Language, Words>> = {
  en: {
    head: ['parameter', 'type', 'default', 'values', 'while running', 'what'],
    types: { string_array: 'list of strings', integer_array: 'list of integers' },
    none: 'none',
    yes: 'yes',
    range: (min, max) => `${min} to ${max}`,
  },
  zh: {
    head: ['参数', '类型', '默认值', '取值', '运行中可改', '说明'],
    types: { string_array: '字符串列表', integer_array: '整数列表' },
    none: '无',
    yes: '是',
    range: (min, max) => `${min} 到 ${max}`,
  },
};

/** The table for docs/parameters.md or docs/parameters.zh-CN.md, with one row for each parameter. */
export function parametersMarkdown(table: ParameterTable, language: Language = 'en'): string {
  const words = WORDS[language];
  const rows = Object.entries(table).map(([name, parameter]) => [
    `\`${name}\``,
    words.types[parameter.type] ?? parameter.type,
    defaultText(parameter.default, words),
    valuesText(parameter, words),
    parameter.dynamic ? words.yes : '',
    language === 'zh' ? (parameter.zh ?? parameter.help) : parameter.help,
  ]);
  return markdownTable(words.head, rows);
}

export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
  return `${line(head)}|${'---|'.repeat(head.length)}\n${rows.map(line).join('')}`;
}

function defaultText(value: ParameterValue, { none }: Words): string {
  if (typeof value === 'object') return value.length === 0 ? none : `\`${value.join(', ')}\``;
  return value === '' ? '' : `\`${value}\``;
}

function valuesText({ choices, range }: Parameter, words: Words): string {
  if (choices) return choices.map((choice) => `\`${choice}\``).join(', ');
  return range ? words.range(...range) : '';
}
