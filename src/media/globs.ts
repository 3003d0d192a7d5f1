import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { glob, isDynamicPattern } from 'tinyglobby';

/** Natural order: 2 before 10. */
export const naturalOrder = new Intl.Collator('en', { numeric: true }).compare;

/**
 * Replaces quoted patterns (`'photos/**\/*.jpg'`) by the files and folders that match, in natural order. A name that exists is itself,
 * whatever characters it has; so are addresses, scenes, and patterns that nothing matches, which opening will report.
 */
export async function expandGlobs(names: readonly string[]): Promise<string[]> {
  const expanded: string[] = [];
  for (const name of names) {
    const literal = existsSync(name) || /^[a-z]+:/i.test(name) || !isDynamicPattern(name);
    const found = literal
      ? []
      : await glob(name, { onlyFiles: false, expandDirectories: false, absolute: isAbsolute(name) });
    const paths = found.map((path) => path.replace(/(?<=.)\/$/, '')).sort(naturalOrder);
    expanded.push(...(paths.length > 0 ? paths : [name]));
  }
  return expanded;
}
