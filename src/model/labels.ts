import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExpectationError, messageOf } from '../base/expect.js';
import { nearest } from '../base/nearest.js';
import { packageRoot } from '../base/package-root.js';

/** Number of COCO's classes, whose names are the default for models without names. */
const COCO_CLASSES = 80;
/** COCO's own ids go up to 90 and leave some out. Networks that count so have an output for each number, and for 0. */
const COCO_IDS = 91;
const UNUSED_COCO_IDS = new Set([0, 12, 26, 29, 30, 45, 66, 68, 69, 71, 83]);

/**
 * Class names for a model: from the user's file, from the model's metadata, from COCO if the class count matches, and
 * otherwise plain numbers.
 *
 * @param file one name per line
 * @param hint what else its user should know when their number is wrong
 * @throws ExpectationError when the file cannot be read or does not have as many lines as the model has classes
 */
export function chooseLabels(
  classCount: number,
  fromModel?: readonly string[],
  file?: string,
  hint = '',
): readonly string[] {
  if (file !== undefined) {
    const names = readLabels(file);
    if (names.length !== classCount) {
      throw new ExpectationError(
        `${classCount} class names in ${file}`,
        names.length,
        `The model has that many classes; give one name per line, in the order of training.${hint}`,
      );
    }
    return names;
  }
  if (fromModel?.length === classCount) return fromModel;
  if (classCount === COCO_CLASSES) return cocoNames();
  return Array.from({ length: classCount }, (_, id) => String(id));
}

/** COCO's own ids by class name. */
export function cocoCategories(): ReadonlyMap<string, number> {
  const ids = Array.from({ length: COCO_IDS }, (_, id) => id).filter((id) => !UNUSED_COCO_IDS.has(id));
  return new Map(cocoNames().map((name, i) => [name, ids[i]!]));
}

/** A network with queries counts a data set's classes by its ids, which begin with 1 in COCO's format. */
const FROM_ONE =
  ' RF-DETR, trained on a data set in the format of COCO, counts its classes from 1: put a line for class 0 before the first.';

/** Class names, and what the user should know about them. */
export interface ChosenLabels {
  readonly labels: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Like chooseLabels(), for networks with queries (RF-DETR), whose exports carry no names and whose classes are the ids of a data set:
 * 91 classes are COCO's ids from 0 to 90, those that it does not use with their number as a name. Nothing is assumed without a
 * warning.
 */
export function chooseQueryLabels(
  classCount: number,
  fromModel?: readonly string[],
  file?: string,
): ChosenLabels {
  const named = file !== undefined || fromModel?.length === classCount;
  if (named) return { labels: chooseLabels(classCount, fromModel, file, FROM_ONE), warnings: [] };
  const numbers = Array.from({ length: classCount }, (_, id) => String(id));
  const told = misfit(classCount, fromModel) ?? `The model does not name its ${classCount} classes:`;
  if (classCount !== COCO_IDS) {
    return {
      labels: numbers,
      warnings: [`${told} the classes are numbers. Give their names (labels).${FROM_ONE}`],
    };
  }
  const names = cocoNames();
  return {
    labels: numbers.map((number, id) => (UNUSED_COCO_IDS.has(id) ? number : names.shift()!)),
    warnings: [
      `${told} the classes are taken for COCO's ids 0 to 90, as in RF-DETR's own weights. If it was trained on other data, give the names of its classes (labels).`,
    ],
  };
}

/** Like chooseLabels(), with a warning where the model's own names do not fit its classes. */
export function chooseCellLabels(
  classCount: number,
  fromModel?: readonly string[],
  file?: string,
): ChosenLabels {
  const labels = chooseLabels(classCount, fromModel, file);
  const told = file === undefined ? misfit(classCount, fromModel) : undefined;
  if (told === undefined) return { labels, warnings: [] };
  const instead = classCount === COCO_CLASSES ? "the classes get COCO's names" : 'the classes are numbers';
  return { labels, warnings: [`${told} ${instead}. Give their names (labels).`] };
}

/** The beginning of a warning about names that do not fit; undefined if they do, or there are none. */
function misfit(classCount: number, names: readonly string[] = []): string | undefined {
  if (names.length === 0 || names.length === classCount) return undefined;
  const text = names.length === 1 ? '1 class name' : `${names.length} class names`;
  return `The model has ${text} for ${classCount} classes, so that no name is used:`;
}

function cocoNames(): string[] {
  return readLabels(join(packageRoot, 'config/labels/coco.txt'));
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

/** Edits of a mistyped class name that is still recognized. */
const MISTYPED = 2;

/**
 * Finds a class by name (case does not matter) or by number.
 *
 * @param option name of the setting that it is from, for messages
 * @throws ExpectationError that lists the names when there is no such class
 */
export function findClass(text: string, labels: readonly string[], option = ''): number {
  const wanted = text.trim();
  const byName = labels.findIndex((name) => name.toLowerCase() === wanted.toLowerCase());
  if (byName >= 0) return byName;
  if (/^\d+$/.test(wanted) && Number(wanted) < labels.length) return Number(wanted);
  const lower = labels.map((name) => name.toLowerCase());
  const [similar] = nearest(wanted.toLowerCase(), lower, Math.min(MISTYPED, wanted.length - 1));
  const meant = similar === undefined ? '' : `Did you mean ${labels[lower.indexOf(similar)]}? `;
  const shown = labels.length > 90 ? [...labels.slice(0, 90), '...'] : labels;
  const expected = `a class name or id of the model${option && ` for ${option}`}`;
  throw new ExpectationError(expected, wanted, `${meant}It knows ${shown.join(', ')}.`);
}
