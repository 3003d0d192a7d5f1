import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { glob, isDynamicPattern } from 'tinyglobby';

/** Natural order: 2 before 10. */
export const naturalOrder = new Intl.Collator('en', { numeric: true }).compare;

/**
 * `photos/**` matches folders and what is in them. A folder whose files match is left out, so that none is read twice; of a rosbag2
 * folder, which is one input, its files are.
 */
function eachOnce(paths: readonly string[]): string[] {
  const matching = new Set(paths);
  const isBag = (path: string): boolean => matching.has(path) && existsSync(join(path, 'metadata.yaml'));
  const above = new Set(paths.flatMap(foldersAbove));
  return paths.filter(
    (path) => isBag(path) || !(above.has(path) || foldersAbove(path).some((folder) => isBag(folder))),
  );
}

/** `a/b` and `a` of `a/b/c`. */
function foldersAbove(path: string): string[] {
  const folder = dirname(path);
  return folder === '.' || folder === dirname(folder) ? [] : [folder, ...foldersAbove(folder)];
}

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
    const paths = eachOnce(found.map((path) => path.replace(/(?<=.)\/$/, ''))).sort(naturalOrder);
    expanded.push(...(paths.length > 0 ? paths : [name]));
  }
  return expanded;
}
