/** Plurals that no rule gives, of classes of COCO. */
const PLURALS: Readonly<Record<string, string>> = {
  sheep: 'sheep',
  scissors: 'scissors',
  skis: 'skis',
  mouse: 'mice',
  knife: 'knives',
  broccoli: 'broccoli',
};

/** Classes that are named before the rest is summed up. */
const NAMED = 6;

/**
 * Counts of classes in words, most frequent first.
 *
 * @example classCounts(new Map([['person', 4], ['bus', 1]])) // '4 persons, 1 bus'
 */
export function classCounts(counts: ReadonlyMap<string, number>): string {
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  const named = sorted
    .slice(0, NAMED)
    .map(([name, count]) => `${count} ${count === 1 ? name : plural(name)}`);
  const others = sorted.slice(NAMED).reduce((sum, [, count]) => sum + count, 0);
  return [...named, ...(others > 0 ? [`${others} of ${sorted.length - NAMED} other classes`] : [])].join(
    ', ',
  );
}

/** Names that are no English word in lower case, such as numbers and Chinese, stay as they are. */
function plural(name: string): string {
  if (Object.hasOwn(PLURALS, name)) return PLURALS[name]!;
  if (!/[a-z]$/.test(name)) return name;
  if (/(s|x|z|ch|sh)$/.test(name)) return `${name}es`;
  if (/[^aeiou]y$/.test(name)) return `${name.slice(0, -1)}ies`;
  return `${name}s`;
}
