import { ExpectationError } from '../base/expect.js';
import { findClass } from './labels.js';

/**
 * The ids of the classes to blur.
 *
 * @param blurred their names or ids
 * @param reported names or ids of the classes that are reported; none: all. What is not looked for could not be blurred
 * @param settings what both lists are called by, for messages
 * @throws ExpectationError for a class that the model does not have, or that is not reported
 *
 * @example blurredClasses(['person'], [], ['person', 'bicycle']) // [0]
 */
export function blurredClasses(
  blurred: readonly string[],
  reported: readonly string[],
  labels: readonly string[],
  settings = { blurred: 'overlay_blur', reported: 'classes' },
): number[] {
  const ids = blurred.map((name) => findClass(name, labels, settings.blurred));
  const found = reported.map((name) => findClass(name, labels, settings.reported));
  const missing = ids.find((id) => found.length > 0 && !found.includes(id));
  if (missing === undefined) return ids;
  throw new ExpectationError(
    `classes for ${settings.blurred} that are among the reported classes`,
    labels[missing],
    `Only what is found can be blurred: add it to ${settings.reported}.`,
  );
}
