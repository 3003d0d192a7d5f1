import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExpectationError, messageOf } from '../base/expect.js';
import { packageRoot } from '../base/package-root.js';

/** Number of COCO's classes, whose names are the default for models without names. */
const COCO_CLASSES = 80;

/**
 * Class names for a model: from the user's file, from the model's metadata, from COCO if the class count matches, and
 * otherwise plain numbers.
 *
 * @param file one name per line
 * @throws ExpectationError when the file cannot be read or does not have as many lines as the model has classes
 */
export function chooseLabels(
  classCount: number,
  fromModel?: readonly string[],
  file?: string,
): readonly string[] {
  if (file !== undefined) {
    const names = readLabels(file);
    if (names.length !== classCount) {
      throw new ExpectationError(
        `${classCount} class names in ${file}`,
        names.length,
        'The model has that many classes; give one name per line, in the order of training.',
      );
    }
    return names;
  }
  if (fromModel?.length === classCount) return fromModel;
  if (classCount === COCO_CLASSES) return readLabels(join(packageRoot, 'config/labels/coco.txt'));
  return Array.from({ length: classCount }, (_, id) => String(id));
}

/**
 * Number of class names that are given, as evidence for which heads are the classes.
 *
 * @param file the user's, which takes precedence over the model's own
 * @throws ExpectationError when the file cannot be read
 */
export function labelCount(fromModel?: readonly string[], file?: string): number | undefined {
  return file === undefined ? fromModel?.length : readLabels(file).length;
}

/** Reads a list of class names, one per line. Blank lines at the end are ignored. */
export function readLabels(file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ExpectationError(
      `a readable file of class names at ${file}`,
      messageOf(error),
      'Give one name per line.',
      {
        cause: error,
      },
    );
  }
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.trim());
}

/**
 * Finds a class by name (case does not matter) or by number.
 *
 * @throws ExpectationError that lists the names when there is no such class
 */
export function findClass(text: string, labels: readonly string[]): number {
  const wanted = text.trim();
  const byName = labels.findIndex((name) => name.toLowerCase() === wanted.toLowerCase());
  if (byName >= 0) return byName;
  if (/^\d+$/.test(wanted) && Number(wanted) < labels.length) return Number(wanted);
  const shown = labels.length > 90 ? [...labels.slice(0, 90), '...'] : labels;
  throw new ExpectationError('a class name or id of the model', wanted, `It knows ${shown.join(', ')}.`);
}
